/**
 * The settings as people see them: the names of variables and flags, the lines of `--help`, and
 * the table in docs/settings.md.
 *
 * Not here: the settings (`settings.ts`).
 */
import { settings } from './settings.ts';

/** `storeUrl` as `SEEN_STORE_URL`. */
export function envName(name: string): string {
  return `SEEN_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** `storeUrl` as `store-url`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, '-$&').toLowerCase();
}

/** The settings as lines of a manual. */
export function settingsManual(): string {
  return Object.entries(settings)
    .map(([name, { fallback, help }]) => {
      const standard = fallback ? ` [${fallback}]` : '';
      return `  --${flagName(name).padEnd(17)} ${help.replaceAll('`', '')}${standard}`;
    })
    .join('\n');
}

/** The table in docs/settings.md. Defaults that depend on the machine are described in words. */
export function settingsTable(): string {
  const words: Readonly<Record<string, string>> = { replicaName: 'host name' };
  const rows = Object.entries(settings).map(([name, { fallback, help }]) => {
    const standard = words[name] ?? (fallback ? `\`${fallback}\`` : '');
    return `| \`${envName(name)}\` | ${standard} | ${help} |`;
  });
  return ['| setting | default | description |', '| --- | --- | --- |', ...rows].join('\n');
}
