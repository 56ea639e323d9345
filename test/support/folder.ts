/** Temporary folders and free ports for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder; gone when disposed. */
export function temporaryFolder(parent = tmpdir()): { path: string } & Disposable {
  const path = mkdtempSync(join(parent, 'seen-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Below the ports that Linux gives to connections (32768 on), above those that programs like. */
const PORTS = { from: 12_000, to: 32_000 };

/**
 * A port that nobody uses just now, and that no connection gets before it is used: two tests may
 * run at once.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The pause between two checks, and the longest one. */
const PAUSE_MS = 20;
const PAUSE_MAX_MS = 1000;

/**
 * Resolves when `check` holds; fails after `limitMs` with `what`. A check that takes long, such as
 * a command of Docker, is repeated less often, so that waiting leaves the machine to others.
 */
export async function until(what: string, check: () => unknown, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    const startedAt = performance.now();
    try {
      if (await check()) return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    const tookMs = performance.now() - startedAt;
    await Bun.sleep(Math.min(Math.max(PAUSE_MS, 4 * tookMs), PAUSE_MAX_MS));
  }
}
