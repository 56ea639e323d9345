#!/usr/bin/env bun
/**
 * The program `seen`: picks the command, and is the only place that ends the process.
 */
import { backup } from './commands/backup.ts';
import type { Command } from './commands/command.ts';
import { deleteCommand } from './commands/delete.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { migrate } from './commands/migrate.ts';
import { replica } from './commands/replica.ts';
import { serve } from './commands/serve.ts';
import { token } from './commands/token.ts';
import { verify } from './commands/verify.ts';
import { version } from './commands/version.ts';
import { environment } from './config/config.ts';
import { AppError, statusesOf } from './counter/errors.ts';

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    serve,
    verify,
    export: exportCommand,
    import: importCommand,
    backup,
    migrate,
    delete: deleteCommand,
    token,
    version,
  }),
);
/** Started by other commands, not by people. */
const inner: ReadonlyMap<string, Command> = new Map([['replica', replica]]);

const USAGE = `Usage: seen COMMAND [FLAGS]

Counts visits: every visit once, and every visitor gets a unique number.

${[...commands].map(([name, { summary }]) => `  seen ${name.padEnd(10)} ${summary}`).join('\n')}

seen COMMAND --help or seen help COMMAND prints the manual of a command, seen --version the version.
`;

/** Flags that most programs accept instead of a command, and the commands that they mean. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-V', 'version'],
  ['-v', 'version'],
]);

async function main([word = 'help', ...argv]: readonly string[]): Promise<number> {
  const name = FLAGS.get(word) ?? word;
  if (name === 'help') {
    const [of] = argv;
    const manual = of === undefined || FLAGS.has(of) ? USAGE : commands.get(of)?.manual();
    if (manual === undefined)
      throw new AppError('usage-invalid', `“${of}” is not a command of seen.\n\n${USAGE}`);
    process.stdout.write(manual);
    return 0;
  }
  const command = commands.get(name) ?? inner.get(name);
  if (!command)
    throw new AppError('usage-invalid', `“${name}” is not a command of seen.\n\n${USAGE}`);
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(command.manual());
    return 0;
  }
  return command.run({
    argv,
    env: environment(),
    print: (text) => process.stdout.write(text),
    endNow: (status) => process.exit(status),
  });
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (error instanceof AppError) {
    process.stderr.write(`seen: ${error.message}\n`);
    process.exit(statusesOf(error.code).exit);
  }
  process.stderr.write(`seen: a bug, please report it: ${Bun.inspect(error)}\n`);
  process.exit(1);
}
