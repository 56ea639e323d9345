/**
 * The backup of Redis in docs/operations.md, made while visits arrive: a copy of its folder,
 * packed by tar.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, until } from '../../../support/folder.ts';
import { Program, ROOT } from '../../../support/program.ts';
import { RedisServer, SAFE } from '../../../support/redis-server.ts';

describe('a copy of Redis’ folder', () => {
  test('contains each visit that was answered before it began, and another Redis can load it', async () => {
    // What is run here is what the document says.
    expect(readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')).toContain(
      'tar -C /data -cz . > seen-backup.tar.gz',
    );
    using folder = temporaryFolder();
    await using redis = await RedisServer.start();
    await using program = await Program.start({ SEEN_STORE_URL: redis.url });
    const stop = new AbortController();
    let answered = 0;
    let whole = 0;
    const visitors = [1, 2, 3, 4].map(async () => {
      while (!stop.signal.aborted)
        answered = Math.max(answered, await program.visit('/hit/my-site/page'));
    });
    await until('visits', () => answered > 100);
    const place = (await redis.cli('CONFIG', 'GET', 'dir')).split('\n')[1] ?? '';
    for (let round = 0; round < 5; round++) {
      const before = answered;
      const copy = join(folder.path, `copy-${round}`);
      await Bun.$`mkdir ${copy} && tar -C ${place} -cz . | tar -C ${copy} -xz`.quiet().nothrow();
      const after = answered;
      const check =
        await Bun.$`redis-check-aof ${join(copy, 'appendonlydir/appendonly.aof.manifest')}`
          .quiet()
          .nothrow();
      // Redis may have rewritten its file in that moment: the document says to take another copy
      // then.
      if (check.exitCode !== 0) continue;
      whole++;
      await using restored = await RedisServer.start({ ...SAFE, dir: copy });
      const total = Number(await restored.cli('GET', 'seen:total:my-site/page'));
      expect(total).toBeGreaterThanOrEqual(before);
      expect(total).toBeLessThanOrEqual(after + visitors.length);
      await until('more visits', () => answered > after + 20);
    }
    stop.abort();
    await Promise.all(visitors);
    expect(whole).toBeGreaterThan(0);
  });
});
