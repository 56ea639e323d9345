/** Types for the functions of css-color-converter in use; the package has no types of its own. */
declare module 'css-color-converter' {
  interface Color {
    /** `#rrggbb`, followed by `aa` when the colour is not opaque. */
    toHexString(): string;
    /** Red, green and blue from 0 to 255, and alpha from 0 to 1. */
    toRgbaArray(): [number, number, number, number];
  }
  /**
   * Parses a CSS colour in lower case; `null` when it is invalid. Throws for `constructor` and the
   * like.
   */
  export function fromString(text: string): Color | null;
}
