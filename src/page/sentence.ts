/**
 * The exact sentence of the stack guide, the same on every surface. Programs read it, so 1 is “1
 * times”.
 */
export function sentence(total: number): string {
  return `Hello World! I have been seen ${total} times.`;
}
