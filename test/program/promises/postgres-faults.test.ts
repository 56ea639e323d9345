/**
 * The promises while PostgreSQL is killed, silent, disconnected, unavailable, read-only, out of
 * connections or emptied, and while an administrator ends its transactions.
 */
import { describe, expect, test } from 'bun:test';
import pg from 'pg';
import { until } from '../../support/folder.ts';
import { exactly, load } from '../../support/load.ts';
import { EMPTY } from '../../support/stores/postgres.ts';
import { expectNewBeginning, testServerFaults, testServerOutages } from './on-server.ts';
import {
  failuresOf,
  findingsOf,
  inOrder,
  numbersAfter,
  numbersOf,
  oneTo,
  onPostgres,
  PATHS,
  sharedBy,
  totalOf,
  totalsNow,
  underLoad,
} from './shared.ts';

testServerFaults('PostgreSQL', onPostgres, (on) => {
  test('P3 durable: kill -9 of one process of PostgreSQL, after which it restarts itself, loses no answered hit', async () => {
    const { postgres, program } = on();
    const before = await totalsNow(program);
    const evidence = await underLoad(program, async () => {
      for (let n = 0; n < 3; n++) {
        const [victim] = (
          await postgres.sql(`SELECT pid FROM pg_stat_activity WHERE usename = 'seen'`)
        ).split('\n');
        process.kill(Number(victim), 'SIGKILL');
        await until('it to be there again', () => postgres.sql('SELECT 1'));
        await Bun.sleep(1000);
      }
    });
    expect(await findingsOf(program, evidence, before)).toEqual([]);
    expect(numbersOf(evidence)).toBeGreaterThan(100);
    expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
  });

  test('P6 no downtime: an orderly restart of PostgreSQL fails no request', async () => {
    const { postgres, program } = on();
    const before = await totalsNow(program);
    const evidence = await underLoad(program, async () => {
      for (let n = 0; n < 3; n++) {
        await postgres.stop();
        await postgres.start();
        await Bun.sleep(500);
      }
    });
    expect(await findingsOf(program, evidence, before)).toEqual([]);
    expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
  });

  test('after PostgreSQL was emptied counting begins again at 1, and every replica goes on', async () => {
    const { postgres, program } = on();
    await expectNewBeginning(program, () => postgres.sql(EMPTY));
  });
});

// Redis is unavailable for longer than all deadlines; this tests that Seen connects again.
testServerOutages('PostgreSQL', onPostgres, 15_000, (on) => {
  test('P7 bounded: while PostgreSQL is read-only or out of connections, visits get 503, and recover by themselves', async () => {
    const { postgres, proxy, program } = on();
    for (const [strike, heal] of [
      [
        `ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()`,
        `SET default_transaction_read_only = off;
         ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()`,
      ],
      ['ALTER ROLE seen CONNECTION LIMIT 0', 'ALTER ROLE seen CONNECTION LIMIT -1'],
    ] as const) {
      await postgres.sql(strike);
      proxy.cutAll();
      await until('visits to be refused', async () => {
        const refused = await fetch(program.url);
        expect(refused.headers.get('Retry-After')).toBe('1');
        return refused.status === 503;
      });
      await postgres.sql(heal);
      await until('visits to be counted again', async () => (await fetch(program.url)).ok);
    }
    // No number is given twice, whatever was counted of those that were refused.
    const before = await totalOf(program);
    const { numbers } = await load({
      url: program.url,
      clients: 10,
      keepAlive: true,
      more: exactly(50),
    });
    expect(inOrder(numbers)).toEqual(numbersAfter(before + 1, 50));
  });
});

describe('on PostgreSQL, when its administrator interferes', () => {
  // Long enough for the retries: on a busy machine one batch may be ended many times.
  const on = sharedBy(() => onPostgres({ SEEN_WAIT_MS: '30000' }));

  test('P4 no double count: with transactions cancelled or ended at random every hit counts once', async () => {
    const { postgres, program } = on();
    // One connection: psql would make one each time.
    const admin = new pg.Client(`${postgres.adminUrl}/seen`);
    await admin.connect();
    let ended = 0;
    const evidence = await underLoad(program, async () => {
      // On a fast disk a look may find none: as many looks as it takes.
      for (let n = 0; n < 600 && (n < 60 || ended <= 10); n++) {
        const how = n % 3 === 0 ? 'pg_terminate_backend' : 'pg_cancel_backend';
        const { rows } = await admin.query<{ done: boolean }>(
          `SELECT ${how}(pid) AS done FROM pg_stat_activity
           WHERE usename = 'seen' AND state = 'active'`,
        );
        ended += rows.filter(({ done }) => done).length;
        await Bun.sleep(50);
      }
    });
    await admin.end();
    expect(ended).toBeGreaterThan(10);
    expect(failuresOf(evidence)).toEqual({ refused: [], failed: [] });
    for (const [at, path] of PATHS.entries()) {
      expect(inOrder(evidence[at]!.numbers)).toEqual(oneTo(await totalOf(program, path)));
    }
  });
});
