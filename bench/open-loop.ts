/**
 * Visits at a fixed rate, whether or not earlier ones have been answered. Latency counts from the moment at which a visit
 * was due, so that a service which stalls is not flattered by clients that wait for it ("coordinated omission", Tene).
 */
import { connect, type Socket } from 'node:net';

export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The part of the visits that was answered before the end; less than 1 means it cannot keep the rate. */
  readonly answered: number;
}

/** Visits `url` `rate` times a second for `seconds` over keep-alive connections. */
export async function visitAtRate(
  url: string,
  rate: number,
  seconds: number,
  clients = 64,
): Promise<Latencies> {
  const { hostname, port, pathname } = new URL(url);
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
  const latencies: number[] = [];
  const due: number[] = [];
  const free: Socket[] = [];
  const give = (socket: Socket, dueAt: number) => {
    let received = '';
    socket.removeAllListeners('data');
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      const head = received.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (received.length < head + 4 + length) return;
      latencies.push(performance.now() - dueAt);
      const next = due.shift();
      if (next === undefined) free.push(socket);
      else give(socket, next);
    });
    socket.write(request);
  };
  const sockets = await Promise.all(
    Array.from(
      { length: clients },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect({ host: hostname, port: Number(port), noDelay: true });
          socket.once('connect', () => resolve(socket));
          socket.once('error', reject);
        }),
    ),
  );
  free.push(...sockets);
  const startedAt = performance.now();
  const total = rate * seconds;
  let asked = 0;
  while (asked < total) {
    const dueCount = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate));
    for (; asked < dueCount; asked++) {
      const dueAt = startedAt + (asked / rate) * 1000;
      const socket = free.pop();
      if (socket) give(socket, dueAt);
      else due.push(dueAt);
    }
    await Bun.sleep(1);
  }
  // What is answered half a second after the end counts as kept up with.
  await Bun.sleep(500);
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), answered: latencies.length / total };
}
