/** The linter enforces the architecture, and its documents are correct. */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BROWSER_SCRIPTS } from '../../../src/page/bundle.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { ROOT } from '../../support/program.ts';

/** What the project's linter says of files, were they in the project, by their paths. */
async function lint(files: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  using folder = temporaryFolder();
  for (const name of ['node_modules', 'lint', '.oxlintrc.json', 'tsconfig.json', 'package.json']) {
    symlinkSync(join(ROOT, name), join(folder.path, name));
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder.path, dirname(name)), { recursive: true });
    writeFileSync(join(folder.path, name), content);
  }
  const { diagnostics } = (await Bun.$`./node_modules/.bin/oxlint --format=json src`
    .cwd(folder.path)
    .nothrow()
    .json()) as { diagnostics: { filename: string; code: string; message: string }[] };
  const said = new Map(Object.keys(files).map((name) => [name, '']));
  for (const { filename, code, message } of diagnostics)
    said.set(filename, `${said.get(filename)}${code}: ${message}\n`);
  return said;
}

describe('architecture', () => {
  test('the linter refuses what the architecture forbids', async () => {
    const refused = [
      [
        'src/http/stores.ts',
        "import { openStore } from '../stores/open.ts';\nexport const x = openStore;\n",
        'http may not import stores',
      ],
      [
        'src/stores/x.ts',
        "export type { App } from '../http/app.ts';\n",
        'stores may not import http',
      ],
      [
        'src/counter/x.ts',
        "import { createLog } from '../log.ts';\nexport const x = createLog;\n",
        'counter may not import log',
      ],
      [
        'src/http/config.ts',
        "import { readConfig } from '../config.ts';\nexport const x = readConfig;\n",
        'http may not import config',
      ],
      [
        'src/log.ts',
        "import { AppError } from './counter/errors.ts';\nexport const x = AppError;\n",
        'log may not import counter',
      ],
      [
        'src/new/x.ts',
        "import { AppError } from '../counter/errors.ts';\nexport const x = AppError;\n",
        'new may not import counter',
      ],
      [
        'src/page/x.ts',
        "import { x } from './browser/y.ts';\nexport const y = x;\n",
        'page may not import browser',
      ],
      [
        'src/page/browser/x.ts',
        "import { frame } from '../frame.ts';\nexport const x = frame;\n",
        'browser may not import page',
      ],
      [
        'src/page/browser/badge.ts',
        "import { badge } from '../../images/badge.ts';\nexport const x = badge;\n",
        'browser may not import images',
      ],
      [
        'src/http/interval.ts',
        'setInterval(() => undefined, 1);\nexport const x = 1;\n',
        'Nothing runs at import',
      ],
      [
        'src/http/timer.ts',
        'export const x = setInterval(() => undefined, 1);\n',
        'Nothing begins at import',
      ],
      ['src/http/await.ts', 'export const x = await y();\n', 'Nothing begins at import'],
      ['src/http/serve.ts', 'export const x = Bun.serve({});\n', 'Nothing begins at import'],
      ['src/http/barrel.ts', "export { x } from './y.ts';\n", 'No barrels'],
      ['src/http/default.ts', 'export default 1;\n', 'no-default-export'],
      ['src/http/env.ts', "export const x = () => process.env['HOME'];\n", 'no-process-env'],
      ['src/http/exit.ts', 'export const x = () => process.exit(1);\n', 'no-process-exit'],
      [
        'src/http/column.ts',
        `// ${'so '.repeat(40)}\nexport const x = 1;\n`,
        'end before column 100',
      ],
      [
        'src/http/promise.ts',
        'export const x = (): void => {\n  Promise.resolve(1);\n};\n',
        'no-floating-promises',
      ],
    ] as const;
    const allowed = {
      'src/http/allowed.ts': `import { AppError } from '../counter/errors.ts';

export const x = AppError;

export class Y {
  readonly timer = setTimeout(() => undefined, 1);
}
`,
      'src/page/browser/allowed.ts':
        "import { SHIELDS_COLOURS } from '../../images/shields-colours.ts';\nexport const x = SHIELDS_COLOURS;\n",
    };
    const said = await lint({
      ...Object.fromEntries(refused.map(([path, text]) => [path, text])),
      ...allowed,
    });
    for (const [path, text, words] of refused) {
      expect({ text, said: said.get(path) }).toEqual({
        text,
        said: expect.stringContaining(words),
      });
    }
    for (const path of Object.keys(allowed)) expect(said.get(path)).toBe('');
  });

  test('the scripts that browsers load run code, and what they import does not', async () => {
    const code = 'setInterval(() => undefined, 1);\nexport const x = 1;\n';
    const loaded = BROWSER_SCRIPTS.map((name) => `src/page/browser/${name}.ts`);
    const imported = 'src/page/browser/x.ts';
    const said = await lint(Object.fromEntries([...loaded, imported].map((path) => [path, code])));
    for (const path of loaded) expect({ path, said: said.get(path) }).toEqual({ path, said: '' });
    expect(said.get(imported)).toContain('Nothing runs at import');
  });

  test('the linter refuses import cycles, also of types', async () => {
    const said = await lint({
      'src/http/x.ts': "import type { Y } from './y.ts';\n\nexport type X = Y;\n",
      'src/http/y.ts': "import type { X } from './x.ts';\n\nexport type Y = X;\n",
    });
    expect(said.get('src/http/x.ts')).toContain('import(no-cycle)');
  });

  test('every invariant names an existing test', async () => {
    const document = await Bun.file(join(ROOT, 'ARCHITECTURE.md')).text();
    const rows = document.split('\n').filter((line) => /^\| I\d+ /.test(line));
    expect(rows.length).toBeGreaterThan(10);
    const files = [...new Bun.Glob('**/*.ts').scanSync(join(ROOT, 'test'))];
    const tests = (
      await Promise.all(files.map((file) => Bun.file(join(ROOT, 'test', file)).text()))
    ).join('\n');
    for (const row of rows) {
      const names = [...row.matchAll(/“([^”]+)”/g)].map(([, name]) => name ?? '');
      expect(names.length).toBeGreaterThan(0);
      const missing = names.filter((name) => !tests.includes(`test('${name}'`));
      expect(missing).toEqual([]);
    }
  });

  test('every file opens with a description', async () => {
    const ours = await Bun.$`git ls-files --cached --others --exclude-standard ${'*.ts'} ${'*.js'}`
      .cwd(ROOT)
      .text();
    for (const file of ours.trim().split('\n')) {
      const text = (await Bun.file(join(ROOT, file)).text()).replace(/^#!.*\n/, '');
      expect({ file, opens: text.startsWith('/**') }).toEqual({ file, opens: true });
    }
    for (const file of new Bun.Glob('src/stores/redis/lua/*.lua').scanSync(ROOT)) {
      const text = await Bun.file(join(ROOT, file)).text();
      expect({ file, opens: text.startsWith('-- ') }).toEqual({ file, opens: true });
    }
  });

  test('every decision record has context, decision, rejected alternatives, evidence and when to look again', async () => {
    for (const file of new Bun.Glob('*.md').scanSync(join(ROOT, 'docs/decisions'))) {
      const text = await Bun.file(join(ROOT, 'docs/decisions', file)).text();
      for (const part of [
        '**Context.**',
        '**Decision.**',
        '**Rejected',
        '**Evidence.**',
        '**Revisit when**',
      ]) {
        expect({ file, part, there: text.includes(part) }).toEqual({ file, part, there: true });
      }
      expect(text.split('\n').length).toBeLessThanOrEqual(61);
    }
  });

  test('lines of scripts and style sheets end before column 100, of documents before column 120', async () => {
    const ours =
      await Bun.$`git ls-files --cached --others --exclude-standard ${'*.lua'} ${'*.sql'} ${'*.css'} ${'*.md'}`
        .cwd(ROOT)
        .text();
    for (const file of ours.trim().split('\n')) {
      const text = await Bun.file(join(ROOT, file)).text();
      // Tables, blocks of commands and what they print, and addresses cannot be broken.
      const broken = text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/^\s*[|<].*$/gm, '');
      const most = file.endsWith('.md') ? 120 : 100;
      const tooLong = broken
        .split('\n')
        .filter((line) => line.replaceAll(/https?:\/\/\S+/g, '').length >= most);
      expect({ file, tooLong }).toEqual({ file, tooLong: [] });
    }
  });

  test('docs/README.md names every document', async () => {
    const index = await Bun.file(join(ROOT, 'docs/README.md')).text();
    for (const file of new Bun.Glob('*.md').scanSync(join(ROOT, 'docs'))) {
      if (file !== 'README.md') expect(index).toContain(`(${file})`);
    }
  });

  test('README and ARCHITECTURE.md keep to their length', async () => {
    expect(
      (await Bun.file(join(ROOT, 'README.md')).text()).split('\n').length,
    ).toBeLessThanOrEqual(201);
    expect(
      (await Bun.file(join(ROOT, 'ARCHITECTURE.md')).text()).split('\n').length,
    ).toBeLessThanOrEqual(151);
  });
});
