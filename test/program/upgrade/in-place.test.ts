/** A new version in the files of the running one, as an update of a package puts it there. */
import { expect, test } from 'bun:test';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import own from '../../../package.json' with { type: 'json' };
import { temporaryFolder, until } from '../../support/folder.ts';
import { load } from '../../support/load.ts';
import { Program, ROOT } from '../../support/program.ts';

/** The versions of the replicas that the program lists. */
async function versions(program: Program): Promise<string[]> {
  const { replicas } = JSON.parse(await program.get('/api/v1/stack')) as {
    replicas: readonly { version: string; state: string }[];
  };
  return replicas.filter(({ state }) => state === 'ready').map(({ version }) => version);
}

test('SIGHUP starts the replicas of the version that is in the files now, and the one before it again, and no visit fails', async () => {
  using folder = temporaryFolder();
  const files = join(folder.path, 'seen');
  mkdirSync(files);
  cpSync(join(ROOT, 'src'), join(files, 'src'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(files, 'node_modules'));
  const install = (version: string) =>
    writeFileSync(join(files, 'package.json'), JSON.stringify({ ...own, version }));
  install('1.0.0');
  const seen = [process.execPath, join(files, 'src/main.ts')];
  await using program = await Program.prepare({ SEEN_DRAIN_MS: '1000' }, [], seen);
  await program.start();
  let going = true;
  const visits = load({ url: program.url, clients: 8, keepAlive: true, more: () => going });
  for (const version of ['1.0.1', '1.0.0']) {
    install(version);
    program.out = '';
    program.process.kill('SIGHUP');
    await until(
      'the replicas to be replaced',
      async () => program.lines().some(({ msg }) => msg === 'all replicas are replaced'),
      60_000,
    );
    // The list follows within some seconds.
    await until(
      `three replicas of ${version}`,
      async () => (await versions(program)).join() === [version, version, version].join(),
    );
  }
  going = false;
  const { numbers, refused, failed } = await visits;
  expect({ refused: [...refused], failed: [...failed] }).toEqual({ refused: [], failed: [] });
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(await program.stop()).toBe(0);
});
