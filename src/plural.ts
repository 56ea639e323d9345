/** Numbers of things as people read them. A leaf. */

/**
 * `1 visit`, `0 visits`, `1,234 visits`. `write` writes the number, in English unless told
 * otherwise.
 */
export function pluralize(
  number: number,
  one: string,
  write: (value: number) => string = (value) => value.toLocaleString('en'),
): string {
  return `${write(number)} ${number === 1 ? one : `${one}s`}`;
}
