/** Visitors on the program that users start: across replicas and a restart, and nothing that could tell who they were. */
import { describe, expect, test } from 'bun:test';
import { Program } from './support/program.ts';
import { RedisServer } from './support/redis-server.ts';

const VISITORS = 1000;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
const address = (visitor: number) => `10.${visitor >> 16}.${(visitor >> 8) & 255}.${visitor & 255}`;

/** Everybody visits once, on new connections, so on any replica. */
async function everybodyVisits(url: string): Promise<void> {
  let next = 0;
  const visit = async () => {
    for (let visitor = next++; visitor < VISITORS; visitor = next++) {
      const headers = { 'X-Forwarded-For': address(visitor), 'User-Agent': FIREFOX };
      await (await fetch(`${url}/hit/some/page`, { headers, keepalive: false })).text();
    }
  };
  await Promise.all(Array.from({ length: 16 }, visit));
}

for (const store of ['Redis', 'SQLite'] as const) {
  describe(`on ${store}`, () => {
    test('1,000 visitors are 1,000, within what is stated, on three replicas and after a restart', async () => {
      await using redis = await RedisServer.start();
      const env = store === 'Redis' ? { SEEN_STORE_URL: redis.url } : {};
      await using program = await Program.start({ SEEN_TRUSTED_PROXIES: '127.0.0.1', ...env });
      const started = new Date().getUTCDate();
      await everybodyVisits(program.url);
      await program.stop();
      await program.start();
      await everybodyVisits(program.url);
      const { today, error, visits } = JSON.parse(await program.get('/api/v1/counters/some/page/visitors'));
      expect(visits).toEqual({ person: 2 * VISITORS, program: 0, proxy: 0, bot: 0 });
      // Over midnight everybody is somebody new.
      if (new Date().getUTCDate() !== started) return;
      expect(Math.abs(today / VISITORS - 1)).toBeLessThanOrEqual(4 * error);
      if (store === 'Redis') {
        const keys = (await redis.cli('KEYS', '*')).split('\n');
        const dumps = await Promise.all(keys.map((key) => redis.cli('DUMP', key)));
        expect(keys.join() + dumps.join()).not.toContain(address(7));
      } else {
        const file = await Bun.file(program.database).text();
        const log = await Bun.file(`${program.database}-wal`).text();
        expect(file + log).not.toContain(address(7));
        expect(file + log).not.toContain('Firefox');
      }
    });
  });
}
