/**
 * Keeps descriptors free: when too many connections are open, it closes those without a request in
 * progress.
 *
 * Bun’s server accepts connections until the process has no descriptor left, and then none at all.
 * Bun can close connections that are idle between requests, as nginx does when it runs out of
 * them. For 10 s or more it spares connections that have sent part of a request, so these are
 * found and ended here, by calls of the C library (`bun:ffi`), because Bun has no function for it.
 */
import { dlopen, ptr } from 'bun:ffi';
import { readdirSync, readFileSync } from 'node:fs';

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

/** A connection of this process: its descriptor, and the port at its other end. */
interface Connection {
  readonly descriptor: number;
  readonly remotePort: number;
}

/** Finds and ends connections of this process. */
interface Connections {
  /**
   * The connections to `port` among the open descriptors. `open` is the result of
   * `openDescriptors`.
   */
  on(port: number, open: readonly number[] | undefined): Connection[];
  /**
   * Ends a connection in both directions. To Bun it looks as if the client had ended it, and Bun
   * closes the descriptor.
   */
  shutDown(connection: Connection): void;
}

/**
 * Reserved for the store, the log and the runtime: a process without visitors has some 25 open.
 */
const DESCRIPTORS_KEPT = 64;
/** The most descriptors to check when none is left to list them with. */
const LOOKED_AT_MAX = 65_536;
/** The longest socket address in use here, `sockaddr_in6`. */
const ADDRESS_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;
const SHUT_RDWR = 2;

/**
 * The maximum number of descriptors of this process (the soft limit, which Bun raises to the hard
 * one); infinite where it cannot be read.
 */
function descriptorsMax(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * The maximum number of connections for one kind of long request: streams, or visits that wait for
 * the store. It is less than half of the descriptors, so that both kinds together leave some for
 * everything else.
 */
export function connectionsPerKindMax(): number {
  return Math.max(Math.floor(descriptorsMax() / 2) - DESCRIPTORS_KEPT, 1);
}

/** The open descriptors; `undefined` when none is left, because listing them takes one more. */
function openDescriptors(): readonly number[] | undefined {
  try {
    return readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').map(Number);
  } catch {
    return undefined;
  }
}

/** `undefined` on systems other than Linux, and where the C library cannot be loaded. */
function openConnections(): Connections | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return connectionsOf(loadLibc());
  } catch {
    return undefined;
  }
}

function loadLibc() {
  // The name in glibc; musl, the C library of Alpine, accepts it as its own.
  return dlopen('libc.so.6', {
    getsockname: { args: ['int', 'ptr', 'ptr'], returns: 'int' },
    getpeername: { args: ['int', 'ptr', 'ptr'], returns: 'int' },
    shutdown: { args: ['int', 'int'], returns: 'int' },
  }).symbols;
}

function connectionsOf(libc: ReturnType<typeof loadLibc>): Connections {
  // Read now, because reading the limit takes a descriptor too.
  const max = Math.min(descriptorsMax(), LOOKED_AT_MAX);
  const address = new Uint8Array(ADDRESS_BYTES);
  const view = new DataView(address.buffer);
  const length = new Uint32Array(1);
  /** The port of one end; `undefined` for anything but a TCP connection. */
  const portAt = (end: typeof libc.getsockname, descriptor: number): number | undefined => {
    length[0] = ADDRESS_BYTES;
    if (end(descriptor, ptr(address), ptr(length)) !== 0) return undefined;
    // The family is in the byte order of the machine (little-endian wherever Bun runs), the port
    // in network byte order.
    const family = view.getUint16(0, true);
    return family === AF_INET || family === AF_INET6 ? view.getUint16(2) : undefined;
  };
  return {
    on(port, open = Array.from({ length: max }, (_, descriptor) => descriptor)) {
      const found: Connection[] = [];
      for (const descriptor of open) {
        if (portAt(libc.getsockname, descriptor) !== port) continue;
        const remotePort = portAt(libc.getpeername, descriptor);
        if (remotePort !== undefined) found.push({ descriptor, remotePort });
      }
      return found;
    },
    shutDown({ descriptor }) {
      libc.shutdown(descriptor, SHUT_RDWR);
    },
  };
}
