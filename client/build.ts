/**
 * The client for other programs, as the npm package contains it (`build/package.ts`): `client.js`
 * and `react.js`, minified ES modules, and their types.
 */
import { join } from 'node:path';

const FOLDER = import.meta.dir;

/** Writes the client into `outdir`. */
export async function writeClient(outdir: string): Promise<void> {
  const scripts = { outdir, format: 'esm', minify: true } as const;
  await Bun.build({ ...scripts, entrypoints: [join(FOLDER, 'client.ts')] });
  await Bun.build({
    ...scripts,
    entrypoints: [join(FOLDER, 'react.ts')],
    external: ['react'],
    // Frameworks with server components need it in files with hooks.
    banner: "'use client';",
    plugins: [
      {
        name: 'one client, also in an application that imports both',
        setup(build) {
          build.onResolve({ filter: /\/client\.ts$/ }, () => ({
            path: './client.js',
            external: true,
          }));
        },
      },
    ],
  });
  // Not the file in .bin, which is a batch file on Windows.
  const tsc = join(FOLDER, '../node_modules/typescript/bin/tsc');
  await Bun.$`${process.execPath} ${tsc} -p ${FOLDER} --noEmit false --declaration --emitDeclarationOnly --outDir ${outdir}`;
}
