/**
 * docs/scale.md: runs each command, for a shorter time and with fewer replicas, and checks its
 * counts, but not its speed.
 */
import { describe, expect, test } from 'bun:test';
import { commandsIn } from '../support/clone.ts';
import { temporaryFolder } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';

const commands = commandsIn('docs/scale.md');

describe('docs/scale.md', () => {
  test('has commands', () => expect(commands.length).toBeGreaterThan(2));

  for (const command of commands) {
    test(command, async () => {
      using folder = temporaryFolder();
      const [npx, bun, ...words] = command.split(' ');
      expect([npx, bun]).toEqual(['npx', 'bun']);
      const shorter = words.map((word) => (word === 'docs/scale' ? folder.path : word));
      const program = Bun.spawn(
        [process.execPath, ...shorter, ...'--seconds 0.5 --warm 0.1 --replicas 1,3'.split(' ')],
        {
          cwd: ROOT,
          stdin: 'ignore',
          stdout: 'pipe',
          stderr: 'pipe',
        },
      );
      const [out, error] = await Promise.all([
        new Response(program.stdout).text(),
        new Response(program.stderr).text(),
      ]);
      expect({ status: await program.exited, error }).toEqual({ status: 0, error: '' });
      expect(out).toContain('\n| 3 |');
      expect(out).toEndWith('\nAll totals are what was answered.\n');
    }, 60_000);
  }
});
