/**
 * Run as `bun test --coverage` of this file: one replica in this process, and `VISITS` plain-text
 * visits to it, one after the other. Its other arguments are those of `seen serve` in `FLAGS`.
 */
import { expect, test } from 'bun:test';
import { composeReplica } from '../../src/commands/compose/replica.ts';
import { composeStore } from '../../src/commands/compose/store.ts';
import { readConfig } from '../../src/config/config.ts';
import { createLog } from '../../src/log.ts';

test('visits', async () => {
  const argv = (process.env['FLAGS'] ?? '').split(' ');
  const config = readConfig({ argv, env: {} });
  const log = createLog({ level: 'warn', format: 'json', replica: 'covered' });
  const { life } = composeReplica(config, await composeStore(config, 'make'), log, false);
  const port = life.start()?.port;
  const url = `http://127.0.0.1:${port}/`;
  const visits = Number(process.env['VISITS']);
  for (let visit = 1; visit <= visits; visit++) {
    const response = await fetch(url, { headers: { Accept: 'text/plain' } });
    expect(await response.text()).toContain(` ${visit} times`);
  }
  await life.stop();
});
