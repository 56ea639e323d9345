/**
 * How dwyl/hits (https://hits.dwyl.com) names its counters: by a user and a repository, whose names
 * are as on GitHub and in the case of the URL.
 */
import { counterOfUser, isUserName } from './naming.ts';

/** The endings of a repository in a URL, in the order in which they are removed. */
const ENDINGS = ['.svg', '.json', '.html'] as const;

/** The repository that the last part of a path names. */
export function dwylRepository(file: string): string {
  let repository = file;
  for (const ending of ENDINGS)
    if (repository.endsWith(ending)) repository = repository.slice(0, -ending.length);
  return repository;
}

/**
 * The counter of a user and the last part of a path, as in `hello.svg`; `undefined` when the name
 * of the user or of the repository is not valid.
 */
export function dwylCounter(user: string, file: string): string | undefined {
  const repository = dwylRepository(file);
  if (!isUserName(user) || !/^[\w.-]+$/.test(repository)) return undefined;
  // As dwyl/hits does, which removes the ending again when it stores the name.
  const [name = ''] = repository.split('.svg', 1);
  return name === '' ? undefined : counterOfUser('dwyl', `${user}/${name}`);
}

/** The counter that an old URL names; `undefined` for none. */
export function counterInDwylUrl({ pathname }: URL): string | undefined {
  const parts = pathname.split('/').filter((part) => part !== '');
  const [user = '', file = ''] = parts.slice(-2);
  const names =
    parts.length === 2 || (parts.length === 3 && parts[0] !== 'error' && file.includes('.svg'));
  return names ? dwylCounter(user, file) : undefined;
}
