/** The start of one replica, with the test in the place of its parent. */
import { expect, test } from 'bun:test';
import { freePort, until } from '../support/folder.ts';
import { MAIN, Program } from '../support/program.ts';

test('a replica that is stopped while it waits for the store never says that it listens', async () => {
  await using program = await Program.prepare({
    SEEN_STORE_URL: `redis://127.0.0.1:${await freePort()}`,
  });
  const said: unknown[] = [];
  const replica = Bun.spawn([process.execPath, MAIN, 'replica'], {
    env: program.environment,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    ipc: (message: { readonly say: string }) => said.push(message.say),
  });
  // Its first lines of the log: it waits.
  const { value } = await replica.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toContain('Trying again');
  replica.send({ say: 'ping' });
  await until('it to answer', () => said.length > 0);
  replica.send({ say: 'stop' });
  expect({ status: await replica.exited, said }).toEqual({ status: 0, said: ['pong'] });
});
