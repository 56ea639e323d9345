#!/usr/bin/env bun
/**
 * The program `seen`: picks the command, and is the only place that ends the process.
 */
import type { Command, Context } from './commands/command.ts';
import { Output } from './commands/output.ts';
import { environment } from './config/config.ts';
import { withoutPassword } from './config/secrets.ts';
import { AppError, statusesOf } from './counter/errors.ts';

const STDOUT = 1;

/** Loads a command. Each loads only what it needs, so that all start fast. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./commands/serve.ts')).serve,
  verify: async () => (await import('./commands/verify.ts')).verify,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  backup: async () => (await import('./commands/backup.ts')).backup,
  migrate: async () => (await import('./commands/migrate.ts')).migrate,
  delete: async () => (await import('./commands/delete.ts')).deleteCommand,
  token: async () => (await import('./commands/token.ts')).token,
  version: async () => (await import('./commands/version.ts')).version,
};
/** Started by other commands, not by people. */
const REPLICA = async () => (await import('./commands/replica.ts')).replica;

/** The command with this name; `undefined` for none. */
async function commandNamed(name: string): Promise<Command | undefined> {
  if (name === 'replica') return REPLICA();
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name]?.() : undefined;
}

/** The list of commands. */
async function usage(): Promise<string> {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => ({ name, ...(await load()) })),
  );
  return `Usage: seen COMMAND [FLAGS]

Counts visits: every visit once, and each gets a number of its own.

${commands.map(({ name, summary }) => `  seen ${name.padEnd(10)} ${summary}`).join('\n')}

seen COMMAND --help or seen help COMMAND prints the manual of a command, seen --version the version.
Each command ends with status 74 when its output could not be written, as on a full disk.
`;
}

/** Flags that most programs accept instead of a command, and the commands that they mean. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-V', 'version'],
  ['-v', 'version'],
]);

async function main(
  [word = 'help', ...argv]: readonly string[],
  print: Context['print'],
): Promise<number> {
  const name = FLAGS.get(word) ?? word;
  if (name === 'help') {
    const [of] = argv;
    const manual =
      of === undefined || FLAGS.has(of) ? await usage() : (await commandNamed(of))?.manual();
    if (manual === undefined) throw await unknownCommand(of ?? '');
    print(manual);
    return 0;
  }
  const command = await commandNamed(name);
  if (!command) throw await unknownCommand(name);
  if (argv.includes('--help') || argv.includes('-h')) {
    print(command.manual());
    return 0;
  }
  return command.run({
    argv,
    env: environment(),
    print,
    endNow: (status) => process.exit(status),
  });
}

async function unknownCommand(name: string): Promise<AppError> {
  const message = `“${withoutPassword(name)}” is not a command of seen.\n\n${await usage()}`;
  return new AppError('usage-invalid', message);
}

/** Runs the command and ends the process with its status. */
async function begin(): Promise<never> {
  // A line of the log that cannot be written (a full disk, a reader that has ended) is lost.
  // Without a listener it would end `seen serve`.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
  const output = new Output(STDOUT);
  try {
    const status = await main(process.argv.slice(2), (text) => output.print(text));
    output.check();
    process.exit(status);
  } catch (error) {
    if (error instanceof AppError) {
      process.stderr.write(`seen: ${error.message}\n`);
      process.exit(statusesOf(error.code).exit);
    }
    process.stderr.write(`seen: a bug, please report it: ${Bun.inspect(error)}\n`);
    process.exit(1);
  }
}

// Without `await`, which a program that is built to bytecode must not have here.
void begin();
