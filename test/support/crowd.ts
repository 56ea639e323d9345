/**
 * Clients that hold connections for as long as they can: they never leave, and reconnect when they
 * are disconnected.
 */
import { connect, type Socket } from 'node:net';

/** What one of them sends, and how it goes on. */
export interface Habit {
  /** Sent when the connection is open. */
  readonly first: string;
  /** Sent once after the first answer. */
  readonly afterAnswer?: string;
  /** Sent again and again. */
  readonly drip?: string;
}

const HEAD = 'GET /favicon.ico HTTP/1.1\r\nHost: a\r\n';
const FORM =
  'POST /own-visits HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n';

/** The ways to hold a connection. */
export const HABITS: Readonly<Record<string, Habit>> = {
  'ask once and stay': { first: `${HEAD}\r\n` },
  'send half of the headers': { first: `${HEAD}X-Half: ` },
  'send a header every half second': { first: HEAD, drip: 'X-Slow: y\r\n' },
  'ask once and then send half of the headers': { first: `${HEAD}\r\n`, afterAnswer: HEAD },
  'send half of a body that is read': { first: `${FORM}Content-Length: 100\r\n\r\nvis` },
  'send half of a body that is not read': { first: `${HEAD}Content-Length: 100\r\n\r\nvis` },
  'never send anything': { first: '' },
};

const DRIP_MS = 500;
/** Who is sent away comes again after this time. */
const AGAIN_MS = 500;

export class Crowd implements Disposable {
  readonly #sockets = new Set<Socket>();
  #over = false;
  /** How often one of them was sent away. */
  sentAway = 0;

  constructor(port: number, size: number, habits: readonly Habit[]) {
    for (let index = 0; index < size; index++) this.#come(port, habits[index % habits.length]!);
  }

  [Symbol.dispose](): void {
    this.#over = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #come(port: number, habit: Habit): void {
    if (this.#over) return;
    const socket = connect(port, '127.0.0.1', () => socket.write(habit.first));
    this.#sockets.add(socket);
    const { drip, afterAnswer } = habit;
    const dripping =
      drip === undefined ? undefined : setInterval(() => socket.write(drip), DRIP_MS);
    socket.once('data', () => {
      if (afterAnswer !== undefined) socket.write(afterAnswer);
    });
    // Without a reader a socket does not notice that the other side has closed.
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(dripping);
      this.#sockets.delete(socket);
      this.sentAway++;
      setTimeout(() => this.#come(port, habit), AGAIN_MS);
    });
  }
}
