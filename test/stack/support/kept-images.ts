/**
 * Images of this run, kept as a folder: an engine that starts on a copy of it has them at once,
 * where `docker load` takes seconds of CPU time for each engine.
 *
 * Copies share the files of layers by hard links. No engine or container writes into these:
 * overlayfs copies a file first (https://docs.kernel.org/filesystems/overlayfs.html). What an
 * engine knows of its images is a real copy.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from './node.ts';
import { worldFolder } from './world.ts';

/** The folder of an engine's data with what it knows of its images. */
const KNOWN = 'image';

const folderOf = (name: string) => join(worldFolder(), 'images', name);

/** Whether images are kept under this name. */
export function areKept(name: string): boolean {
  return existsSync(folderOf(name));
}

/** Keeps all images of an engine, which runs no container, under a name. */
export async function keepImages(name: string, node: Node): Promise<void> {
  const driver = await node.mustDocker('info', '--format', '{{.Driver}}');
  const fresh = `${folderOf(name)}-fresh`;
  await copyImages(node.data, fresh, driver);
  renameSync(fresh, folderOf(name));
}

/** Gives the kept images to an engine that has never run. */
export async function giveImages(name: string, node: Node): Promise<void> {
  const kept = folderOf(name);
  const [driver = ''] = new Bun.Glob('*').scanSync({ cwd: join(kept, KNOWN), onlyFiles: false });
  await copyImages(kept, node.data, driver);
}

async function copyImages(from: string, to: string, driver: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  await Bun.$`cp -a ${join(from, KNOWN)} ${to}`;
  await Bun.$`cp -al ${join(from, driver)} ${to}`;
}
