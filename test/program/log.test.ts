/** A log that cannot be written: the started program counts without it. */
import { expect, test } from 'bun:test';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';

/** Commands before the command, which take its output. */
const OUTPUTS = {
  'is on a full disk': ['sh', '-c', 'exec "$@" > /dev/full', 'sh'],
  'has no reader any more': ['bash', '-c', 'exec "$@" > >(exit)', 'bash'],
};

for (const [what, wrap] of Object.entries(OUTPUTS)) {
  test(`a log that ${what}: visits are counted, replicas are replaced, and nothing else is printed`, async () => {
    for (const replicas of ['1', '2']) {
      await using program = await Program.prepare({ SEEN_REPLICAS: replicas }, wrap);
      await program.start();
      expect(await program.visit()).toBe(1);
      const before = await program.replicas();
      program.process.kill('SIGHUP');
      if (replicas === '2') {
        await until('the replicas to be replaced', async () => {
          const now = await program.replicas();
          return now.filter((pid) => !before.includes(pid)).length === 2;
        });
      }
      expect(await program.visit()).toBe(2);
      expect(await program.stop()).toBe(0);
      expect(program.err).toBe('');
    }
  });
}
