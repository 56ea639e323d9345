/** The client's package as programs get it: made by `npm pack`, in an application's folder. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.ts';
import { packPackage } from './package.ts';
import { ROOT } from './program.ts';

/** Modules of an application that uses the component. */
const OF_APPLICATIONS = ['react', 'react-dom', 'scheduler', '@types/react', 'csstype'];

/** A new application with the package in its `node_modules`; gone when disposed. */
export async function applicationWithClient(): Promise<{ path: string } & Disposable> {
  const folder = temporaryFolder();
  const path = join(folder.path, 'application');
  const modules = join(path, 'node_modules');
  mkdirSync(join(modules, '@types'), { recursive: true });
  const tarball = await packPackage(folder.path);
  await Bun.$`tar -xzf ${tarball} && mv package node_modules/seen-counter`.cwd(path).quiet();
  for (const name of OF_APPLICATIONS)
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}
