/** Replicas that cannot be started, with small processes in their places. */
import { expect, test } from 'bun:test';
import { pino } from 'pino';
import { Supervisor } from '../../../src/replicas/supervisor.ts';
import { until } from '../../support/folder.ts';

/** Listens at once and lives until it is killed. */
const LISTENS = `
  process.on('message', ({ say, id }) => {
    if (say === 'report') process.send({ say: 'reported', id, metrics: [] });
  });
  process.send({ say: 'listening' });
`;

test('a start of which one replica fails starts no process again, neither its own nor those that are killed then', async () => {
  const started: string[] = [];
  const lines: string[] = [];
  const supervisor = new Supervisor({
    names: ['one', 'two', 'three'],
    command: (name) => {
      started.push(name);
      if (name === 'two') return ['sh', '-c', 'exit 3'];
      return [process.execPath, '-e', LISTENS];
    },
    stopMs: 1000,
    log: pino({ base: null }, { write: (line) => lines.push(line) }),
  });
  await expect(supervisor.start()).rejects.toMatchObject({
    code: 'replica-failed',
    message: 'two ended before listening. The lines above have the reason.',
  });
  expect(await supervisor.metrics()).toHaveLength(2);
  supervisor.kill();
  await until('them to end', async () => (await supervisor.metrics()).length === 0);
  expect({ started, lines }).toEqual({ started: ['one', 'two', 'three'], lines: [] });
});
