/**
 * One HTTP/1.1 connection that never retries. HTTP clients silently repeat a GET after a lost
 * connection; this code sends the bytes itself, so that failures are visible and nothing counts
 * twice. Responses are read by `response.ts`.
 */
import { within } from '../deadline.ts';
import { type Answer, BadResponse, readAnswer } from './response.ts';
import type { Target } from './target.ts';

/** A request got no response. The message is the reason: `refused`, `reset`, `timeout`, … */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/** One connection, with at most one request in progress. */
export class Connection {
  #socket: Bun.Socket | undefined;
  #received = '';
  #waiting: PromiseWithResolvers<Answer> | undefined;
  #ended: string | undefined;

  /** Fails with `Unanswered`. */
  static async open({ hostname, port, tls }: Target, timeoutMs: number): Promise<Connection> {
    const connection = new Connection();
    // With TLS, what is written before the end of the handshake is lost.
    const { promise: opened, resolve, reject } = Promise.withResolvers<Bun.Socket>();
    const connected = Bun.connect({
      hostname,
      port,
      // The certificate is not checked, because nothing secret is sent.
      ...(tls ? { tls: { rejectUnauthorized: false, serverName: hostname } } : {}),
      socket: {
        open: (socket) => {
          if (!tls) resolve(socket);
        },
        handshake: (socket) => resolve(socket),
        data: (_, bytes) => connection.#take(bytes.toString('latin1')),
        error: (_, error) => {
          reject(error);
          connection.#end(kindOf(error));
        },
        close: () => {
          reject(new Unanswered('closed'));
          connection.#end('closed');
        },
      },
    });
    connected.catch(reject);
    try {
      connection.#socket = await within(timeoutMs, opened, () => {
        connected.then((socket) => socket.terminate()).catch(() => undefined);
        throw new Unanswered('timeout');
      });
      return connection;
    } catch (error) {
      throw error instanceof Unanswered ? error : new Unanswered(kindOf(error));
    }
  }

  /** Whether the connection can send another request. */
  get open(): boolean {
    return this.#ended === undefined;
  }

  /** Sends a request and waits for the response; one at a time. Fails with `Unanswered`. */
  async ask(request: string, timeoutMs: number): Promise<Answer> {
    if (this.#ended !== undefined) throw new Unanswered(this.#ended);
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting = waiting;
    this.#socket?.write(request);
    return within(timeoutMs, waiting.promise, () => {
      this.#end('timeout');
      return waiting.promise;
    });
  }

  close(): void {
    this.#end('closed');
  }

  #end(why: string): void {
    // A response without a length ends with the connection.
    if (this.#waiting && why === 'closed') this.#take('', true);
    this.#ended ??= why;
    this.#waiting?.reject(new Unanswered(why));
    this.#waiting = undefined;
    this.#socket?.terminate();
  }

  #take(bytes: string, atEnd = false): void {
    this.#received += bytes;
    if (!this.#waiting) return;
    let read: ReturnType<typeof readAnswer>;
    try {
      read = readAnswer(this.#received, atEnd);
    } catch (error) {
      if (!(error instanceof BadResponse)) throw error;
      this.#end(error.message);
      return;
    }
    if (!read) return;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    this.#received = this.#received.slice(read.length);
    if (read.answer.last) this.close();
    resolve(read.answer);
  }
}

function kindOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset';
  return code ?? message ?? String(error);
}
