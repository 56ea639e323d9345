/**
 * Keeps descriptors free: when too many connections are open, it closes those without a request in
 * progress.
 *
 * Bun's server accepts connections until the process has no descriptor left, and then none at all.
 * Bun can close connections that are idle between requests, as nginx does when it runs out of
 * them. For 10 s or more it spares connections that have sent part of a request, so these are
 * ended here. Not here: finding and ending connections (`descriptors.ts`).
 */
import {
  type Connection,
  type Connections,
  DESCRIPTORS_KEPT,
  descriptorsMax,
  openConnections,
  openDescriptors,
} from './descriptors.ts';

/** The interval between counts of descriptors: some 20 µs each when few are open. */
const LOOK_MS = 200;
/** The interval while too many are open: clients may reconnect at once. */
const PRESSED_LOOK_MS = 25;

/** The server whose connections are limited. */
export interface LimitedServer {
  readonly port: number;
  closeIdleConnections(): void;
}

/**
 * Closes connections of `server` while there are more than `connectionsMax`, or while fewer than
 * 64 descriptors are left. It first closes those that are idle between requests. When that is not
 * enough, it ends the older half of the others without a request in progress: their clients have
 * sent no request, or part of one. `busyPorts` returns the remote ports of connections that must
 * stay. Returns a function that stops this.
 */
export function limitConnections(
  server: LimitedServer,
  connectionsMax: number,
  busyPorts: () => Iterable<number>,
): () => void {
  const limit = Math.min(
    connectionsMax + DESCRIPTORS_KEPT,
    Math.max(descriptorsMax() - DESCRIPTORS_KEPT, DESCRIPTORS_KEPT),
  );
  // Loaded now, because loading takes descriptors too.
  const connections = openConnections();
  const isOver = (open: readonly unknown[] | undefined) =>
    open === undefined || open.length > limit;
  let waiting: readonly Connection[] = [];
  const look = () => {
    const over = isOver(openDescriptors());
    if (over) {
      server.closeIdleConnections();
      const open = openDescriptors();
      if (connections && isOver(open)) {
        const busy = new Set(busyPorts());
        const now = connections
          .on(server.port, open)
          .filter(({ remotePort }) => !busy.has(remotePort));
        waiting = endOlderHalf(connections, inOrder(waiting, now));
      }
    } else waiting = [];
    timer = setTimeout(look, over ? PRESSED_LOOK_MS : LOOK_MS).unref();
  };
  let timer = setTimeout(look, LOOK_MS).unref();
  return () => clearTimeout(timer);
}

/** The current connections, oldest first: the known ones keep their order, new ones follow. */
function inOrder(before: readonly Connection[], now: readonly Connection[]): Connection[] {
  const key = ({ descriptor, remotePort }: Connection) => `${descriptor} ${remotePort}`;
  const there = new Map(now.map((connection) => [key(connection), connection]));
  const old = before.filter((connection) => there.delete(key(connection)));
  return [...old, ...there.values()];
}

/** Ends the first half; returns the other. */
function endOlderHalf(
  connections: Connections,
  inOrderOfAge: readonly Connection[],
): Connection[] {
  const half = Math.ceil(inOrderOfAge.length / 2);
  for (const connection of inOrderOfAge.slice(0, half)) connections.shutDown(connection);
  return inOrderOfAge.slice(half);
}
