/** The secrets that `deploy/secrets.sh --kubernetes` makes, as a real kubectl writes them. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathWith, quoted } from '../bin.ts';
import { ROOT } from '../program.ts';
import { kubectl } from './kubectl.ts';
import { Objects, objectsIn } from './objects.ts';

/**
 * As kubectl with a cluster: it keeps secrets as files in a folder. What is in them comes from the
 * real kubectl, which needs no cluster for that.
 */
const standIn = (real: string, made: string) => `made=${quoted(made)}
[ "$1 $2" = '-n seen' ] || exit 64
case "$3 $4" in
  'get secret') test -e "$made/$5" ;;
  'create secret') name=$6; ${quoted(real)} "$@" --dry-run=client -o yaml > "$made/$name" ;;
  *) exit 64 ;;
esac`;

/** A place for secrets, in a folder that is empty at first. */
export class Secrets {
  readonly #folder: string;
  readonly #path: string;

  private constructor(folder: string, path: string) {
    this.#folder = folder;
    this.#path = path;
  }

  static async in(folder: string): Promise<Secrets> {
    const made = join(folder, 'made');
    mkdirSync(made);
    const lines = standIn(await kubectl(), made);
    return new Secrets(folder, pathWith(folder, { kubectl: lines }));
  }

  /** Runs a command of the shell in the project's folder; answers what it says. */
  async run(command: string): Promise<string> {
    const { stdout, stderr } = await Bun.$`sh -c ${command}`
      .cwd(ROOT)
      .env({ PATH: this.#path })
      .quiet()
      .nothrow();
    return `${stdout.toString()}${stderr.toString()}`;
  }

  /** The objects that were made. */
  get objects(): Objects {
    const made = join(this.#folder, 'made');
    return new Objects(
      readdirSync(made).flatMap((name) => objectsIn(readFileSync(join(made, name), 'utf8'))),
    );
  }

  /** What is in them: by the name of the secret, then by key. */
  get contents(): Record<string, Record<string, string>> {
    return Object.fromEntries(
      this.objects
        .every('Secret')
        .map(({ metadata, data = {} }) => [
          metadata?.name ?? '',
          Object.fromEntries(
            Object.entries(data).map(([key, text]) => [
              key,
              Buffer.from(text, 'base64').toString(),
            ]),
          ),
        ]),
    );
  }
}
