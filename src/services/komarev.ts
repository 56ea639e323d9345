/** How komarev (https://komarev.com/ghpvc/) names its counters: by the name of a GitHub user. */
import { counterOfUser, isUserName } from './naming.ts';

/** Whether it is a name of a GitHub user: one of at most 39 characters. */
export function isGithubUser(name: string): boolean {
  return isUserName(name) && name.length <= 39;
}

/** The counter of a user, whose name may be in any case. */
export function komarevCounter(user: string): string {
  return counterOfUser('komarev', user.toLowerCase());
}

/** The counter that an old URL names; `undefined` for none. */
export function counterInKomarevUrl({ pathname, searchParams }: URL): string | undefined {
  const user = searchParams.get('username')?.trim() ?? '';
  return /^\/ghpvc\/?$/.test(pathname) && isGithubUser(user) ? komarevCounter(user) : undefined;
}
