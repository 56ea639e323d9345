/** Many concurrent visitors that record their answers: the evidence for the promises. */
import { connect, type Socket } from 'node:net';
import { numberIn } from './program.ts';

export interface Evidence {
  /** The numbers answered, in the order in which they came. */
  readonly numbers: number[];
  /** Requests that got an answer without a number, by status. */
  readonly refused: Map<number, number>;
  /** Requests that got no whole answer, by what happened. */
  readonly failed: Map<string, number>;
}

export interface LoadOptions {
  url: string;
  clients: number;
  /** Whether a client keeps its connection for the next visit. */
  keepAlive: boolean;
  /** Ends the load: asked before each visit. */
  more: () => boolean;
  /**
   * Whether a client that was told to close its connection opens another; `false`: it goes
   * elsewhere.
   */
  comesBack?: boolean;
  /** A pause between a client's visits. */
  pauseMs?: number;
  path?: string;
}

/**
 * A replica that stops takes clients that are silent for 500 ms for gone, and closes their
 * connections. Whoever stood still for longer than this, as the whole process may, opens another
 * one, as HTTP clients do.
 */
const STALE_MS = 300;

/**
 * Has `clients` visit until there are no more. Plain sockets, because HTTP clients repeat failed
 * requests by themselves.
 */
export async function load({ path = '/', ...options }: LoadOptions): Promise<Evidence> {
  const [evidence] = await loadEach(options, [path]);
  return evidence ?? noEvidence();
}

/**
 * The same, where the paths are visited in turns, as often as each other; answers the evidence of
 * each.
 */
export async function loadEach(
  { url, clients, keepAlive, more, pauseMs = 0, comesBack = true }: Omit<LoadOptions, 'path'>,
  paths: readonly string[],
): Promise<Evidence[]> {
  const { hostname, port } = new URL(url);
  const visits = paths.map((path) => ({
    request: `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n${keepAlive ? '' : 'Connection: close\r\n'}\r\n`,
    evidence: noEvidence(),
  }));
  let turn = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      let connection: Connection | undefined;
      while (more()) {
        const visit = visits[turn++ % visits.length];
        if (!visit) return;
        const { request, evidence } = visit;
        try {
          if (connection?.stale && !comesBack) return;
          while (!connection?.usable) {
            connection?.end();
            connection = await Connection.open(hostname, Number(port));
          }
          const { status, body, close } = await connection.ask(request);
          if (status === 200) evidence.numbers.push(numberIn(body));
          else add(evidence.refused, status);
          if (close || !keepAlive) connection.end();
          if (close && !comesBack) return;
        } catch (error) {
          add(evidence.failed, error instanceof Error ? error.message : String(error));
          connection?.end();
          await Bun.sleep(10);
        }
        if (pauseMs > 0) await Bun.sleep(pauseMs);
      }
      connection?.end();
    }),
  );
  return visits.map(({ evidence }) => evidence);
}

function noEvidence(): Evidence {
  return { numbers: [], refused: new Map(), failed: new Map() };
}

/** Counts down: `more` for a load of exactly `total` visits. */
export function exactly(total: number): () => boolean {
  let left = total;
  return () => left-- > 0;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly close: boolean;
}

class Connection {
  readonly #socket: Socket;
  #received = '';
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  #ended: string | undefined;
  /**
   * When it was begun, or the last request was sent: an answer may have waited here for as long as
   * everything stood still.
   */
  #usedAt: number;

  private constructor(socket: Socket, begunAt: number) {
    this.#socket = socket;
    this.#usedAt = begunAt;
    socket.on('data', (bytes) => {
      this.#received += bytes.toString('latin1');
      this.#take();
    });
    socket.on('error', (error) =>
      this.#fail((error as NodeJS.ErrnoException).code ?? error.message),
    );
    socket.on('close', () => this.#fail('closed without an answer'));
  }

  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const begunAt = performance.now();
      const socket = connect({ host, port, noDelay: true });
      socket.once('connect', () => resolve(new Connection(socket, begunAt)));
      socket.once('error', (error) =>
        reject(new Error((error as NodeJS.ErrnoException).code ?? error.message)),
      );
    });
  }

  get usable(): boolean {
    return this.#ended === undefined && !this.stale;
  }

  /** Whether it was silent for so long that it may just be closed. */
  get stale(): boolean {
    return performance.now() - this.#usedAt > STALE_MS;
  }

  ask(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(new Error(this.#ended));
        return;
      }
      this.#waiting = { resolve, reject };
      this.#usedAt = performance.now();
      this.#socket.write(request);
    });
  }

  end(): void {
    this.#ended ??= 'ended by the client';
    this.#socket.destroy();
  }

  #take(): void {
    const head = this.#received.indexOf('\r\n\r\n');
    if (head === -1 || !this.#waiting) return;
    const headers = this.#received.slice(0, head);
    const length = Number(/content-length: (\d+)/i.exec(headers)?.[1] ?? 0);
    if (this.#received.length < head + 4 + length) return;
    const body = this.#received.slice(head + 4, head + 4 + length);
    this.#received = this.#received.slice(head + 4 + length);
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve({
      status: Number(headers.slice(9, 12)),
      body,
      close: /connection: close/i.test(headers),
    });
  }

  #fail(reason: string): void {
    this.#ended ??= reason;
    this.#waiting?.reject(new Error(reason));
    this.#waiting = undefined;
  }
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/**
 * What is wrong with the numbers answered between two readings of the total; empty when nothing
 * is.
 */
export function findings(
  { numbers, refused, failed }: Evidence,
  before: number,
  after: number,
): string[] {
  const sum = (counts: Map<unknown, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
  const unanswered = sum(refused) + sum(failed);
  const unique = new Set(numbers);
  const wrong: string[] = [];
  if (unique.size !== numbers.length)
    wrong.push(`${numbers.length - unique.size} numbers were answered twice`);
  const counted = after - before;
  if (counted < numbers.length) wrong.push(`${numbers.length - counted} answered visits are lost`);
  if (counted > numbers.length + unanswered) {
    wrong.push(`${counted - numbers.length - unanswered} visits were counted more than once`);
  }
  const outside = numbers.filter((number) => number <= before || number > after);
  if (outside.length > 0)
    wrong.push(`${outside.length} numbers are not between ${before} and ${after}: ${outside[0]}`);
  return wrong;
}
