/**
 * A pod as a process of this machine: with its variables, its volumes in their places, its user, a
 * file system that cannot be written, and no rights of root.
 *
 * In place of the image are the machine's programs, and this project at its own path. Ports are
 * those of `ports`, because two tests may run at once. Not here: what Kubernetes does with pods.
 */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../folder.ts';
import { ROOT } from '../program.ts';
import type { PodOf } from './pods.ts';

const isRoot = process.getuid?.() === 0;

export interface PodOptions {
  readonly pod: PodOf;
  /** Instead of the command of the image. */
  readonly command: readonly string[];
  readonly workingFolder: string;
  readonly env: Readonly<Record<string, string>>;
  /** The content of the secrets: by the name of the secret, then by key. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export class RunningPod implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly #options: PodOptions;
  #process: Bun.Subprocess<'ignore', 'pipe', 'pipe'> | undefined;
  #said: Promise<string> = Promise.resolve('');

  constructor(options: PodOptions) {
    this.#options = options;
    mkdirSync(join(this.#folder.path, 'root'));
    // The names of Services, which the cluster resolves.
    writeFileSync(join(this.#folder.path, 'hosts'), '127.0.0.1 localhost redis postgres\n');
    for (const [name] of this.#mounts()) this.#fill(name);
  }

  /** Starts it, again with the same volumes. */
  start(): void {
    const { pod, command, workingFolder, env } = this.#options;
    const volumes = this.#mounts().flatMap(([name, path, mode]) => [
      this.folderOf(name),
      path,
      mode,
    ]);
    const inside = 'cd "$0" && exec "$@"';
    this.#process = Bun.spawn(
      [
        'unshare',
        ...(isRoot ? [] : ['--map-root-user']),
        '--mount',
        'sh',
        join(import.meta.dir, 'pod-root.sh'),
        join(this.#folder.path, 'root'),
        join(this.#folder.path, 'hosts'),
        ROOT,
        ...volumes,
        '--',
        ...rightsOf(pod),
        'sh',
        '-c',
        inside,
        workingFolder,
        ...command,
      ],
      {
        env: { PATH: process.env['PATH'] ?? '', ...env },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      },
    );
    const { stdout, stderr } = this.#process;
    this.#said = Promise.all([new Response(stdout).text(), new Response(stderr).text()]).then(
      (texts) => texts.join(''),
    );
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#process?.exitCode !== null || this.#process.signalCode !== null;
  }

  /** All that it has logged, once it has ended. */
  get log(): Promise<string> {
    return this.#said;
  }

  /** The folder of a volume, outside of the pod. */
  folderOf(volume: string): string {
    return join(this.#folder.path, 'volumes', volume);
  }

  /** Sends a signal; answers the exit status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.#process?.kill(signal);
    return (await this.#process?.exited) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process && !this.ended) await this.stop('SIGKILL');
    this.#folder[Symbol.dispose]();
  }

  /** Each volume with its path in the container. */
  #mounts(): [name: string, path: string, mode: 'ro' | 'rw'][] {
    return (this.#options.pod.container.volumeMounts ?? []).map(
      ({ name, mountPath, readOnly }) => [name, mountPath, readOnly ? 'ro' : 'rw'],
    );
  }

  /** The folder of a volume, with owners and modes as Kubernetes gives them. */
  #fill(volume: string): void {
    const { pod, secrets } = this.#options;
    const place = this.folderOf(volume);
    const group = pod.spec.securityContext?.fsGroup ?? 0;
    mkdirSync(place, { recursive: true });
    const secret = pod.spec.volumes?.find(({ name }) => name === volume)?.secret;
    for (const [key, text] of Object.entries(secrets[secret?.secretName ?? ''] ?? {})) {
      writeFileSync(join(place, key), text);
      if (isRoot) chownSync(join(place, key), 0, group);
      chmodSync(join(place, key), secret?.defaultMode ?? 0o644);
    }
    if (isRoot) chownSync(place, 0, group);
    chmodSync(place, 0o2775);
  }
}

/** The command that takes the rights away, before the command. */
function rightsOf({ spec }: PodOf): string[] {
  const { runAsUser, runAsGroup, fsGroup } = spec.securityContext ?? {};
  return [
    'setpriv',
    // Without root there is one user only, which is not root outside.
    ...(isRoot ? [`--reuid=${runAsUser}`, `--regid=${runAsGroup}`, `--groups=${fsGroup}`] : []),
    '--inh-caps=-all',
    '--bounding-set=-all',
    '--no-new-privs',
  ];
}
