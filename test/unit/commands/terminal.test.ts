/** Ctrl-C for a command that cleans up before it ends, in a process of its own. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { ROOT } from '../../support/program.ts';

/** A command that cleans up for a second after Ctrl-C, and says so. */
const COMMAND = `
import { interruption } from '${join(ROOT, 'src/commands/terminal.ts')}';
using stop = interruption();
stop.signal.addEventListener('abort', () => console.log('cleaning up'));
console.log('begun');
while (!stop.signal.aborted) await Bun.sleep(10);
await Bun.sleep(1000);
console.log('ended in order');
`;

/** Starts the command, sends it SIGINT after each of `pausesMs`; what it says, and its signal. */
async function interrupt(...pausesMs: readonly number[]) {
  const command = Bun.spawn([process.execPath, '-e', COMMAND], { stdout: 'pipe' });
  const reader = command.stdout.getReader();
  const decoder = new TextDecoder();
  let said = decoder.decode((await reader.read()).value);
  for (const pauseMs of pausesMs) {
    await Bun.sleep(pauseMs);
    command.kill('SIGINT');
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
  expect(await interrupt(0, 20, 20)).toEqual({
    said: ['begun', 'cleaning up', 'ended in order'],
    signal: null,
  });
});

test('a second Ctrl-C, half a second later, ends the command at once', async () => {
  expect(await interrupt(0, 700)).toEqual({ said: ['begun', 'cleaning up'], signal: 'SIGINT' });
});
