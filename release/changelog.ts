/**
 * CHANGELOG.md in the form of Keep a Changelog (https://keepachangelog.com/en/1.1.0/): a section
 * `## 1.2.3 - 2026-11-30` for each version, the newest first, below `## Unreleased`.
 */
import { StepError } from './step.ts';

/** The section of a version. */
export interface Section {
  readonly version: string;
  /** As in `2026-11-30`; `undefined` when the heading has none. */
  readonly date: string | undefined;
  readonly body: string;
}

const HEADING = /^## (\S+)(?: - (\d{4}-\d{2}-\d{2}))?$/;
const UNRELEASED = 'Unreleased';
const FILE = 'CHANGELOG.md';

/** All sections, `Unreleased` included. Fails with `StepError` when a heading has another form. */
export function sectionsOf(changelog: string): Section[] {
  return changelog
    .split(/^(?=## )/m)
    .slice(1)
    .map((text) => {
      const [heading = '', ...lines] = text.split('\n');
      const found = HEADING.exec(heading);
      if (!found) {
        throw new StepError(
          `${FILE} has the heading “${heading}”`,
          'Write “## Unreleased” or “## 1.2.3 - 2026-11-30”.',
        );
      }
      const [, version = '', date] = found;
      return { version, date, body: lines.join('\n').trim() };
    });
}

/**
 * The notes of a version: the text of its section. Fails with `StepError` when the changelog is
 * not ready for a release of it.
 */
export function notesOf(changelog: string, version: string): string {
  const sections = sectionsOf(changelog);
  const section = sections.find((each) => each.version === version);
  if (!section) {
    throw new StepError(
      `${FILE} has no section for ${version}`,
      `Add “## ${version} - DATE” below “## ${UNRELEASED}”, and move the changes there.`,
    );
  }
  if (section.date === undefined)
    throw new StepError(
      `the section for ${version} in ${FILE} has no date`,
      `Write “## ${version} - DATE” with the day of the release.`,
    );
  if (section.body === '')
    throw new StepError(
      `the section for ${version} in ${FILE} is empty`,
      'Say what users notice of this version.',
    );
  const newest = sections.find((each) => each.version !== UNRELEASED);
  if (newest !== section)
    throw new StepError(
      `${FILE} has ${newest?.version} above ${version}`,
      'The version in package.json is to be the newest in the changelog.',
    );
  const later = sections.find((each) => each.version === UNRELEASED);
  if (later && later.body !== '')
    throw new StepError(
      `${FILE} has changes under “${UNRELEASED}”`,
      `Move them to the section for ${version}, in which they are published.`,
    );
  return section.body;
}

/** The Markdown with links to files of the project below `url`; other links stay as they are. */
export function withAbsoluteLinks(markdown: string, url: string): string {
  return markdown.replaceAll(
    /\]\((?![a-z]+:|#)([^)]+)\)/g,
    (_, path: string) => `](${url}/${path})`,
  );
}
