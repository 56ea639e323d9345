/** README.md: runs every command in a clone in an empty folder, and checks what it prints. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Clone, commandsIn } from '../support/clone.ts';
import { freePort } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import { suites } from '../support/suites.ts';

let clone: Clone;
let redis: RedisServer;
let ready: string;

beforeAll(async () => {
  redis = await RedisServer.start();
  const [port, operationsPort] = [await freePort(), await freePort()];
  ready = `http://localhost:${operationsPort}/readyz`;
  clone = await Clone.create(
    { SEEN_PORT: `${port}`, SEEN_OPERATIONS_PORT: `${operationsPort}` },
    // The ports of this test in the place of the usual ones.
    (command) =>
      command
        .replaceAll('localhost:8000', `localhost:${port}`)
        .replaceAll('localhost:9100', `localhost:${operationsPort}`)
        .replaceAll('localhost:6379', `localhost:${redis.port}`)
        .replace('redis-cli', `redis-cli -p ${redis.port}`),
  );
});

afterAll(async () => {
  await clone?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
});

const run = (command: string) => clone.run(command);

const visits = async (wanted: number) =>
  expect(await run('curl -s localhost:8000')).toBe(
    `Hello World! I have been seen ${wanted} times.\n`,
  );

/** That a document has the command, which a test of the stack follows. */
const isIn = (document: string, command: string) =>
  expect(commandsIn(`docs/${document}`)).toContain(command);

/** How each command is run, and what it must show. */
const COMMANDS: Readonly<Record<string, () => unknown>> = {
  // The address stands for one that is not known yet.
  'git clone https://example.com/seen.git && cd seen': async () =>
    expect(
      await run(`git clone --quiet ${ROOT} seen && cd seen && cat package.json && rm -r ../seen`),
    ).toContain('"name": "seen-counter"'),
  'npm ci --omit=dev && npm start': async () => {
    await run('npm ci --omit=dev');
    await clone.begin('npm start', ready);
    await visits(1);
    await visits(2);
    await clone.begin('npm start', ready);
  },
  'curl localhost:8000': () => visits(3),
  // These are what runs this: running them here would never end.
  'npm ci && npm test': async () =>
    expect(await run('cat .ci/run')).toContain('npm ci\nnpm run check\nnpm test -- all\n'),
  // It has rounds of its own, which `npm test -- all` runs.
  'npm run test:stack': async () => {
    const { scripts } = JSON.parse(await run('cat package.json'));
    expect(scripts['test:stack']).toBe('bun test/run.ts stack');
    const files = suites(['stack']).flatMap((suite) => suite.files);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(file).toMatch(/^test\/stack\/[\w-]+\.test\.ts$/);
  },
  // They need an engine: test/stack/docker.test.ts and guide.test.ts run them.
  'docker build -t seen .': () => isIn('docker.md', 'docker build -t seen .'),
  'docker run -p 8000:8000 -v seen:/data seen': () =>
    isIn('docker.md', 'docker run -p 8000:8000 -v seen:/data seen'),
  'docker swarm init': () => isIn('guide.md', 'docker swarm init'),
  'docker build -t stackdemo .': () => isIn('guide.md', 'docker build -t stackdemo .'),
  'docker stack deploy -c docker-compose.yml mystack': () =>
    isIn('guide.md', 'docker stack deploy -c docker-compose.yml mystack'),
  'SEEN_STORE_URL=redis://localhost:6379 npm start': async () => {
    const command = 'SEEN_STORE_URL=redis://localhost:6379 npm start';
    await clone.begin(command, ready);
    await visits(1);
    await visits(2);
    await clone.begin(command, ready);
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
  'npx seen verify http://localhost:8000 --counter checks/verify --for 5s': async () =>
    expect(
      await run('npx seen verify http://localhost:8000 --counter checks/verify --for 5s'),
    ).toEndWith('Held.\n'),
  "echo 'my-site/about,12345' > counters.csv": () =>
    run("echo 'my-site/about,12345' > counters.csv"),
  'npx seen import counters.csv': async () =>
    expect(await run('npx seen import counters.csv')).toMatch(
      /1 new +my-site\/about 12345\n[^]*Nothing was changed yet\./,
    ),
};

describe('README.md', () => {
  const commands = commandsIn('README.md');

  test('has commands', () => expect(commands.length).toBeGreaterThan(10));

  for (const command of commands) {
    test(command, async () => {
      const show = COMMANDS[command];
      if (!show)
        throw new Error(
          `“${command}” stands in README.md, and no test runs it: add it to COMMANDS.`,
        );
      await show();
    });
  }

  test('has each command that is tested', () => {
    expect(commands).toEqual(expect.arrayContaining(Object.keys(COMMANDS)));
  });
});
