/** The files that state the version. package.json decides; the others must agree. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { notesOf } from './changelog.ts';
import { StepError } from './step.ts';

/** A place in a file, and the version that it states. */
export interface Statement {
  readonly file: string;
  readonly version: string;
}

/** Each file, and an expression whose first group is the version. */
const PLACES: readonly { readonly file: string; readonly pattern: RegExp }[] = [
  { file: 'package-lock.json', pattern: /^ {2}"version": "([^"]+)"/gm },
  // The project itself among the packages.
  { file: 'package-lock.json', pattern: /^ {4}"": \{\n.*\n {6}"version": "([^"]+)"/gm },
  { file: 'Dockerfile', pattern: /^ARG VERSION=(\S+)$/gm },
  { file: 'docker-bake.hcl', pattern: /^variable "VERSION" \{\n\s*default = "([^"]+)"/gm },
  { file: 'deploy/kubernetes/base/kustomization.yml', pattern: /^ *newTag: (\S+)/gm },
  { file: 'docs/kubernetes.md', pattern: /(?:\bseen:|\bnewTag: )(\d+\.\d+\.\d+)\b/g },
  // What X-Served-By has in examples.
  { file: 'docs/guide.md', pattern: /\bseen\/(\d+\.\d+\.\d+)\b/g },
];

/** Major, minor and patch, and perhaps a pre-release (https://semver.org). */
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

/** The version in package.json of the project in `root`. Fails with `StepError`. */
export function versionOf(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  if (VERSION.test(version)) return version;
  throw new StepError(
    `package.json has the version “${version}”`,
    'Write a version as in 1.2.3 or 1.2.3-rc.1 (https://semver.org).',
  );
}

/** All versions that the other files state. A version that an example sets itself is none. */
export function statementsIn(root: string): Statement[] {
  return PLACES.flatMap(({ file, pattern }) => {
    const path = join(root, file);
    // Whatever needs a file reports that it is missing.
    if (!existsSync(path)) return [];
    const text = readFileSync(path, 'utf8');
    const examples = new Set(
      [...text.matchAll(/--build-arg VERSION=(\S+)/g)].map(([, version]) => version),
    );
    return [...text.matchAll(pattern)].flatMap(([, version = '']) =>
      examples.has(version) ? [] : [{ file, version }],
    );
  });
}

/**
 * Checks that all files state the version of package.json, that the tag names it, if there is
 * one, and that the changelog has its section. Returns a sentence; fails with `StepError`.
 */
export function checkVersions(root: string, tag: string | undefined): string {
  const version = versionOf(root);
  const statements = statementsIn(root);
  const wrong = statements.find((statement) => statement.version !== version);
  if (wrong)
    throw new StepError(
      `package.json has version ${version}, and ${wrong.file} has ${wrong.version}`,
      `Write ${version} in ${wrong.file}. For package-lock.json: npm install --package-lock-only.`,
    );
  if (tag !== undefined && tag !== `v${version}`)
    throw new StepError(
      `the tag is ${tag}, and package.json has version ${version}`,
      `Delete the tag, and tag the commit that has the version: git tag v${version}.`,
    );
  notesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);
  const files = new Set(statements.map(({ file }) => file));
  return `${version} in package.json, CHANGELOG.md, ${[...files].join(', ')}`;
}
