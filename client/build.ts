/**
 * `npm run build:client`: makes the files of the package for other programs in client/dist:
 * `client.js` and `react.js`, minified ES modules, and their types. `npm pack` runs it first.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = import.meta.dir;
const DIST = join(FOLDER, 'dist');
const SCRIPTS = { outdir: DIST, format: 'esm', minify: true } as const;

async function main(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true });
  await Bun.build({ ...SCRIPTS, entrypoints: [join(FOLDER, 'client.ts')] });
  await Bun.build({
    ...SCRIPTS,
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
  const tsc = join(FOLDER, '../node_modules/.bin/tsc');
  await Bun.$`${tsc} -p ${FOLDER} --noEmit false --declaration --emitDeclarationOnly --outDir ${DIST}`;
}

await main();
