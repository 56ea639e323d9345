/**
 * Keeps descriptors free: when too many connections are open, those on which no request is under
 * way are closed.
 *
 * Bun's server takes every connection until the process has no descriptor left, and then none at
 * all. It can close connections that are idle between requests, as nginx does when it runs out of
 * them. It spares those that have sent a part of a request for 10 s and longer, so these are ended
 * here. Not here: how connections are found and ended (`descriptors.ts`).
 */
import {
  type Connection,
  type Connections,
  DESCRIPTORS_KEPT,
  descriptorsMax,
  openConnections,
  openDescriptors,
} from './descriptors.ts';

/** How often descriptors are counted: some 20 µs where there are few. */
const LOOK_MS = 200;
/** The same while there are too many: who is sent away may come again at once. */
const PRESSED_LOOK_MS = 25;

/** The server whose connections are limited. */
export interface LimitedServer {
  readonly port: number;
  closeIdleConnections(): void;
}

/**
 * Closes connections of `server` while there are more than `connectionsMax`, or while fewer than
 * 64 descriptors are left. First those that are idle between requests. When that is not enough,
 * the older half of those that have no request under way: their clients have sent no request, or a
 * part of one. `busyPorts` returns the remote ports of connections that must stay. Returns a
 * function that ends this.
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
  // Now, because loading takes descriptors too.
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

/**
 * The connections that are there now: first those that were there before, in their order, which is
 * that in which they came.
 */
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
