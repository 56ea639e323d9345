/**
 * The descriptors of this process: how many there may be, which are open, and which of them are
 * connections of a port.
 *
 * Bun has no function that finds a connection or ends one, so the C library is called (`bun:ffi`).
 * Not here: which connections are ended, and when (`guard.ts`).
 */
import { dlopen, ptr } from 'bun:ffi';
import { readdirSync, readFileSync } from 'node:fs';

/** A connection of this process: its descriptor, and the port at its other end. */
export interface Connection {
  readonly descriptor: number;
  readonly remotePort: number;
}

/** Finds and ends connections of this process. */
export interface Connections {
  /**
   * The connections that came in on `port`, of those that are open. `open` is what
   * `openDescriptors` returned.
   */
  on(port: number, open: readonly number[] | undefined): Connection[];
  /**
   * Ends a connection in both directions. Bun notices it as the end of the client's and closes the
   * descriptor.
   */
  shutDown(connection: Connection): void;
}

/**
 * Kept free of connections, for the store, the log, the runtime: a process without visitors has
 * some 25 open.
 */
export const DESCRIPTORS_KEPT = 64;
/** At most so many are looked at where none is left to list them with. */
const LOOKED_AT_MAX = 65_536;
/** The longest address of a socket that there is here, `sockaddr_in6`. */
const ADDRESS_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;
const SHUT_RDWR = 2;

/**
 * How many descriptors this process may have (the soft limit, which Bun raises to the hard one);
 * infinite where it cannot be read.
 */
export function descriptorsMax(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * How many connections may be held by one kind of request that takes long, streams or visits that
 * wait for the store: less than half of the descriptors, so that the two kinds together leave some
 * for everything else.
 */
export function connectionsPerKindMax(): number {
  return Math.max(Math.floor(descriptorsMax() / 2) - DESCRIPTORS_KEPT, 1);
}

/**
 * The descriptors that are open; `undefined` when none is left, because listing them takes one
 * more.
 */
export function openDescriptors(): readonly number[] | undefined {
  try {
    return readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').map(Number);
  } catch {
    return undefined;
  }
}

/** `undefined` on systems other than Linux, and where the C library cannot be loaded. */
export function openConnections(): Connections | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return connectionsOf(loadLibc());
  } catch {
    return undefined;
  }
}

function loadLibc() {
  // glibc's name; musl, the C library of Alpine, takes it for its own.
  return dlopen('libc.so.6', {
    getsockname: { args: ['int', 'ptr', 'ptr'], returns: 'int' },
    getpeername: { args: ['int', 'ptr', 'ptr'], returns: 'int' },
    shutdown: { args: ['int', 'int'], returns: 'int' },
  }).symbols;
}

function connectionsOf(libc: ReturnType<typeof loadLibc>): Connections {
  // Now, because reading the limit takes a descriptor too.
  const max = Math.min(descriptorsMax(), LOOKED_AT_MAX);
  const address = new Uint8Array(ADDRESS_BYTES);
  const view = new DataView(address.buffer);
  const length = new Uint32Array(1);
  /** The port of one end; `undefined` for what is no connection over TCP. */
  const portAt = (end: typeof libc.getsockname, descriptor: number): number | undefined => {
    length[0] = ADDRESS_BYTES;
    if (end(descriptor, ptr(address), ptr(length)) !== 0) return undefined;
    // The family in the machine's order of bytes (little-endian wherever Bun runs), the port in
    // the network's.
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
