/**
 * `npm run bench`: the cost of a visit, compared with alternatives, in one run on one machine. It
 * writes its page, and all figures into bench/results/.
 *
 * Usage: npm run bench -- [--rounds 5] [--seconds 2] [--warm 12] [--only PART]
 * [--page docs/bench.md] [--readme README.md]. `--warm` is how many seconds each service is loaded
 * before the first round. `--only` measures only what has PART in its name: `webdis`, `badge`,
 * `Seen on SQLite: GET /, 64`, `start on`, `listeners on`, `image`. The loads: scenarios.ts;
 * measuring: measure.ts; the page: page.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure } from './measure.ts';
import { page, writePage, writeReadme } from './page.ts';

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      warm: { type: 'string', default: '12' },
      only: { type: 'string', default: '' },
      page: { type: 'string' },
      readme: { type: 'string' },
    },
  });
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  for (const number of [rounds, seconds]) {
    if (!Number.isInteger(number) || number < 1)
      throw new Error('--rounds and --seconds must be whole numbers above 0.');
  }
  const warmSeconds = Number(values.warm);
  if (!Number.isInteger(warmSeconds) || warmSeconds < 0)
    throw new Error('--warm must be a whole number of seconds, or 0.');
  if (Bun.which('wrk') === null)
    throw new Error('The bench needs wrk: install the package of that name.');
  const results = await measure({ rounds, seconds, warmSeconds, only: values.only });
  const folder = join(import.meta.dir, 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${results.startedAt.replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(`${page(results, 'bench').text}\nAll figures: ${file}\n`);
  if (values.page !== undefined) writePage(results, values.page);
  if (values.readme !== undefined) writeReadme(results, values.readme);
}

await main(process.argv.slice(2));
