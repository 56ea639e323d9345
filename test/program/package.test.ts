/**
 * The npm package: packed, installed into an empty folder with npm alone, and run there, on the
 * Bun that came with it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TARGETS } from '../../build/targets.ts';
import project from '../../package.json' with { type: 'json' };
import { BROWSER_SCRIPTS } from '../../src/page/bundle.ts';
import { FirstCount } from '../support/first-count.ts';
import { temporaryFolder, until } from '../support/folder.ts';
import { installPackage, packPackage } from '../support/package.ts';
import { Program, ROOT } from '../support/program.ts';

/** The largest installation, of which Bun has some 107 MB. */
const INSTALLED_MAX_BYTES = 150e6;
const VERSION = `seen ${project.version} (bun ${Bun.version})\n`;

const folder = temporaryFolder();
const installed = join(folder.path, 'installed');
const modules = join(installed, 'node_modules');
const seen = join(modules, '.bin/seen');
const firstCount = new FirstCount('npm tarball');
let tarball: string;

beforeAll(async () => {
  tarball = await packPackage(folder.path);
  await firstCount.time('npm install', () => installPackage(tarball, installed));
});
afterAll(() => folder[Symbol.dispose]());

/** Runs a command to its end where the package is installed; `PATH` has no Bun. */
async function run(...words: readonly string[]) {
  const { exitCode, stdout, stderr } = await Bun.$`${words}`
    .cwd(installed)
    .env({ PATH: pathWithoutBun(), HOME: folder.path })
    .quiet()
    .nothrow();
  return { status: exitCode, out: stdout.toString(), error: stderr.toString() };
}

function pathWithoutBun(): string {
  const parts = (process.env['PATH'] ?? '').split(':');
  return parts.filter((part) => !part.includes('node_modules')).join(':');
}

/** A prepared `seen serve`, as it is started where the package is installed. */
const prepare = (...command: readonly string[]) =>
  Program.prepare({ PATH: pathWithoutBun() }, [], command);

/** The same with the installed command, and as few replicas as the test needs. */
const prepareSeen = (replicas: number) =>
  Program.prepare({ PATH: pathWithoutBun(), SEEN_REPLICAS: `${replicas}` }, [], [seen]);

const messages = (program: Program) => program.lines().map(({ msg }) => msg);

/** Whether a file of the package is a part of the program, or the map of one. */
const isPart = (file: string) => /^package\/dist\/part-[a-z0-9]+\.js(\.map)?$/.test(file);

/** Whether a process is there, also as a zombie. */
const isThere = (pid: number) => statSync(`/proc/${pid}`, { throwIfNoEntry: false }) !== undefined;

describe('the npm package', () => {
  test('has the built program, its files, the command and the client, and nothing else', async () => {
    const all = (await Bun.$`tar -tzf ${tarball}`.text()).trim().split('\n');
    const [parts, files] = [all.filter(isPart), all.filter((file) => !isPart(file))];
    const scripts = parts.filter((file) => file.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(0);
    expect(parts.toSorted()).toEqual(scripts.flatMap((script) => [script, `${script}.map`]));
    const types = ['call', 'client', 'errors', 'pause', 'react', 'stream', 'types'];
    expect(files.toSorted()).toEqual(
      [
        'package.json',
        'README.md',
        'LICENSE',
        'bin/bunfig.toml',
        'bin/musl.js',
        'bin/seen.js',
        'dist/seen.js',
        'dist/seen.js.map',
        'dist/licenses.txt',
        'dist/logos/index.tsv',
        'dist/logos/paths.txt',
        ...BROWSER_SCRIPTS.map((name) => `dist/browser/${name}.js`),
        ...['client', 'react'].map((name) => `client/dist/${name}.js`),
        ...types.map((name) => `client/dist/${name}.d.ts`),
      ]
        .map((file) => `package/${file}`)
        .toSorted(),
    );
  });

  test('runs no script at its installation, and depends on Bun only, for each system', () => {
    const manifest = JSON.parse(readFileSync(join(modules, 'seen-counter/package.json'), 'utf8'));
    expect([manifest.scripts, manifest.dependencies]).toEqual([undefined, undefined]);
    const { optionalDependencies: published } = JSON.parse(
      readFileSync(join(ROOT, 'node_modules/bun/package.json'), 'utf8'),
    );
    for (const [name, version] of Object.entries(manifest.optionalDependencies))
      expect({ name, version }).toEqual({ name, version: published[name] });
    expect(Object.keys(manifest.optionalDependencies)).toEqual(
      TARGETS.map(({ bunPackage }) => bunPackage),
    );
  });

  test('contains the licenses of the packages that are in the program', () => {
    const text = readFileSync(join(modules, 'seen-counter/dist/licenses.txt'), 'utf8');
    for (const name of Object.keys(project.dependencies).filter((each) => each !== 'bun')) {
      const { version, license } = JSON.parse(
        readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'),
      );
      expect(text).toContain(`\n${name} ${version}, license: ${license}\n`);
    }
    expect(text).toContain('Copyright (c) 2021 - present, Yusuke Wada and Hono contributors');
  });

  test('takes at most 150 MB with Bun, which npm installs once', async () => {
    expect(readdirSync(modules).filter((name) => !name.startsWith('.'))).toEqual([
      '@oven',
      'seen-counter',
    ]);
    expect(readdirSync(join(modules, '@oven'))).toHaveLength(1);
    const used = await Bun.$`du --summarize --bytes ${modules}`.text();
    expect(Number.parseInt(used, 10)).toBeLessThan(INSTALLED_MAX_BYTES);
  });

  test('counts with three replicas, serves pages and badges, stops, and continues', async () => {
    await using program = await prepare('npx', '--no-install', '--prefix', installed, 'seen');
    await firstCount.time('npx seen serve', async () => {
      await program.start();
      expect(await program.visit()).toBe(1);
    });
    firstCount.print();
    for (const wanted of [2, 3]) expect(await program.visit()).toBe(wanted);
    const page = await program.get('/', { Accept: 'text/html' });
    const [, script = ''] = /src="(\/page\.js[^"]*)"/.exec(page) ?? [];
    expect(await program.get(script)).toBe(
      readFileSync(join(modules, 'seen-counter/dist/browser/page.js'), 'utf8'),
    );
    expect(await program.get('/badge/my-site/page.svg?logo=github')).toContain('data:image/svg');
    expect(messages(program)).toContainEqual(expect.stringMatching(/^3 replicas; /));
    // npm ends at once, because it passes the signal only to its shell.
    await program.stop();
    await until('Seen to stop', () => messages(program).at(-1)?.startsWith('stopped: '));
    await program.start();
    // The page was a visit, too.
    expect(await program.visit()).toBe(5);
  });
});

describe('the command of the npm package', () => {
  test('reads no settings of another program in its folder, and neither do its replicas', async () => {
    using other = temporaryFolder();
    writeFileSync(join(other.path, '.env'), 'SEEN_REPLICAS=1\n');
    writeFileSync(join(other.path, 'bunfig.toml'), 'preload = ["./loaded.ts"]\n');
    writeFileSync(join(other.path, 'loaded.ts'), "console.log('LOADED');\n");
    const enter = ['sh', '-c', `cd ${other.path} && exec ${seen} "$@"`, 'sh'];
    await using program = await prepare(...enter);
    await program.start();
    expect(await program.visit()).toBe(1);
    expect(await program.stop()).toBe(0);
    expect(messages(program)).toContainEqual(expect.stringMatching(/^3 replicas/));
    expect(program.out).not.toContain('LOADED');
  });

  test('tells the version, and passes on what a command prints and its exit status', async () => {
    expect(await run('npx', '--no-install', 'seen', '--version')).toMatchObject({
      status: 0,
      out: VERSION,
    });
    expect(await run(seen, 'nothing')).toMatchObject({
      status: 2,
      out: '',
      error: expect.stringContaining('“nothing” is not a command of seen.'),
    });
    // Only `seen serve` starts replicas.
    expect(await run(seen, 'replica')).toMatchObject({ status: 2 });
  });

  test('passes SIGHUP and SIGTERM on: the replicas are replaced, then the program stops', async () => {
    await using program = await prepareSeen(2);
    await program.start();
    const [serve = 0, ...others] = await program.replicas();
    expect(others).toEqual([]);
    program.process.kill('SIGHUP');
    await until('the replicas to be replaced', () =>
      messages(program).includes('test-2 is replaced'),
    );
    expect(await program.visit()).toBe(1);
    expect(await program.stop()).toBe(0);
    expect(messages(program).at(-1)).toBe('stopped: every answered visit is stored');
    expect(isThere(serve)).toBe(false);
  });

  test('killed, it leaves no Seen behind: that stops in order', async () => {
    await using program = await prepareSeen(2);
    await program.start();
    const [serve = 0] = await program.replicas();
    expect(isThere(serve)).toBe(true);
    expect(await program.stop('SIGKILL')).toBe(137);
    await until('Seen to end', () => !isThere(serve));
    expect(messages(program)).toContainEqual(
      expect.stringMatching(/^the command seen was killed/),
    );
    expect(messages(program).at(-1)).toBe('stopped: every answered visit is stored');
  });

  test('ends by the signal that ended Seen', async () => {
    await using program = await prepareSeen(1);
    await program.start();
    const [serve = 0] = await program.replicas();
    process.kill(serve, 'SIGKILL');
    await program.process.exited;
    expect(program.process.signalCode).toBe('SIGKILL');
  });

  test('stops once when Ctrl-C is pressed, though the terminal and the command both pass it on', async () => {
    const program = await prepareSeen(2);
    const transcript = join(folder.path, 'transcript');
    const words = [
      'script',
      '--quiet',
      '--flush',
      '--return',
      '-c',
      `exec ${seen} serve`,
      transcript,
    ];
    const terminal = Bun.spawn(words, {
      env: { ...program.environment, SEEN_LOG_FORMAT: 'json' },
      stdin: 'pipe',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    await until('it to be ready', () => program.ready());
    await terminal.stdin.write('\u0003');
    await terminal.stdin.flush();
    expect(await terminal.exited).toBe(0);
    const shown = readFileSync(transcript, 'utf8');
    expect(shown.match(/SIGINT: finishing/g)).toHaveLength(1);
    expect(shown).toContain('stopped: every answered visit is stored');
  });

  test('finds Bun also where the package bun has moved it, as in a clone', async () => {
    expect(statSync(join(ROOT, 'node_modules/bun/bin/bun.exe')).size).toBeGreaterThan(10e6);
    expect(await run('node', join(ROOT, 'bin/seen.js'), '--version')).toEqual({
      status: 0,
      out: VERSION,
      error: '',
    });
  });

  test('says what to do where Bun is not installed', async () => {
    const alone = join(folder.path, 'alone/node_modules');
    mkdirSync(alone, { recursive: true });
    cpSync(join(modules, 'seen-counter'), join(alone, 'seen-counter'), { recursive: true });
    expect(await run('node', join(alone, 'seen-counter/bin/seen.js'), 'serve')).toEqual({
      status: 127,
      out: '',
      error: expect.stringMatching(
        /^seen: Bun, on which Seen runs, is not installed for linux on \w+\.\n[^]*install Seen again, without --omit=optional/,
      ),
    });
  });

  test('names npm ci in a clone in which nothing was installed', async () => {
    const clone = join(folder.path, 'clone');
    cpSync(join(ROOT, 'bin'), join(clone, 'bin'), { recursive: true });
    mkdirSync(join(clone, 'src'));
    writeFileSync(join(clone, 'src/main.ts'), '');
    expect(await run('node', join(clone, 'bin/seen.js'), 'serve')).toEqual({
      status: 127,
      out: '',
      error: expect.stringContaining(`First run "npm ci" in ${clone}`),
    });
  });
});
