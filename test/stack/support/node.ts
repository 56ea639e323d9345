/**
 * One node of a Swarm: a Docker engine in namespaces of its own, on a bridge of the world.
 *
 * Killing the node's first process ends the engine and all of its containers at once, as a power
 * cut does.
 */
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/folder.ts';
import { clientFolder } from './client.ts';
import { cgroupOf, worldFolder } from './world.ts';

const BRIDGE = 'seen0';
const NETWORK = '10.99.0';
const GATEWAY = `${NETWORK}.254`;

export interface Said {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

/**
 * kept-images.ts copies images as Docker keeps them before version 29. That keeps them in
 * containerd unless told otherwise, so its default is not tested here.
 */
const SETTINGS = { features: { 'containerd-snapshotter': false } };

/** Another engine than the machine's. */
export interface Engine {
  /** Folders of its programs, which come before the machine's. */
  readonly path: readonly string[];
  /** What its daemon.json contains. */
  readonly settings: object;
}

export class Node {
  readonly name: string;
  readonly address: string;
  readonly folder: string;
  /** Where the engine keeps its data. */
  readonly data: string;
  readonly #cable: string;
  readonly #engine: Engine | undefined;
  #outer: Bun.Subprocess | undefined;
  #first = '';

  constructor(index: number, engine?: Engine) {
    this.#engine = engine;
    this.name = `node${index}`;
    this.address = `${NETWORK}.${index}`;
    this.folder = join(worldFolder(), this.name);
    this.data = join(this.folder, 'data');
    this.#cable = `seen-${this.name}`;
    mkdirSync(this.folder, { recursive: true });
    // On a terminal curl shows how far it is only where its output goes elsewhere; here it does
    // not know of the terminal.
    writeFileSync(join(this.folder, '.curlrc'), 'no-progress-meter\n');
  }

  /** Starts the engine (again, on the same data) and waits until it answers. */
  async start(): Promise<void> {
    await makeBridge();
    const { path = [], settings = SETTINGS } = this.#engine ?? {};
    const file = join(this.folder, 'daemon.json');
    writeFileSync(file, JSON.stringify(settings));
    const engineLog = openSync(join(this.folder, 'engine.log'), 'a');
    const boot = `
      hostname ${this.name}
      mount --make-rshared / # for volumes that want mounts of the node handed on
      ip link set lo up
      while ! ip link show eth0 >/dev/null 2>&1; do sleep 0.02; done
      ip addr add ${this.address}/24 dev eth0
      ip link set eth0 up
      ip route add default via ${GATEWAY}
      exec dockerd --config-file '${file}' --data-root '${this.data}' --exec-root '${this.folder}/exec' \\
        --pidfile '${this.folder}/pid' --host 'unix://${this.folder}/socket' --cgroup-parent '/${cgroupOf(this.name)}'`;
    await Bun.$`rm -rf ${this.folder}/pid ${this.folder}/exec ${this.folder}/socket`;
    this.#outer = Bun.spawn(
      [
        ...'unshare --net --mount --uts --pid --fork --kill-child --mount-proc'.split(' '),
        'sh',
        '-c',
        boot,
      ],
      {
        stdin: 'ignore',
        stdout: engineLog,
        stderr: engineLog,
        env: { ...process.env, PATH: [...path, process.env['PATH']].join(':') },
      },
    );
    closeSync(engineLog);
    const { pid } = this.#outer;
    await until(`${this.name} to begin`, async () => {
      this.#first = (await Bun.$`pgrep -P ${pid}`.nothrow().text()).trim();
      return this.#first !== '';
    });
    await Bun.$`ip link add ${this.#cable} type veth peer name eth0 netns ${this.#first}`;
    await Bun.$`ip link set ${this.#cable} master ${BRIDGE} up`;
    await until(`the engine of ${this.name}`, async () => {
      if (this.#outer?.exitCode !== null) {
        const log = await Bun.file(join(this.folder, 'engine.log')).text();
        throw new Error(`dockerd ended: ${log.slice(-2000)}`);
      }
      return existsSync(`${this.folder}/socket`) && (await this.docker('version')).status === 0;
    });
  }

  /** A power cut: the engine and its containers end at once, and the cable goes with them. */
  async kill(): Promise<void> {
    this.#outer?.kill('SIGKILL');
    await this.#outer?.exited;
    await until(`the cable of ${this.name} to go`, async () => {
      const gone = (await Bun.$`ip link show ${this.#cable}`.quiet().nothrow()).exitCode !== 0;
      if (!gone) await Bun.$`ip link del ${this.#cable}`.quiet().nothrow();
      return gone;
    });
  }

  /** Where the engine listens, as Docker's client takes it. */
  get endpoint(): string {
    return `unix://${this.folder}/socket`;
  }

  /**
   * What Docker's client is told: this engine, and settings of the test's own. `docker` is the
   * oldest client.
   */
  get #environment(): Record<string, string> {
    return {
      DOCKER_HOST: this.endpoint,
      DOCKER_CONFIG: join(this.folder, 'client'),
      CURL_HOME: this.folder,
      PATH: `${clientFolder()}:${process.env['PATH'] ?? ''}`,
    };
  }

  /** Runs a command of Docker's client against this engine. */
  docker(...words: readonly string[]): Promise<Said> {
    return finish([join(clientFolder(), 'docker'), ...words], this.#environment);
  }

  /** The same; fails unless it succeeds, and answers what it printed. */
  async mustDocker(...words: readonly string[]): Promise<string> {
    const { status, out, error } = await this.docker(...words);
    if (status !== 0)
      throw new Error(`docker ${words.join(' ')} ended with ${status}: ${error}${out}`);
    return out.trim();
  }

  /**
   * What the engine answers to a GET request, for waiting: Docker's client takes a fifth of a
   * core where it is asked again and again. Fails unless the status is 200
   * (https://docs.docker.com/reference/api/engine/).
   */
  async api<T>(path: string, filters: object = {}): Promise<T> {
    const query = new URLSearchParams({ filters: JSON.stringify(filters) });
    const unix = join(this.folder, 'socket');
    const response = await fetch(`http://docker${path}?${query.toString()}`, {
      unix,
      keepalive: false,
    });
    if (response.status !== 200) throw new Error(`${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Runs a line of shell as a person at this node would, in `folder`. */
  sh(line: string, folder: string, limitMs = 480_000): Promise<Said> {
    return finish(this.#here(line), this.#environment, folder, limitMs);
  }

  /** The same on a terminal, where each line of `typed` is typed when a prompt asks for it. */
  async terminal(line: string, folder: string, typed: readonly string[]): Promise<Said> {
    let out = '';
    const utf8 = new TextDecoder();
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    const program = Bun.spawn(this.#here(line), {
      env: { ...process.env, ...this.#environment },
      cwd: folder,
      terminal: {
        cols: 200,
        data: (_terminal, bytes) => {
          out += utf8.decode(bytes, { stream: true });
        },
        exit: () => close(),
      },
    });
    const ended = program.exited.then(() => true);
    for (const words of typed) {
      const asked = out.length;
      const prompt = async () =>
        PROMPT.test(out.slice(asked)) || (await Promise.race([ended, false]));
      await until(`a prompt for “${words}” after: ${out}`, prompt);
      if (program.exitCode !== null) break;
      program.terminal?.write(`${words}\n`);
    }
    const status = await program.exited;
    program.terminal?.close();
    await closed;
    return { status, out, error: '' };
  }

  #here(line: string): string[] {
    return ['nsenter', '-t', this.#first, '--net', '--uts', 'bash', '-c', line];
  }

  /** Runs a program in the network of one of this node's containers. */
  async inNetworkOf(container: string, ...words: readonly string[]): Promise<Said> {
    const pid = await this.mustDocker('inspect', '--format', '{{.State.Pid}}', container);
    return finish([
      'nsenter',
      '-t',
      this.#first,
      '--pid',
      '--mount',
      'nsenter',
      '-t',
      pid,
      '--net',
      ...words,
    ]);
  }
}

/** How a shell asks for a line. */
const PROMPT = /[$#] $/;

/** Runs a command to its end, or presses Ctrl-C after `limitMs`. */
export async function finish(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
  limitMs = 600_000,
): Promise<Said> {
  const program = Bun.spawn([...command], {
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    // A group of its own, which Ctrl-C reaches as a whole, as it does at a terminal.
    detached: true,
  });
  const interrupt = () => process.kill(-program.pid, 'SIGINT');
  let timer: Timer = setTimeout(() => {
    interrupt();
    // Docker's client 28 does not end its statistics at the first.
    timer = setInterval(interrupt, 1000);
  }, limitMs);
  const [out, error, status] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  clearTimeout(timer);
  clearInterval(timer);
  return { status, out, error };
}

/** The bridge that the nodes are on, with a way out of the world. Once. */
async function makeBridge(): Promise<void> {
  if ((await Bun.$`ip link show ${BRIDGE}`.quiet().nothrow()).exitCode === 0) return;
  await Bun.$`ip link add ${BRIDGE} type bridge`;
  await Bun.$`ip addr add ${GATEWAY}/24 dev ${BRIDGE}`;
  await Bun.$`ip link set ${BRIDGE} up`;
  await Bun.$`sysctl -q -w net.ipv4.ip_forward=1`;
  await Bun.$`iptables -t nat -A POSTROUTING -s ${NETWORK}.0/24 ! -d ${NETWORK}.0/24 -j MASQUERADE`;
}
