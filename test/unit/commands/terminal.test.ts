/** Signals for a command that cleans up before it ends, in a process of its own. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { ROOT } from '../../support/program.ts';

/** A command that cleans up for `cleanUpMs` after Ctrl-C, and says so. */
const commandFor = (cleanUpMs: number) => `
import { interruption } from '${join(ROOT, 'src/commands/terminal.ts')}';
using stop = interruption();
stop.signal.addEventListener('abort', () => console.log('cleaning up'));
console.log('begun');
while (!stop.signal.aborted) await Bun.sleep(10);
await Bun.sleep(${cleanUpMs});
console.log('ended in order');
`;

/** What is different from a command that cleans up for a second. */
interface Different {
  readonly cleanUpMs?: number;
  /** A command before the command. */
  readonly wrap?: readonly string[];
}

/** Starts the command, sends it SIGINT after each of `pausesMs`; what it says, and its signal. */
const interrupt = (pausesMs: readonly number[], different?: Different) =>
  send(
    pausesMs.map((pauseMs) => [pauseMs, 'SIGINT']),
    different,
  );

/** The same with other signals. */
async function send(
  signals: readonly (readonly [pauseMs: number, signal: NodeJS.Signals])[],
  { cleanUpMs = 1000, wrap = [] }: Different = {},
) {
  const command = Bun.spawn([...wrap, process.execPath, '-e', commandFor(cleanUpMs)], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
  });
  const reader = command.stdout.getReader();
  const decoder = new TextDecoder();
  let said = decoder.decode((await reader.read()).value);
  for (const [pauseMs, signal] of signals) {
    await Bun.sleep(pauseMs);
    command.kill(signal);
  }
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    said += decoder.decode(value);
  }
  await command.exited;
  return { said: said.trim().split('\n'), signal: command.signalCode };
}

test('Ctrl-C that npm and the command seen pass on once more is one interruption', async () => {
  expect(await interrupt([0, 20, 20])).toEqual({
    said: ['begun', 'cleaning up', 'ended in order'],
    signal: null,
  });
});

test('a second Ctrl-C, half a second later, ends the command at once', async () => {
  expect(await interrupt([0, 700], { cleanUpMs: 30_000 })).toEqual({
    said: ['begun', 'cleaning up'],
    signal: 'SIGINT',
  });
});

test('SIGTERM and a closed terminal end the command in order, too', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const)
    expect(await send([[0, signal]])).toEqual({
      said: ['begun', 'cleaning up', 'ended in order'],
      signal: null,
    });
});

test('under nohup a closed terminal ends nothing, and Ctrl-C still does', async () => {
  const signals = [
    [0, 'SIGHUP'],
    [700, 'SIGINT'],
    [100, 'SIGHUP'],
  ] as const;
  expect(await send(signals, { wrap: ['nohup'] })).toEqual({
    said: ['begun', 'cleaning up', 'ended in order'],
    signal: null,
  });
});
