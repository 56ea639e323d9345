/**
 * The images of this run, kept in a folder: an engine that starts on a copy of it needs no `docker
 * load`.
 *
 * Copies share the files of layers by hard links. This is safe: containers do not change a layer
 * (overlayfs copies a file before it changes, https://docs.kernel.org/filesystems/overlayfs.html;
 * vfs gives each container a copy), and engines only add and remove layers. The only file that
 * they write again, `committed`, is always empty. The folder `image` lists the images; engines
 * rewrite its files, so these are really copied.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from './node.ts';
import { worldFolder } from './world.ts';

/** The folder in which an engine lists its images and their layers, by its storage driver. */
const LIST = 'image';
/** The storage drivers whose layers are folders of files. */
const DRIVERS = ['overlay2', 'vfs'];

const folderOf = (name: string) => join(worldFolder(), 'images', name);

/** Whether images are kept under this name. */
export function areKept(name: string): boolean {
  return existsSync(folderOf(name));
}

/** Keeps all images of an engine, which runs no container, under a name. */
export async function keepImages(name: string, node: Node): Promise<void> {
  const unfinished = `${folderOf(name)}-unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  await copyImages(node.data, unfinished);
  renameSync(unfinished, folderOf(name));
}

/** Gives the kept images to an engine that has never run. */
export function giveImages(name: string, node: Node): Promise<void> {
  return copyImages(folderOf(name), node.data);
}

async function copyImages(from: string, to: string): Promise<void> {
  const driver = readdirSync(join(from, LIST)).join(', ');
  if (!DRIVERS.includes(driver))
    throw new Error(`Images can be kept with ${DRIVERS.join(' and ')}, not with ${driver}.`);
  mkdirSync(to, { recursive: true });
  await Bun.$`cp -a ${join(from, LIST)} ${to}`;
  await Bun.$`cp -al ${join(from, driver)} ${to}`;
}
