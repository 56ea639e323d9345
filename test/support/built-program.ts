/**
 * The program built to one file, as in the image, and to bytecode: it starts with half of the CPU
 * time that the sources take. `npm test` builds it once, from the sources as they are then.
 */
import { bundleProgram, writeAssets } from '../../build/program.ts';
import { prepared } from './prepared.ts';

/** Builds it into the folder for what is prepared. */
export async function buildProgram(): Promise<void> {
  const folder = prepared('program');
  if (folder === undefined) throw new Error('nothing is prepared for this run');
  await Promise.all([
    // Bytecode is not made of another format.
    bundleProgram({ outdir: folder, format: 'cjs', bytecode: true }),
    writeAssets(folder),
  ]);
}
