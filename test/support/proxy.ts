/** A real TCP proxy between Seen and its store, that loses what it is told to lose. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Fault {
  /**
   * Whether to cut the connection instead of handing on what the client sent: the server never
   * hears of it.
   */
  readonly loseRequest?: (bytes: Buffer) => boolean;
  /**
   * Whether to cut the connection instead of handing on what the server answered: it did it, and
   * nobody hears of it.
   */
  readonly loseAnswer?: (bytes: Buffer) => boolean;
  /** How much later everything arrives, in both directions. */
  readonly delayMs?: number;
  /** What never arrives, while the connection stays. */
  readonly swallow?: 'requests' | 'answers';
}

export class Proxy implements AsyncDisposable {
  /** What is lost from now on. */
  fault: Fault = {};
  /** How many connections were cut. */
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** How many pieces are on their way to a socket. */
  readonly #late = new WeakMap<Socket, number>();
  #lastDelayMs = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => {
      const server = connect(targetPort, '127.0.0.1');
      const pair = [client, server];
      for (const socket of pair) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          for (const other of pair) other.destroy();
        });
      }
      const cut = () => {
        this.cuts++;
        for (const socket of pair) socket.resetAndDestroy();
      };
      client.on('data', (bytes: Buffer) => {
        if (this.fault.loseRequest?.(bytes)) cut();
        else if (this.fault.swallow !== 'requests') this.#handOn(server, bytes);
      });
      server.on('data', (bytes: Buffer) => {
        if (this.fault.loseAnswer?.(bytes)) cut();
        else if (this.fault.swallow !== 'answers') this.#handOn(client, bytes);
      });
    });
  }

  #handOn(to: Socket, bytes: Buffer): void {
    const { delayMs } = this.fault;
    const late = this.#late.get(to) ?? 0;
    // What came late is not overtaken by what follows it.
    if (delayMs === undefined && late === 0) {
      to.write(bytes);
      return;
    }
    this.#late.set(to, late + 1);
    setTimeout(() => {
      this.#late.set(to, (this.#late.get(to) ?? 1) - 1);
      to.write(bytes);
    }, delayMs ?? this.#lastDelayMs);
    this.#lastDelayMs = delayMs ?? this.#lastDelayMs;
  }

  static async start(targetPort: number): Promise<Proxy> {
    const proxy = new Proxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The same URL, through the proxy. */
  lead(url: string): string {
    return url.replace(/:\d+(\/|$)/, `:${this.port}$1`);
  }

  /** Cuts every connection now. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
