/**
 * Describes the settings for people: in `seen serve --help`, and in the table of docs/settings.md.
 * Pure functions of the table of settings (`settings.ts`).
 */
import { envName, flagName } from './config.ts';
import { settings } from './settings.ts';

/** The last column of a manual. Its other lines have at most as many. */
const WIDTH = 98;

/** The settings as the lines of `--help`, with their defaults in brackets. */
export function settingsManual(): string {
  const entries = Object.entries(settings).map(([name, { fallback, help }]) => {
    const defaultText = fallback ? ` [${fallback}]` : '';
    return { flag: `  --${flagName(name)}`, text: help.replaceAll('`', '') + defaultText };
  });
  const indent = Math.max(...entries.map(({ flag }) => flag.length)) + 2;
  return entries
    .flatMap(({ flag, text }) =>
      wrapped(text, WIDTH - indent).map(
        (line, index) => (index === 0 ? flag : '').padEnd(indent) + line,
      ),
    )
    .join('\n');
}

/** The lines of `text`, broken at blanks; none is longer than `width` if no word is. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** The table in docs/settings.md. Defaults that depend on the machine are described in words. */
export function settingsTable(): string {
  const words: Readonly<Record<string, string>> = { replicaName: 'host name' };
  const rows = Object.entries(settings).map(([name, { fallback, help }]) => {
    const defaultText = words[name] ?? (fallback ? `\`${fallback}\`` : '');
    return `| \`${envName(name)}\` | ${defaultText} | ${help} |`;
  });
  return ['| setting | default | description |', '| --- | --- | --- |', ...rows].join('\n');
}
