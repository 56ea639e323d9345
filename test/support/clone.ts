/** A clone of the project in an empty folder, and the commands that a reader types in it. */
import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, until } from './folder.ts';
import { ROOT } from './program.ts';

/** The commands in the `bash` blocks of a document, a line each. */
export function commandsIn(document: string): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/```bash\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
}

/** Copies the files of the project as they are now, without what is ignored, into a folder. */
export async function copyFilesTo(folder: string): Promise<void> {
  // git lists files that are deleted and not committed, too.
  const existing = 'for file; do test ! -e "$file" || printf "%s\\0" "$file"; done';
  await Bun.$`git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c ${existing} sh | xargs -0 cp --parents -t ${folder}`.cwd(
    ROOT,
  );
}

export class Clone implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly #settings: Readonly<Record<string, string>>;
  readonly #adapt: (command: string) => string;
  readonly #running: { program: Bun.Subprocess; url: string }[] = [];
  readonly path = join(this.#folder.path, 'seen');

  private constructor(
    settings: Readonly<Record<string, string>>,
    adapt: (command: string) => string,
  ) {
    this.#settings = settings;
    this.#adapt = adapt;
  }

  /**
   * Clones the files as they are now, without what is ignored: a clone of the next commit has
   * them. Commands get `settings` in their environment, and run as `adapt` returns them.
   */
  static async create(
    settings: Readonly<Record<string, string>> = {},
    adapt = (command: string) => command,
  ): Promise<Clone> {
    const clone = new Clone(settings, adapt);
    await Bun.$`git clone --quiet ${ROOT} ${clone.path}`;
    await copyFilesTo(clone.path);
    return clone;
  }

  /** Runs a command to its end and answers what it printed. Fails when the command does. */
  async run(command: string): Promise<string> {
    const program = this.#spawn(['sh', '-c', this.#adapt(command)]);
    const [out, error] = await Promise.all([
      new Response(program.stdout).text(),
      new Response(program.stderr).text(),
    ]);
    expect({ command, status: await program.exited, error }).toEqual({
      command,
      status: 0,
      error: expect.any(String),
    });
    return out;
  }

  /** Starts a command that runs until it is stopped; resolves when `url` is answered with 2xx. */
  async begin(command: string, url: string): Promise<void> {
    await this.stop();
    // Not through a shell, which would keep the signal that stops it to itself.
    const program = this.#spawn(['env', ...this.#adapt(command).split(' ')]);
    this.#running.push({ program, url });
    await until(
      `“${command}” to take visits`,
      async () => {
        if (program.exitCode !== null) throw new Error(await new Response(program.stderr).text());
        return (await fetch(url)).ok;
      },
      150_000,
    );
  }

  /** Stops what `begin` started. npm ends before Seen does. */
  async stop(): Promise<void> {
    for (const { program, url } of this.#running.splice(0)) {
      program.kill('SIGTERM');
      await program.exited;
      await until(`${url} not to be answered any more`, () =>
        fetch(url).then(
          () => false,
          () => true,
        ),
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#folder[Symbol.dispose]();
  }

  #spawn(words: readonly string[]): Bun.Subprocess<'ignore', 'pipe', 'pipe'> {
    const { PATH = '', HOME = '' } = process.env;
    return Bun.spawn([...words], {
      cwd: this.path,
      env: {
        ...npmSettings(),
        // Without the programs of this checkout: the clone has to bring its own.
        PATH: PATH.split(':')
          .filter((entry) => !entry.includes('node_modules'))
          .join(':'),
        HOME,
        ...this.#settings,
      },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
  }
}

/** How npm reaches the registry on this machine. */
export function npmSettings(): Record<string, string> {
  const ours = /^(npm_config_|NODE_EXTRA_CA_CERTS$|SSL_CERT_|https?_proxy$|no_proxy$)/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => ours.test(name)),
  ) as Record<string, string>;
}
