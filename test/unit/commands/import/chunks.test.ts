/** Imports from a file on disk that another program writes meanwhile. */
import { expect, test } from 'bun:test';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../../../../src/commands/import/check.ts';
import { importChunks } from '../../../../src/commands/import/chunks.ts';
import { openFile } from '../../../../src/commands/import/file-source.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { newSqlite } from '../../../support/stores/sqlite.ts';

test('an import stops at the first step after its file was changed, and says how to go on', async () => {
  using folder = temporaryFolder();
  await using database = await newSqlite();
  const store = database.open();
  const path = join(folder.path, 'list.csv');
  const lines = Array.from({ length: 500 }, (_, index) => `my-site/page-${index},7\n`);
  writeFileSync(path, lines.join(''));
  const source = await openFile(path, undefined, { namespace: undefined, as: undefined });
  const { counters } = await check(source);
  const terms = { source: source.digest(), existing: 'add' } as const;
  const transfer = { source, terms, as: undefined, counters };
  const work = importChunks(transfer, async (chunk, how) => {
    const outcomes = await store.archive.importAll(chunk, how);
    appendFileSync(path, 'my-site/another,1\n');
    return outcomes;
  });
  await expect(work).rejects.toThrow(
    /was changed while it was read\..*--existing add would add again what was imported/,
  );
  // The first step has a hundred counters.
  expect(await store.registry.size()).toBe(100);
  await store.close();
});
