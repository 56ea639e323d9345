/**
 * `seen verify` as the judge of a stack or a proxy: it visits from outside during an action, and
 * reports the results.
 */
import { expect } from 'bun:test';
import { join } from 'node:path';
import type { Finding } from '../../src/verify/finding.ts';
import { temporaryFolder, until } from './folder.ts';
import { MAIN, numberIn } from './program.ts';

/** Visitors, half of whom keep their connection; and one reader. */
const VISITORS = 18;
export const CLIENTS = VISITORS + 1;
/** Visits a second: what two cores carry beside three engines. */
const RATE = 400;
/** So many come in however slow the machine is. */
const VISITS_MIN = 200;

export interface Judged {
  readonly answered: number;
  /** How many requests got no number. */
  readonly failures: number;
  readonly how: Readonly<Record<string, number>>;
  /** What is wrong with the numbers. */
  readonly wrong: readonly Finding[];
  /** Who answered, as `X-Served-By` says, in the order of their first answers. */
  readonly servedBy: readonly string[];
  /** `seen/1.0.0` for each version that answered, in the same order. */
  readonly versions: readonly string[];
}

interface Verdict {
  readonly answered: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly servedBy: Readonly<Record<string, unknown>>;
}

let round = 0;

/**
 * Has `seen verify` visit a counter, by default one of its own, from a while before `action` until
 * a while after it.
 */
export async function underLoad(
  url: string,
  action: () => Promise<unknown>,
  counter = `stack/round-${++round}`,
): Promise<Judged> {
  using folder = temporaryFolder();
  const file = join(folder.path, 'verdict.json');
  const flags = `--counter ${counter} --rate ${RATE} --clients ${VISITORS} --for 1h --json ${file}`;
  const verify = Bun.spawn([process.execPath, MAIN, 'verify', url, ...flags.split(' ')], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = Promise.all([
    new Response(verify.stdout).text(),
    new Response(verify.stderr).text(),
  ]);
  try {
    // It begins with some looks.
    await until('visits to come in', async () => {
      const signal = AbortSignal.timeout(2000);
      const tls = { rejectUnauthorized: false };
      const answer = await fetch(`${url}/get/${counter}`, { keepalive: false, signal, tls });
      return numberIn(await answer.text()) > VISITS_MIN;
    });
    await action();
    await Bun.sleep(1000);
  } finally {
    verify.kill('SIGINT');
  }
  if ((await verify.exited) > 1) throw new Error((await said).join(''));
  const { answered, failures, findings, servedBy } = (await Bun.file(file).json()) as Verdict;
  const names = Object.keys(servedBy);
  return {
    answered,
    failures: Object.values(failures).reduce((sum, count) => sum + count, 0),
    how: failures,
    wrong: findings.filter(({ check, status }) => check !== 'answered' && status !== 'held'),
    servedBy: names,
    versions: [...new Set(names.map((name) => name.split(' ')[1] ?? ''))],
  };
}

/**
 * Fails unless every request was answered, with a number of its own, and the total is exactly that
 * many.
 */
export function expectNoFailure({ answered, wrong, how }: Judged): void {
  expect({ wrong, how }).toEqual({ wrong: [], how: {} });
  expect(answered).toBeGreaterThan(VISITS_MIN);
}

/**
 * Fails unless every visit was answered, with a number of its own; reads may have been told to
 * come again.
 */
export function expectNoVisitFailed(judged: Judged): void {
  const visits = Object.entries(judged.how).filter(([why]) => !why.startsWith('read: '));
  expectNoFailure({ ...judged, how: Object.fromEntries(visits) });
}

/** Says how many requests failed where some may. */
export function report(what: string, { answered, failures, how }: Judged): void {
  const kinds = Object.entries(how).map(([why, count]) => `${count} ${why}`);
  process.stderr.write(
    `${what}: ${failures} of ${answered + failures} requests failed: ${kinds.join(', ')}\n`,
  );
}
