/**
 * Updates and crashes of Seen behind nginx and Caddy, under load, with the files of deploy/proxy/
 * and the kernel's setting of deploy/systemd/. That needs a network of its own.
 */
import { afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/folder.ts';
import { expectNoFailure, report, underLoad } from '../support/judge.ts';
import { Program, ROOT } from '../support/program.ts';
import { PROXIES, type Proxy } from '../support/proxies.ts';

/** How often all replicas are replaced. */
const ROUNDS = 3;

let seen: Program;
let proxy: Proxy;

beforeAll(() => {
  const [, key = '', value = ''] =
    /^(net\S+) = (\d)$/m.exec(readFileSync(join(ROOT, 'deploy/systemd/sysctl.conf'), 'utf8')) ??
    [];
  writeFileSync(`/proc/sys/${key.replaceAll('.', '/')}`, value);
});

afterEach(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await seen?.[Symbol.asyncDispose]();
});

/** How many processes listen on Seen's port. */
async function listeners(): Promise<number> {
  const filter = `sport = :${new URL(seen.url).port}`;
  return (await Bun.$`ss -ltnH ${filter}`.text()).split('\n').filter(Boolean).length;
}

for (const { name, start } of PROXIES) {
  const begin = async () => {
    seen = await Program.start({ SEEN_TRUSTED_PROXIES: '127.0.0.1' });
    proxy = await start({ port: Number(new URL(seen.url).port) });
  };

  describe(`behind ${name}`, () => {
    test('no visit fails while the replicas are replaced', async () => {
      await begin();
      const judged = await underLoad(proxy.url, async () => {
        for (let round = 1; round <= ROUNDS; round++) {
          seen.process.kill('SIGHUP');
          await until(
            'all replicas to be replaced',
            () => seen.out.split('test-3 is replaced').length > round,
            60_000,
          );
        }
      });
      expectNoFailure(judged);
    });

    test('no visit is counted twice when replicas are killed during requests', async () => {
      await begin();
      const judged = await underLoad(proxy.url, async () => {
        for (const replica of await seen.replicas()) {
          process.kill(replica, 'SIGKILL');
          await until('another to listen', async () => {
            const now = await seen.replicas();
            return !now.includes(replica) && (await listeners()) === 3;
          });
        }
      });
      report(`replicas killed behind ${name}`, judged);
      expect(judged.wrong).toEqual([]);
      expect(judged.answered).toBeGreaterThan(judged.failures);
    });
  });
}
