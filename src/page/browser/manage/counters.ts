/** Requests about counters with the tokens of this tab, and which tokens are right. */
import { ask, type Call, type JsonAnswer } from '../ask.ts';
import { pathOf } from '../counters.ts';
import { tokenFor } from '../tokens.ts';

/** Sends a request about a counter with the token for it; `part` is the rest of its path. */
export function askAbout<T>(
  name: string,
  part = '',
  call: Omit<Call, 'token'> = {},
): Promise<JsonAnswer<T>> {
  return ask<T>(`${pathOf(name)}${part}`, { ...call, token: tokenFor(name) });
}

/** Whether this is the installation's token, or why nobody knows. */
export async function checkInstallation(token: string): Promise<JsonAnswer<boolean>> {
  const answer = await ask('/api/v1/counters?limit=1', { token });
  if (answer.data) return { data: true };
  const { data: _, ...failure } = answer;
  return isTokenProblem(failure) ? { data: false } : failure;
}

/** Whether a request failed because of its token. */
export function isTokenProblem({ problem }: JsonAnswer<unknown>): boolean {
  return problem?.status === 401;
}
