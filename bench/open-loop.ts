/**
 * Visits at a fixed rate, whether or not earlier ones were answered. Latency counts from the
 * moment at which a visit was due, so a service that stalls does not look better because clients
 * wait for it ("coordinated omission", Tene).
 *
 * Visits that are due are sent together each millisecond, so at a high rate many wait for a
 * connection. This wait is in every figure, also in nginx's.
 */
import type { Socket } from 'bun';

/** The latencies of visits at a fixed rate. */
export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /**
   * The part of the visits that was answered before the end; less than 1 means it cannot keep the
   * rate.
   */
  readonly answered: number;
  /** The CPU time of the generator, in cores: near 1 the figures are those of the generator. */
  readonly generatorCores: number;
}

/** The time limit of the first visits, which open the connections. */
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
  let sent = 0;
  while (sent < total) {
    const dueCount = Math.min(
      total,
      1 + Math.floor(((performance.now() - startedAt) / 1000) * rate),
    );
    for (; sent < dueCount; sent++) visitors.visit(startedAt + (sent / rate) * 1000);
    await Bun.sleep(1);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const generatorCores = (user + system) / 1000 / (performance.now() - startedAt);
  // Answers within half a second after the end count.
  await Bun.sleep(500);
  visitors.end();
  const latencies = visitors.latenciesMs.toSorted((a, b) => a - b);
  // Visits without an answer count as the slowest.
  const at = (part: number) => latencies[Math.floor(total * part)] ?? Number.POSITIVE_INFINITY;
  return { p50Ms: at(0.5), p99Ms: at(0.99), answered: latencies.length / total, generatorCores };
}

/**
 * A client: its connection, if the service has kept it open; when its visit was due, on the clock
 * of `performance.now()`; and the received part of the answer.
 */
interface Client {
  socket: Socket<Client> | undefined;
  dueAt: number;
  received: string;
}

/** The clients. A visit that finds no free client waits for the next one. */
class Visitors {
  readonly latenciesMs: number[] = [];
  readonly #address: { readonly hostname: string; readonly port: number };
  readonly #request: string;
  readonly #clients: readonly Client[];
  readonly #free: Client[] = [];
  /** When the waiting visits were due. Those before `#next` are sent. */
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

  /** Resolves after a first visit of each client, which is not measured. */
  static async connect(url: string, clients: number): Promise<Visitors> {
    const visitors = new Visitors(url, clients);
    for (let client = 0; client < clients; client++) visitors.visit(performance.now());
    // A service may leave one of them unanswered: the others go on.
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
    // A connection that is refused is a visit without an answer.
    else this.#open(client).catch(() => this.#release(client));
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
        data: (socket, bytes) => this.#receive(socket, bytes),
        close: (socket) => this.#disconnected(socket),
      },
    });
    client.socket.write(this.#request);
  }

  /** The service closed the connection: a visit in progress gets no answer. */
  #disconnected(socket: Socket<Client>): void {
    const client = socket.data;
    if (client.socket !== socket) return;
    client.socket = undefined;
    if (!this.#free.includes(client)) this.#release(client);
  }

  #receive(socket: Socket<Client>, bytes: Buffer): void {
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
    this.#release(client);
  }

  /** A client that is free takes the visit that has waited longest. */
  #release(client: Client): void {
    const next = this.#waiting[this.#next];
    if (next === undefined) {
      this.#free.push(client);
      return;
    }
    this.#next++;
    this.#send(client, next);
  }
}
