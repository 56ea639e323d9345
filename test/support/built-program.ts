/**
 * The program built to one file, as in the image, and to bytecode: it starts with half of the CPU
 * time that the sources take. `npm test` builds it once, from the sources as they are then.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { prepared } from './prepared.ts';
import { ROOT } from './program.ts';

/** The scripts that the program sends to browsers. */
const SCRIPTS = ['page', 'new', 'manage', 'embed', 'busuanzi'];

/** Builds it into the folder for what is prepared. */
export async function buildProgram(): Promise<void> {
  const folder = prepared('program');
  if (folder === undefined) throw new Error('nothing is prepared for this run');
  const program = Bun.build({
    entrypoints: [join(ROOT, 'src/main.ts')],
    target: 'bun',
    // Bytecode is not made of another format.
    format: 'cjs',
    bytecode: true,
    outdir: folder,
  });
  const scripts = Bun.build({
    entrypoints: SCRIPTS.map((name) => join(ROOT, `src/page/browser/${name}.ts`)),
    target: 'browser',
    format: 'iife',
    minify: true,
    env: 'disable',
    outdir: join(folder, 'browser'),
  });
  cpSync(join(ROOT, 'src/images/logos'), join(folder, 'logos'), { recursive: true });
  await Promise.all([program, scripts]);
}
