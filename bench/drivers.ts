/**
 * `npx bun bench/drivers.ts`: how much load `seen verify` puts on Seen, compared with wrk with as
 * many connections of the same two kinds. They alternate on one Seen with three replicas and
 * Redis; the figures are medians of five rounds of 4 s.
 */
import { join } from 'node:path';
import { Program, ROOT } from '../test/support/program.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { median } from './median.ts';

const ROUNDS = 5;
const SECONDS = 4;
/** Half of the connections are kept, half are new for each visit, as in `seen verify`. */
const CONNECTIONS = 50;

async function byVerify(url: string): Promise<number> {
  const flags = `--for ${SECONDS}s --clients ${CONNECTIONS}`.split(' ');
  const out =
    await Bun.$`${process.execPath} ${join(ROOT, 'src/main.ts')} verify ${url} ${flags}`.text();
  return Number(/, ([\d,]+) a second/.exec(out)?.[1]?.replaceAll(',', ''));
}

async function byWrk(url: string): Promise<number> {
  const half = CONNECTIONS / 2;
  const outs = await Promise.all([
    Bun.$`wrk -t1 -c${half} -d${SECONDS}s ${url}`.text(),
    Bun.$`wrk -t1 -c${half} -d${SECONDS}s -H ${'Connection: close'} ${url}`.text(),
  ]);
  return outs.reduce((sum, out) => sum + Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1]), 0);
}

await using redis = await RedisServer.start();
await using program = await Program.start({ SEEN_STORE_URL: redis.url });
const verify: number[] = [];
const wrk: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  verify.push(await byVerify(program.url));
  wrk.push(await byWrk(program.url));
}
process.stdout.write(
  `visits/s: seen verify ${Math.round(median(verify))}, wrk ${Math.round(median(wrk))}; ratio ${(median(verify) / median(wrk)).toFixed(2)}\n`,
);
