/**
 * Bursts of visits: one on each of many connections, and the next burst when all are answered. So
 * a batch of the service is a burst, and two services whose bursts alternate are measured within
 * the same milliseconds: whatever else happens on the machine, happens to both.
 *
 * Not here: visits as fast as a service answers them (load.ts), or at a rate (open-loop.ts).
 */
import type { Socket } from 'bun';

/** How every answer ends that the guard compares. */
const END = ' times.\n';
/** A visit without an answer for so long is an error. */
const ANSWERED_WITHIN_MS = 10_000;

/** Connections to a service, which stay open. */
export class Bursts implements Disposable {
  readonly #request: string;
  #sockets: readonly Socket[] = [];
  #left = 0;
  #all = Promise.withResolvers<void>();

  private constructor(url: string) {
    this.#request = `GET / HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`;
  }

  static async connect(url: string, connections: number): Promise<Bursts> {
    const bursts = new Bursts(url);
    const { hostname, port } = new URL(url);
    const one = () =>
      Bun.connect({
        hostname,
        port: Number(port),
        socket: {
          data: (_, bytes) => bursts.#receive(bytes),
          close: () => bursts.#all.reject(new Error(`${url} closed a connection`)),
        },
      });
    bursts.#sockets = await Promise.all(Array.from({ length: connections }, one));
    return bursts;
  }

  /** Visits once on each connection. Fails when a visit is not answered with a number. */
  async burst(): Promise<void> {
    this.#left = this.#sockets.length;
    this.#all = Promise.withResolvers();
    const late = setTimeout(
      () => this.#all.reject(new Error('a visit was not answered')),
      ANSWERED_WITHIN_MS,
    );
    for (const socket of this.#sockets) socket.write(this.#request);
    await this.#all.promise;
    clearTimeout(late);
  }

  #receive(bytes: Buffer): void {
    if (!bytes.toString('latin1').endsWith(END)) return;
    if (--this.#left === 0) this.#all.resolve();
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.terminate();
  }
}
