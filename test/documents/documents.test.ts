/**
 * Runs every command in README.md, CONTRIBUTING.md and docs/bench.md, in a clone in an empty
 * folder, and compares its output with the document.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import { suites } from '../support/suites.ts';

const folder = temporaryFolder();
const clone = join(folder.path, 'seen');
let redis: RedisServer;
let ports: { public: number; operations: number };
const running: Bun.Subprocess[] = [];

beforeAll(async () => {
  // The files as they are now, without what is ignored: what a clone of the next commit would
  // have.
  await Bun.$`git clone --quiet ${ROOT} ${clone}`;
  await Bun.$`git ls-files -z --cached --others --exclude-standard | xargs -0 -I{} sh -c 'test ! -e {} || cp --parents {} ${clone}'`.cwd(
    ROOT,
  );
  redis = await RedisServer.start();
  ports = { public: await freePort(), operations: await freePort() };
});

afterAll(async () => {
  await stopAll();
  await redis[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function stopAll(): Promise<void> {
  for (const program of running.splice(0)) {
    program.kill('SIGTERM');
    await program.exited;
  }
}

/** The command with the ports of this test in the place of the usual ones. */
function local(command: string): string {
  return command
    .replaceAll('localhost:8000', `localhost:${ports.public}`)
    .replaceAll('localhost:9100', `localhost:${ports.operations}`)
    .replaceAll('localhost:6379', `localhost:${redis.port}`)
    .replace('redis-cli', `redis-cli -p ${redis.port}`);
}

function spawn(words: readonly string[]): Bun.Subprocess<'ignore', 'pipe', 'pipe'> {
  const { PATH = '', HOME = '' } = process.env;
  return Bun.spawn([...words], {
    cwd: clone,
    env: {
      ...npmSettings(),
      // Without the programs of this checkout: the clone has to bring its own.
      PATH: PATH.split(':')
        .filter((entry) => !entry.includes('node_modules'))
        .join(':'),
      HOME,
      SEEN_PORT: `${ports.public}`,
      SEEN_OPERATIONS_PORT: `${ports.operations}`,
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

/** How npm reaches the registry on this machine. */
function npmSettings(): Record<string, string> {
  const ours = /^(npm_config_|NODE_EXTRA_CA_CERTS$|SSL_CERT_|https?_proxy$|no_proxy$)/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => ours.test(name)),
  ) as Record<string, string>;
}

/** Runs a command to its end and answers what it printed. */
async function run(command: string): Promise<string> {
  const program = spawn(['sh', '-c', local(command)]);
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

/** Starts a command that goes on until it is stopped; resolves when visits are taken. */
async function begin(command: string): Promise<void> {
  await stopAll();
  // Not through a shell, which would keep the signal that stops it to itself.
  const program = spawn(['env', ...local(command).split(' ')]);
  running.push(program);
  await until(
    `“${command}” to take visits`,
    async () => {
      if (program.exitCode !== null) throw new Error(await new Response(program.stderr).text());
      return (await fetch(`http://localhost:${ports.operations}/readyz`)).ok;
    },
    150_000,
  );
}

const visits = async (wanted: number) =>
  expect(await run('curl -s localhost:8000')).toBe(
    `Hello World! I have been seen ${wanted} times.\n`,
  );

const QUICK_BENCH = "npm run bench -- --rounds 1 --seconds 1 --only 'Seen on SQLite: GET /, 64'";

/** How each command is run, and what it must show. */
const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  // The address stands for one that is not known yet.
  'git clone https://example.com/seen.git && cd seen': async () =>
    expect(
      await run(`git clone --quiet ${ROOT} seen && cd seen && cat package.json && rm -r ../seen`),
    ).toContain('"name": "seen"'),
  'npm ci && npm start': async () => {
    await run('npm ci');
    await begin('npm start');
    await visits(1);
    await visits(2);
    await begin('npm start');
  },
  'curl localhost:8000': () => visits(3),
  // These are what runs this: running them here would never end.
  'npm ci && npm test': async () =>
    expect(await Bun.file(join(clone, '.ci/run')).text()).toContain(
      'npm ci\nnpm run check\nnpm test -- all\n',
    ),
  // They have a suite of their own, which `npm test -- all` runs.
  'npm run test:browser': async () =>
    expect(
      suites(['browser'])
        .flat()
        .flatMap((suite) => suite.files),
    ).toContain('test/browser/page.test.ts'),
  'npm run test:stack': () => chooses([], /^test\/stack\/[\w-]+\.test\.ts$/),
  'npm run test:stack -- guide': () => chooses(['guide'], /^test\/stack\/guide\.test\.ts$/),
  // They need an engine: test/stack/guide.test.ts runs them.
  'docker swarm init': () => isInGuide('docker swarm init'),
  'docker build -t stackdemo .': () => isInGuide('docker build -t stackdemo .'),
  'docker stack deploy -c docker-compose.yml mystack': () =>
    isInGuide('docker stack deploy -c docker-compose.yml mystack'),
  'SEEN_STORE_URL=redis://localhost:6379 npm start': async () => {
    await begin('SEEN_STORE_URL=redis://localhost:6379 npm start');
    await visits(1);
    await visits(2);
    await begin('SEEN_STORE_URL=redis://localhost:6379 npm start');
    await visits(3);
  },
  'redis-cli GET hits': async () => expect((await run('redis-cli GET hits')).trim()).toBe('3'),
  "curl -H 'Accept: application/json' localhost:8000": async () =>
    expect(await run("curl -s -H 'Accept: application/json' localhost:8000")).toBe(
      '{"counter":"hits","value":4}\n',
    ),
  'curl localhost:8000/hit/my-site/front-page': async () =>
    expect(await run('curl -s localhost:8000/hit/my-site/front-page')).toBe('{"value":1}'),
  'curl localhost:8000/get/my-site/front-page': async () =>
    expect(await run('curl -s localhost:8000/get/my-site/front-page')).toBe('{"value":1}'),
  'curl localhost:9100/healthz': async () =>
    expect(await run('curl -s localhost:9100/healthz')).toBe('alive\n'),
  'curl localhost:9100/readyz': async () =>
    expect(await run('curl -s localhost:9100/readyz')).toBe('ready\n'),
  'curl localhost:9100/metrics': async () =>
    expect(await run('curl -s localhost:9100/metrics')).toContain('seen_hits_total{'),
  'npx seen serve --help': async () => {
    const manual = await run('npx seen serve --help');
    for (const words of ['SEEN_STORE_URL', '--replicas', 'SIGHUP', 'Exit status'])
      expect(manual).toContain(words);
  },
  'npx seen verify http://localhost:8000 --for 5s': async () =>
    expect(await run('npx seen verify http://localhost:8000 --for 5s')).toContain(
      'Held, as far as it was tested',
    ),
  [QUICK_BENCH]: async () => {
    await stopAll();
    expect(await run(QUICK_BENCH)).toContain('| Seen on SQLite |');
  },
  // Its page is written elsewhere: the documents here are what is tested.
  'npm run bench -- --page docs/bench.md --readme README.md': async () => {
    await stopAll();
    await run('cp README.md copy.md');
    await run(`${QUICK_BENCH} --page copy/bench.md --readme copy.md`);
    const [page, readme] = [await run('cat copy/bench.md'), await run('cat copy.md')];
    expect(page).toContain(
      '![CPU time per visit of each service, its store included](bench/services.svg)',
    );
    expect(await run('cat copy/bench/services.svg')).toContain('<svg');
    const row = /^\| Seen on SQLite \|.*$/m.exec(page)?.[0] ?? 'no row';
    expect(readme).toContain(row);
  },
  'npm run test:faults -- --for 60s': async () =>
    expect(await run('npm run test:faults -- --for 10s --seed 7')).toContain(
      'No promise was broken',
    ),
  'npm run test:floods -- --for 60s': async () =>
    expect(
      await run('npm run test:floods -- --for 3s --store sqlite --addresses known'),
    ).toContain('Nothing was filled.'),
  'npx bun bench/neighbours.ts': async () =>
    expect(
      await run('npx bun bench/neighbours.ts --store SQLite --seconds 1 --only /page.css'),
    ).toContain('SQLite: 1 routes, 100 requests/s on each'),
  'npx bun bench/soak.ts --for 60m': async () =>
    expect(await run('npx bun bench/soak.ts --for 20s')).toContain('\nRight: every check held.\n'),
  'npx bun test/simulation/run.ts --store redis --seeds 1000': async () =>
    expect(await run('npx bun test/simulation/run.ts --store redis --seeds 50')).toContain(
      '50 histories on redis',
    ),
  'npx bun test/simulation/run.ts --store redis 25': async () =>
    expect(await run('npx bun test/simulation/run.ts --store redis 25')).toContain(
      'nothing is wrong',
    ),
  'npx bun test/simulation/mutants.ts window': async () =>
    expect(await run('npx bun test/simulation/mutants.ts drain')).toContain(', 0 live'),
  'npx seen export counters.jsonl': async () =>
    expect(await run('npx seen export counters.jsonl')).toMatch(
      /^\d+ counters?, read at .*Z: counters\.jsonl\n$/,
    ),
  'npx seen import counters.jsonl': async () =>
    expect(await run('npx seen import counters.jsonl')).toContain('Nothing was changed yet.'),
  'npm ci': () => run('npm ci'),
  'npm run check': () => run('npm run check'),
  'npm test': async () =>
    expect(await run('npm test -- test/unit/counter/name.test.ts')).toEndWith(
      '3 passed, 0 failed\n',
    ),
  // It measures, and has a turn of its own in `npm test -- all`.
  'npm test -- guard': async () =>
    expect(
      suites(['guard'])
        .flat()
        .flatMap((suite) => suite.files),
    ).toEqual(['bench/guard.test.ts']),
  'npm test -- unit/counter': async () =>
    expect(await run('npm test -- unit/counter')).toMatch(/\n\d+ passed, 0 failed\n$/),
};

async function isInGuide(command: string): Promise<void> {
  expect(commandsIn('docs/guide.md')).toContain(command);
}

/** That `npm run test:stack -- WORDS` runs these files and no others; without running them. */
async function chooses(words: readonly string[], files: RegExp): Promise<void> {
  const { scripts } = (await Bun.file(join(clone, 'package.json')).json()) as {
    scripts: Record<string, string>;
  };
  expect(scripts['test:stack']).toBe('bun test/run.ts stack');
  const chosen = suites(['stack', ...words])
    .flat()
    .flatMap((suite) => suite.files);
  expect(chosen.length).toBeGreaterThan(0);
  for (const file of chosen) expect(file).toMatch(files);
}

function commandsIn(document: string): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/```bash\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
}

for (const document of ['README.md', 'CONTRIBUTING.md', 'docs/bench.md']) {
  describe(document, () => {
    const commands = commandsIn(document);

    test('has commands', () => expect(commands.length).toBeGreaterThan(1));

    for (const command of commands) {
      test(command, async () => {
        const show = COMMANDS[command];
        if (!show)
          throw new Error(
            `“${command}” stands in ${document}, and no test runs it: add it to COMMANDS`,
          );
        await show();
      });
    }
  });
}
