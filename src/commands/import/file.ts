/** Whether a file can be imported. Not here: reading it (`source.ts`). */
import { type Stats, statSync } from 'node:fs';
import { AppError, messageOf } from '../../counter/errors.ts';

/** Fails with `usage-invalid` when there is no file at `path`, and says what to name. */
export function requireFile(path: string): void {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw new AppError('usage-invalid', `${path} cannot be read: ${messageOf(cause)}.`, { cause });
  }
  if (stat?.isFile()) return;
  if (stat?.isDirectory())
    throw new AppError('usage-invalid', `${path} is a folder. Name a file in it.`);
  if (stat || path === '-')
    throw new AppError(
      'usage-invalid',
      `${path} can be read only once, and an import reads twice. Name a file.`,
    );
  const hint = /^https?:/i.test(path)
    ? ' Download it, and name the file.'
    : /^sqlite:/i.test(path)
      ? ' To import from another Seen, export its counters first: seen export --store-url.'
      : '';
  throw new AppError('usage-invalid', `There is no file ${path}.${hint}`);
}
