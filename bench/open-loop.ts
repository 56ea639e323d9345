/**
 * Visits at a fixed rate, whether or not earlier ones were answered. Latency counts from the
 * moment at which a visit was due, so a service that stalls does not look better because clients
 * wait for it ("coordinated omission", Tene).
 *
 * Visits that are due are sent together each millisecond, so at a high rate many wait for a
 * connection. This wait is in every figure, also in nginx's.
 */
import type { Socket } from 'bun';

export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /**
   * The part of the visits that was answered before the end; less than 1 means it cannot keep the
   * rate.
   */
  readonly answered: number;
  /** How much of a core the generator itself took: near 1 the figures are its own. */
  readonly generatorCores: number;
}

/** How long the first visits may take, which open the connections. */
const FIRST_VISITS_MS = 2000;

/**
 * Visits `url` `rate` times a second for `seconds`, over connections that are kept where the
 * service keeps them.
 */
export async function visitAtRate(
  url: string,
  rate: number,
  seconds: number,
  clients = 64,
): Promise<Latencies> {
  const visitors = await Visitors.connect(url, clients);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const total = Math.floor(rate * seconds);
  let asked = 0;
  while (asked < total) {
    const dueCount = Math.min(
      total,
      1 + Math.floor(((performance.now() - startedAt) / 1000) * rate),
    );
    for (; asked < dueCount; asked++) visitors.visit(startedAt + (asked / rate) * 1000);
    await Bun.sleep(1);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const generatorCores = (user + system) / 1000 / (performance.now() - startedAt);
  // What is answered half a second after the end counts as kept up with.
  await Bun.sleep(500);
  visitors.end();
  const latencies = visitors.latenciesMs.toSorted((a, b) => a - b);
  // One that was not answered took longest.
  const at = (part: number) => latencies[Math.floor(total * part)] ?? Number.POSITIVE_INFINITY;
  return { p50Ms: at(0.5), p99Ms: at(0.99), answered: latencies.length / total, generatorCores };
}

/**
 * Who visits: with a connection where the service has left one open, since when the visit is due,
 * and what of the answer has come.
 */
interface Client {
  socket: Socket<Client> | undefined;
  dueAt: number;
  received: string;
}

/** Clients that visit when they are free; visits that find none wait for the next. */
class Visitors {
  readonly latenciesMs: number[] = [];
  readonly #address: { readonly hostname: string; readonly port: number };
  readonly #request: string;
  readonly #clients: readonly Client[];
  readonly #free: Client[] = [];
  /** When the visits that wait were due. Read from `#next` on. */
  readonly #waiting: number[] = [];
  #next = 0;

  private constructor(url: string, clients: number) {
    const { hostname, port, pathname } = new URL(url);
    this.#address = { hostname, port: Number(port) };
    this.#request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
    this.#clients = Array.from({ length: clients }, () => ({
      socket: undefined,
      dueAt: 0,
      received: '',
    }));
    this.#free.push(...this.#clients);
  }

  /** After a first visit of each, which is not noted. */
  static async connect(url: string, clients: number): Promise<Visitors> {
    const visitors = new Visitors(url, clients);
    for (let client = 0; client < clients; client++) visitors.visit(performance.now());
    // A service may lose one: the others go on.
    const end = performance.now() + FIRST_VISITS_MS;
    while (visitors.#free.length < clients && performance.now() < end) await Bun.sleep(10);
    visitors.latenciesMs.length = 0;
    return visitors;
  }

  visit(dueAt: number): void {
    const client = this.#free.pop();
    if (client) this.#send(client, dueAt);
    else this.#waiting.push(dueAt);
  }

  end(): void {
    for (const { socket } of this.#clients) socket?.terminate();
  }

  #send(client: Client, dueAt: number): void {
    client.dueAt = dueAt;
    client.received = '';
    if (client.socket) client.socket.write(this.#request);
    else this.#open(client).catch(() => this.#give(client)); // refused: a visit without an answer
  }

  /**
   * Connects only now: a server that serves one connection after the other would wait for one that
   * is open and silent.
   */
  async #open(client: Client): Promise<void> {
    client.socket = await Bun.connect<Client>({
      ...this.#address,
      data: client,
      socket: {
        data: (socket, bytes) => this.#take(socket, bytes),
        close: (socket) => this.#lose(socket),
      },
    });
    client.socket.write(this.#request);
  }

  /** Closed by the service: a visit that waits for its answer has got none. */
  #lose(socket: Socket<Client>): void {
    const client = socket.data;
    if (client.socket !== socket) return;
    client.socket = undefined;
    if (!this.#free.includes(client)) this.#give(client);
  }

  #take(socket: Socket<Client>, bytes: Buffer): void {
    const client = socket.data;
    client.received += bytes.toString('latin1');
    const head = client.received.indexOf('\r\n\r\n');
    if (head === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(client.received)?.[1] ?? 0);
    if (client.received.length < head + 4 + length) return;
    this.latenciesMs.push(performance.now() - client.dueAt);
    if (/\nconnection: close/i.test(client.received)) {
      client.socket = undefined;
      socket.end();
    }
    this.#give(client);
  }

  /** A client that is free takes the visit that has waited longest. */
  #give(client: Client): void {
    const next = this.#waiting[this.#next];
    if (next === undefined) {
      this.#free.push(client);
      return;
    }
    this.#next++;
    this.#send(client, next);
  }
}
