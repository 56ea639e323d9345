/**
 * The sentence of the stack guide, to the letter and the same on every surface: programs read it,
 * so 1 is “1 times”.
 */
export function sentence(total: number): string {
  return `Hello World! I have been seen ${total} times.`;
}
