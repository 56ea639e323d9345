/** `npm run release:check`: its steps, and the versions that it compares. */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runSteps, type Step, StepError, StepSkipped } from '../../../release/step.ts';
import { checkVersions, statementsIn } from '../../../release/versions.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { ROOT } from '../../support/program.ts';

describe('the steps', () => {
  async function run(steps: readonly Step[]): Promise<{ fine: boolean; lines: string[] }> {
    let out = '';
    const fine = await runSteps(steps, (text) => {
      out += text;
    });
    return {
      fine,
      lines: out
        .replaceAll(/\(\d+\.\d s\)/g, '')
        .split('\n')
        .map((line) => line.trim()),
    };
  }
  const ok: Step = { name: 'one', run: async () => 'it is fine' };
  const skipped: Step = { name: 'two', run: () => Promise.reject(new StepSkipped('no engine')) };
  const failing = (error: Error): Step => ({
    name: 'three',
    async run() {
      throw error;
    },
  });

  test('are printed with their results, and a step that is skipped is no failure', async () => {
    expect(await run([ok, skipped])).toEqual({
      fine: true,
      lines: ['one       ok      it is fine', 'two       skipped no engine', ''],
    });
  });

  test('end at the first that fails, with what to do', async () => {
    expect(await run([failing(new StepError('it is wrong', 'Correct it.')), ok])).toEqual({
      fine: false,
      lines: ['three     FAILED  it is wrong', 'What to do: Correct it.', ''],
    });
    const unexpected = await run([failing(new TypeError('a bug')), ok]);
    expect(unexpected).toEqual({ fine: false, lines: ['three     FAILED  a bug', ''] });
  });
});

/** The files of a project with version 1.2.3, some of them as in `changed`. */
function project(changed: Readonly<Record<string, string>> = {}): { path: string } & Disposable {
  const folder = temporaryFolder();
  const files = {
    'package.json': '{\n  "version": "1.2.3"\n}\n',
    'package-lock.json':
      '{\n  "name": "a",\n  "version": "1.2.3",\n  "packages": {\n    "": {\n      "name": "a",\n      "version": "1.2.3",\n    },\n    "node_modules/b": {\n      "version": "9.9.9"\n',
    Dockerfile: 'FROM a\nARG VERSION=1.2.3\nFROM b\nARG VERSION=1.2.3\n',
    'docker-bake.hcl': 'variable "VERSION" {\n  default = "1.2.3"\n}\n',
    'deploy/kubernetes/base/kustomization.yml':
      'images:\n  - name: seen\n    newTag: 1.2.3 # as\n',
    'docs/kubernetes.md': 'docker build -t seen:1.2.3 .\n    newTag: 1.2.3\n',
    'docs/guide.md': 'seen/1.2.3\n--build-arg VERSION=2.0.0\nseen/2.0.0\n',
    'CHANGELOG.md': '# Changes\n\n## 1.2.3 - 2026-11-30\n\n- New.\n',
    ...changed,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, file)), { recursive: true });
    writeFileSync(join(folder.path, file), text);
  }
  return folder;
}

describe('the versions', () => {
  test('may agree, and an example may set another', () => {
    using folder = project();
    expect(statementsIn(folder.path)).toHaveLength(9);
    expect(checkVersions(folder.path, 'v1.2.3')).toBe(
      '1.2.3 in package.json, CHANGELOG.md, package-lock.json, Dockerfile, docker-bake.hcl, deploy/kubernetes/base/kustomization.yml, docs/kubernetes.md, docs/guide.md',
    );
  });

  const wrong = {
    'package-lock.json': '{\n  "version": "1.2.2",\n',
    Dockerfile: 'ARG VERSION=1.2.3\nARG VERSION=1.2.2\n',
    'docker-bake.hcl': 'variable "VERSION" {\n  default = "1.2.2"\n}\n',
    'deploy/kubernetes/base/kustomization.yml': '    newTag: 1.2.2\n',
    'docs/kubernetes.md': 'seen:1.2.2\n',
    'docs/guide.md': 'seen/1.2.2\n',
  };
  for (const [file, text] of Object.entries(wrong)) {
    test(`may not differ in ${file}`, () => {
      using folder = project({ [file]: text });
      expect(() => checkVersions(folder.path, undefined)).toThrow(`${file} has 1.2.2`);
    });
  }

  test('of the project among its packages counts, too', () => {
    const lock = '{\n  "packages": {\n    "": {\n      "name": "a",\n      "version": "1.2.2",\n';
    using folder = project({ 'package-lock.json': lock });
    expect(() => checkVersions(folder.path, undefined)).toThrow('package-lock.json has 1.2.2');
  });

  test('must be in the tag and in the changelog', () => {
    using folder = project();
    expect(() => checkVersions(folder.path, 'v1.2.4')).toThrow('the tag is v1.2.4');
    using silent = project({ 'CHANGELOG.md': '# Changes\n' });
    expect(() => checkVersions(silent.path, undefined)).toThrow('no section for 1.2.3');
  });

  test('must be a version as npm takes it', () => {
    using folder = project({ 'package.json': '{ "version": "1.2" }' });
    expect(() => checkVersions(folder.path, undefined)).toThrow('has the version “1.2”');
  });

  test('of this project are found in each of its files', () => {
    using folder = project();
    const filesIn = (root: string) => new Set(statementsIn(root).map(({ file }) => file));
    expect(filesIn(ROOT)).toEqual(filesIn(folder.path));
  });
});
