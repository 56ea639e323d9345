/** The sentence of the stack guide, the same on every surface. */
export function sentence(total: number): string {
  return `Hello World! I have been seen ${total} times.`;
}
