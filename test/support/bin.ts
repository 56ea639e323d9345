/** Programs of a test's own, which come before the machine's where a shell looks for them. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from './program.ts';

/** A text as one word of the shell, whatever is in it. */
export const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** `npx seen …`, as it works in the project's folder. */
export const NPX = `shift; exec ${quoted(process.execPath)} ${quoted(MAIN)} "$@"`;

/**
 * Writes programs into a folder `bin` in `folder`, each by its name and its lines of shell.
 * Returns a `PATH` in which they come first.
 */
export function pathWith(folder: string, programs: Readonly<Record<string, string>>): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, lines] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${lines}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return `${bin}:${process.env['PATH'] ?? ''}`;
}
