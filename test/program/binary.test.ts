/**
 * The single file for this machine, in a folder with nothing else: it does what the README shows,
 * and has all that it reads inside. Not here: the commands of docs/install.md.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { writeBinary } from '../../build/binary.ts';
import { thisTarget } from '../../build/targets.ts';
import project from '../../package.json' with { type: 'json' };
import { type Logo, logoUrl } from '../../src/images/logo.ts';
import { findLogo } from '../../src/images/logo-files.ts';
import german from '../../src/languages/de.json' with { type: 'json' };
import { bundle, styles } from '../../src/page/bundle.ts';
import { FirstCount } from '../support/first-count.ts';
import { temporaryFolder, until } from '../support/folder.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { Program } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';

const folder = temporaryFolder();
/** The folder in which it is alone. */
const home = join(folder.path, 'home');
/** What is made with it. */
const made = join(folder.path, 'made');
const seen = join(home, 'seen');

beforeAll(async () => {
  const file = await writeBinary(thisTarget(), made);
  mkdirSync(home);
  renameSync(file, seen);
});
afterAll(() => folder[Symbol.dispose]());

/** A prepared `seen serve`, in a folder that has no file at all. */
const prepare = (env: Readonly<Record<string, string>> = {}) =>
  Program.prepare({ PATH: '', ...env }, [], [seen]);

async function start(env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const program = await prepare(env);
  await program.start();
  return program;
}

/** Runs a command to its end in the file's folder. */
async function run(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { exitCode, stdout, stderr } = await Bun.$`${seen} ${words}`
    .cwd(home)
    .env({ HOME: home, ...env })
    .quiet()
    .nothrow();
  return { status: exitCode, out: stdout.toString(), error: stderr.toString() };
}

const messages = (program: Program) => program.lines().map(({ msg }) => msg);

describe('the single file', () => {
  test('counts with three replicas of itself, stops, and continues', async () => {
    await using program = await prepare();
    const firstCount = new FirstCount('single file');
    const sentence = (count: number) => `Hello World! I have been seen ${count} times.\n`;
    await firstCount.time('./seen serve', async () => {
      await program.start();
      expect(await program.get('/')).toBe(sentence(1));
    });
    firstCount.print();
    for (const wanted of [2, 3]) expect(await program.get('/')).toBe(sentence(wanted));
    expect(await program.get('/', { Accept: 'application/json' })).toBe(
      '{"counter":"hits","value":4}\n',
    );
    const replicas = await program.replicas();
    expect(replicas.map((pid) => readlinkSync(`/proc/${pid}/exe`))).toEqual([seen, seen, seen]);
    program.process.kill('SIGHUP');
    await until('the replicas to be replaced', () =>
      messages(program).includes('test-3 is replaced'),
    );
    expect(await program.stop()).toBe(0);
    expect(messages(program).at(-1)).toBe('stopped: every answered visit is stored');
    await program.start();
    expect(await program.visit()).toBe(5);
  });

  test('comes with the licenses of its packages, of Bun, and of what Bun contains', () => {
    const text = readFileSync(join(made, 'licenses.txt'), 'utf8');
    const parts = [
      `\nhono ${project.dependencies.hono}, license: MIT\n`,
      `\nbun ${Bun.version}, license: MIT\n`,
      `/bun-v${Bun.version}/LICENSE.md\n`,
      '  JavaScriptCore and parts of WebCore, from WebKit ',
      '\nGNU LESSER GENERAL PUBLIC LICENSE\n',
      '\nApache License\n',
    ];
    expect(parts.filter((part) => !text.includes(part))).toEqual([]);
  });

  test('has pages, scripts, styles, languages, logos and the description of the API inside', async () => {
    await using program = await start({ SEEN_REPLICAS: '1' });
    for (const script of ['page', 'new', 'manage', 'embed'] as const)
      expect(await program.get(`/${script}.js`)).toBe((await bundle(script)).text);
    expect(await program.get('/busuanzi/js')).toBe((await bundle('busuanzi')).text);
    expect(await program.get('/page.css')).toBe(styles().text);
    expect(await program.get('/manage', { 'Accept-Language': 'de' })).toContain(
      german.manage.title,
    );
    expect(JSON.parse(await program.get('/openapi.json')).openapi).toStartWith('3.');
    const github = (await findLogo('github')) as Logo;
    expect(await program.get('/badge/my-site/page.svg?logo=github')).toContain(
      logoUrl(github, false),
    );
    expect(JSON.parse(await program.get('/logos.json'))).toContainEqual({
      slug: 'github',
      title: 'GitHub',
    });
  });

  test('counts on Redis and on PostgreSQL', async () => {
    await using redis = await RedisServer.start();
    await using postgres = await PostgresServer.start();
    for (const { url } of [redis, postgres]) {
      await using program = await start({ SEEN_STORE_URL: url, SEEN_REPLICAS: '1' });
      expect([await program.visit(), await program.visit('/hit/my-site/page')]).toEqual([1, 1]);
      expect(await program.stop()).toBe(0);
    }
  });

  test('verifies, exports, imports and backs up a Seen', async () => {
    await using program = await start({ SEEN_REPLICAS: '1' });
    expect(await program.visit('/hit/my-site/page')).toBe(1);
    const { out } = await run(['verify', program.url, '--for', '2s']);
    expect(out).toContain('Held, as far as it was tested');
    const store = { SEEN_STORE_URL: `sqlite:${program.database}` };
    expect(await run(['export', 'counters.jsonl'], store)).toMatchObject({ status: 0 });
    expect(await run(['backup', 'backup.db'], store)).toMatchObject({ status: 0 });
    expect(readdirSync(home).toSorted()).toEqual(['backup.db', 'counters.jsonl', 'seen']);
    const other = { SEEN_STORE_URL: 'sqlite:backup.db' };
    const words = ['import', 'counters.jsonl', '--existing', 'add', '--yes'];
    expect(await run(words, other)).toMatchObject({ status: 0, error: '' });
    await run(['export', 'again.jsonl'], other);
    expect(await Bun.file(join(home, 'again.jsonl')).text()).toContain(
      '"counter":"my-site/page","total":2',
    );
  });

  test('tells the version, and is not changed by settings of Bun in the folder', async () => {
    writeFileSync(join(home, 'bunfig.toml'), 'preload = ["./preload.ts"]\n');
    writeFileSync(join(home, 'preload.ts'), 'process.exit(9);\n');
    expect(await run(['--version'])).toEqual({
      status: 0,
      out: `seen ${project.version} (bun ${Bun.version})\n`,
      error: '',
    });
    writeFileSync(join(home, '.env'), 'SEEN_PORT=none\n');
    const store = { SEEN_STORE_URL: 'sqlite:migrated.db' };
    expect(await run(['migrate'], store)).toMatchObject({ status: 0, error: '' });
    // Only `seen serve` starts replicas.
    expect(await run(['replica'])).toMatchObject({ status: 2 });
  });
});
