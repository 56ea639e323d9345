/**
 * The scripts and logos in the image: built and copied by the commands of the Dockerfile, from the
 * files that the engine gets, and run on a read-only file system.
 */
import { expect, test } from 'bun:test';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Logo, logoUrl } from '../../../src/images/logo.ts';
import { findLogo } from '../../../src/images/logo-files.ts';
import { BROWSER_SCRIPTS, bundle } from '../../../src/page/bundle.ts';
import { freePort, temporaryFolder, until } from '../../support/folder.ts';
import { ROOT } from '../../support/program.ts';

test('the image contains the bundled scripts and the logos, and needs neither their sources nor a place to write', async () => {
  using folder = temporaryFolder();
  const [build, lib] = [join(folder.path, 'build'), join(folder.path, 'lib')];
  mkdirSync(build);
  const sent = readFileSync(join(ROOT, '.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm);
  for (const [, path = ''] of sent) {
    cpSync(join(ROOT, path), join(build, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(build, 'node_modules'));
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const commands = [...dockerfile.matchAll(/bun build\/program\.ts [^\n&]+/g)];
  expect(commands.length).toBe(1);
  for (const [command] of commands) {
    const { exitCode, stderr } = await Bun.$`sh -c ${command}`.cwd(build).quiet().nothrow();
    expect({ command, exitCode, said: stderr.toString() }).toEqual({
      command,
      exitCode: 0,
      said: '',
    });
  }
  const copies = [
    ...dockerfile.matchAll(/^COPY --from=build \/build\/(\S+) \/usr\/local\/lib\/seen$/gm),
  ];
  expect(copies.length).toBe(1);
  cpSync(join(build, copies[0]?.[1] ?? ''), lib, { recursive: true });
  expect(new Set(readdirSync(join(lib, 'browser')))).toEqual(
    new Set(BROWSER_SCRIPTS.map((name) => `${name}.js`)),
  );
  chmodSync(join(lib, 'browser'), 0o555);
  chmodSync(lib, 0o555);

  const [port, operations] = [await freePort(), await freePort()];
  const program = Bun.spawn([process.execPath, join(lib, 'seen.js'), 'serve'], {
    env: {
      PATH: process.env['PATH'],
      SEEN_REPLICAS: '1',
      SEEN_PORT: `${port}`,
      SEEN_OPERATIONS_PORT: `${operations}`,
      SEEN_STORE_URL: `sqlite:${join(folder.path, 'seen.db')}`,
    },
    cwd: folder.path,
    stdout: 'ignore',
    stderr: 'ignore',
  });
  try {
    await until(
      'it to take visits',
      async () => (await fetch(`http://localhost:${operations}/readyz`)).ok,
    );
    const page = await (
      await fetch(`http://localhost:${port}/`, { headers: { Accept: 'text/html' } })
    ).text();
    const [, script = ''] = /src="(\/page\.js[^"]*)"/.exec(page) ?? [];
    const { status, headers } = await fetch(`http://localhost:${port}${script}`);
    expect([status, headers.get('Cache-Control')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
    const served = await (await fetch(`http://localhost:${port}${script}`)).text();
    expect(served).toBe(readFileSync(join(lib, 'browser/page.js'), 'utf8').trim());
    const embed = await (await fetch(`http://localhost:${port}/embed.js`)).text();
    expect(embed).toBe((await bundle('embed')).text);
    const busuanzi = await (await fetch(`http://localhost:${port}/busuanzi/js`)).text();
    expect(busuanzi).toBe((await bundle('busuanzi')).text);

    const badge = async (logo: string) =>
      (await fetch(`http://localhost:${port}/badge/my-site/page.svg?logo=${logo}`)).text();
    const github = (await findLogo('github')) as Logo;
    expect(await badge('github')).toContain(logoUrl(github, false));
    const logos = await fetch(`http://localhost:${port}/logos.json`);
    expect(await logos.json()).toContainEqual({ slug: 'github', title: 'GitHub' });
    // Without its files, badges have no logos, and visits count.
    rmSync(join(lib, 'logos/paths.txt'));
    const bare = await badge('javascript');
    expect(bare).toContain('aria-label="visits: 2"');
    expect(bare).not.toContain('data:');
  } finally {
    program.kill('SIGTERM');
    await program.exited;
    chmodSync(lib, 0o755);
    chmodSync(join(lib, 'browser'), 0o755);
  }
}, 60_000);
