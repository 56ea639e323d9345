/**
 * Bun's executable for any system, from npm: loaded by npm itself, so that its registry, proxy and
 * cache apply, and compared with the hash in package-lock.json.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './program.ts';
import { BUN_VERSION, type Target } from './targets.ts';

/** Writes Bun for `target` into `folder`, which is empty. Fails when its hash is another. */
export async function bunFromNpm({ bunPackage, suffix }: Target, folder: string): Promise<string> {
  const spec = `${bunPackage}@${BUN_VERSION}`;
  await Bun.$`npm pack ${spec} --prefer-offline --pack-destination ${folder}`.quiet();
  const [file = ''] = readdirSync(folder);
  const archive = join(folder, file);
  const hash = new Bun.CryptoHasher('sha512').update(await Bun.file(archive).bytes());
  const integrity = `sha512-${hash.digest('base64')}`;
  if (integrity !== lockedIntegrity(bunPackage))
    throw new Error(`${spec} has the hash ${integrity}, and package-lock.json another.`);
  // By its name alone: GNU tar, which Git brings to Windows, takes C: for another machine.
  await Bun.$`tar -xzf ${file}`.cwd(folder);
  return join(folder, `package/bin/bun${suffix}`);
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string } | undefined>>;
}

function lockedIntegrity(name: string): string | undefined {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  return packages[`node_modules/${name}`]?.integrity;
}
