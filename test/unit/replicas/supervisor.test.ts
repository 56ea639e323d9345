/** The parent of replicas that start, stop and die, with small processes in their places. */
import { expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { Supervisor } from '../../../src/replicas/supervisor.ts';
import { temporaryFolder, until } from '../../support/folder.ts';

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

/** Listens at once. Told to stop, it makes the file `stopping` and waits for the file `go`. */
const stopsLater = (folder: string) => `
  const { existsSync, writeFileSync } = require('node:fs');
  process.on('message', async ({ say }) => {
    if (say !== 'stop') return;
    writeFileSync('${folder}/stopping', '');
    while (!existsSync('${folder}/go')) await Bun.sleep(10);
    process.exit(0);
  });
  process.send({ say: 'listening' });
`;

test('a stop while replicas are being replaced starts no other replica', async () => {
  using folder = temporaryFolder();
  const started: string[] = [];
  const supervisor = new Supervisor({
    names: ['one', 'two'],
    command: (name) => {
      started.push(name);
      return [process.execPath, '-e', stopsLater(folder.path)];
    },
    stopMs: 60_000,
    log: pino({ level: 'silent' }),
  });
  try {
    await supervisor.start();
    const replacing = supervisor.replaceAll();
    await until('the old one to stop', () => existsSync(join(folder.path, 'stopping')));
    const stopping = supervisor.stop();
    writeFileSync(join(folder.path, 'go'), '');
    await Promise.all([stopping, replacing]);
    expect(started).toEqual(['one', 'two', 'one']);
  } finally {
    supervisor.kill();
  }
});

/** Listens at once. Told to stop, it ends with this status. */
const stopsWith = (status: number) => `
  process.on('message', ({ say }) => say === 'stop' && process.exit(${status}));
  process.send({ say: 'listening' });
`;

test('a replica that dies during a stop is logged and named, and the stop fails', async () => {
  const lines: string[] = [];
  const supervisor = new Supervisor({
    names: ['one', 'two'],
    command: (name) => [process.execPath, '-e', stopsWith(name === 'two' ? 3 : 0)],
    stopMs: 60_000,
    log: pino({ base: null }, { write: (line) => lines.push(line) }),
  });
  await supervisor.start();
  await expect(supervisor.stop()).rejects.toMatchObject({
    code: 'replica-failed',
    message: 'two ended by itself during its stop; its unfinished requests are cut off.',
  });
  expect(lines).toEqual([
    expect.stringMatching(/"status":3,"msg":"two ended by itself during its stop"/),
  ]);
});

/** Listens at once, and never replies. */
const HANGS = `
  process.on('message', () => undefined);
  process.send({ say: 'listening' });
`;

test('one ready replica makes all ready at once, while another hangs', async () => {
  const supervisor = new Supervisor({
    names: ['one', 'two'],
    command: (name) => [process.execPath, '-e', name === 'one' ? HANGS : LISTENS],
    stopMs: 60_000,
    log: pino({ level: 'silent' }),
  });
  try {
    await supervisor.start();
    const order: string[] = [];
    await Promise.all([
      // Waits for both.
      supervisor.metrics().then(() => order.push('metrics')),
      supervisor.unready().then((reason) => order.push(`unready: ${reason}`)),
    ]);
    expect(order).toEqual(['unready: undefined', 'metrics']);
  } finally {
    supervisor.kill();
  }
});
