/**
 * A limit on connections: past it, those that are idle between requests are closed, as nginx does when it runs out of them.
 *
 * Bun's server neither counts its connections nor refuses one, but it can close the idle ones, and the system knows how many
 * descriptors are open; some are kept free for the store. Not here: connections that never asked anything. Bun closes them
 * after some 10 s, and until then the descriptors of the process are their limit.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Kept for the store, the log, the files of the runtime: a process without visitors has some 25 open. */
const KEPT_FREE = 64;
/** How often descriptors are counted: some 20 µs where there are few. */
const LOOK_MS = 200;

/** What can close its idle connections. */
export interface Closable {
  closeIdleConnections(): number;
}

/** Closes idle connections of `server` while there are more than `connectionsMax`; answers how to end this. */
export function limitConnections(server: Closable, connectionsMax: number): () => void {
  const limit = Math.min(connectionsMax + KEPT_FREE, Math.max(descriptorsMax() - KEPT_FREE, KEPT_FREE));
  const timer = setInterval(() => {
    if (descriptorsOpen() > limit) server.closeIdleConnections();
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function descriptorsOpen(): number {
  return readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').length;
}

/** The soft limit of this process; where it cannot be read, none is assumed. */
function descriptorsMax(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
