/** What is used of css-color-converter, which has no types of its own. */
declare module 'css-color-converter' {
  interface Color {
    /** `#rrggbb`, with `aa` after it where the colour is not opaque. */
    toHexString(): string;
  }
  /**
   * A colour as CSS writes it, in lower case; `null` for what is none. Fails for `constructor` and
   * the like.
   */
  export function fromString(text: string): Color | null;
}
