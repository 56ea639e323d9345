/**
 * A separate program, for a network of its own: replaces the replicas while each visit opens a new
 * connection, and prints the evidence as JSON. Run by `test/program/promises/`.
 */
import { until } from './folder.ts';
import { load } from './load.ts';
import { Program } from './program.ts';

const program = await Program.start({ SEEN_DRAIN_MS: '1000' });
let going = true;
const visits = load({ url: program.url, clients: 16, keepAlive: false, more: () => going });
for (let round = 0; round < 3; round++) {
  const before = await program.replicas();
  program.process.kill('SIGHUP');
  await until(
    'all replicas to be new',
    async () => {
      const now = await program.replicas();
      return now.length === 3 && now.every((pid) => !before.includes(pid));
    },
    60_000,
  );
}
going = false;
const { numbers, refused, failed } = await visits;
await program[Symbol.asyncDispose]();
process.stdout.write(
  JSON.stringify({ answered: numbers.length, refused: [...refused], failed: [...failed] }),
);
