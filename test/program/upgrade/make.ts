/**
 * `npm run upgrade-data`: writes what this version of Seen stores, on each store, to
 * `test/program/upgrade/VERSION/`. Run it when a version is released: the tests of the next ones
 * begin with these files (`upgrade.test.ts`).
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../../package.json' with { type: 'json' };
import { INSTALLATION } from '../../support/manage.ts';
import { Program } from '../../support/program.ts';
import { endPostgres } from '../../support/stores/postgres.ts';
import { NEW_DATABASE, type StoreName } from '../../support/stores/stores.ts';
import { fill } from './data.ts';
import { DUMPS } from './dumps.ts';

const folder = join(import.meta.dir, version);
if (existsSync(folder)) {
  throw new Error(`The data of version ${version} is there already: ${folder}`);
}
mkdirSync(folder);
for (const [name, newDatabase] of Object.entries(NEW_DATABASE)) {
  const { file, dump } = DUMPS[name as StoreName];
  await using database = await newDatabase();
  await using program = await Program.start({
    SEEN_STORE_URL: database.url,
    SEEN_TOKEN: INSTALLATION,
  });
  const filled = await fill(program);
  await program.stop();
  writeFileSync(join(folder, file), await dump(database.url));
  writeFileSync(join(folder, `${file}.said.json`), `${JSON.stringify(filled, undefined, 2)}\n`);
  process.stdout.write(`${join(folder, file)}\n`);
}
await endPostgres();
