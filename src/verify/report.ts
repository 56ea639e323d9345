/** Formats the result of a run as text for people and as data for programs. Pure functions. */

import { pluralize } from '../plural.ts';
import { type Change, changes, type Figures } from './figures.ts';
import type { Check, Finding } from './finding.ts';
import type { Result } from './run.ts';

/** The text of each check. */
const CHECKS: Readonly<Record<Check, string>> = {
  unique: 'no number was given to two visits',
  bounds: 'every answered visit was counted, and no more visits than were sent',
  order: 'a visit that began after another was answered got a larger number',
  connection: 'on one connection numbers only grow',
  reads: 'a total that is read never decreases',
  repeats: 'a visit that was repeated with its key got the same number',
  answered: 'every request got its number',
};

/** Whether something was tested, nothing is broken, and the counter answered at the end. */
export function passed({ findings, frame }: Result, { answered }: Figures): boolean {
  const broken = findings.some(({ status }) => status === 'broken');
  return answered > 0 && !broken && frame.after !== undefined;
}

/** The verdict as a person reads it. */
export function report(url: string, result: Result, figures: Figures): string {
  const { findings } = result;
  const seconds = figures.sendingMs / 1000;
  const lines = [
    `${url}: ${pluralize(figures.answered, 'visit')} in ${seconds.toFixed(1)} s, ${formatNumber(figures.answered / seconds)} a second`,
    ...latencyLines(figures),
    ...repeatLines(figures),
    ...limitLines(figures),
    '',
    ...findings.map(findingLine),
    '',
    ...shareLines(figures.servedBy),
    ...changeLines(changes(figures)),
    verdict(result, figures),
  ];
  return `${lines.join('\n')}\n`;
}

function verdict({ findings, frame }: Result, { answered }: Figures): string {
  const [broken, untested] = (['broken', 'untested'] as const).map(
    (wanted) => findings.filter(({ status }) => status === wanted).length,
  );
  const all = findings.length;
  if (answered === 0) return 'Nothing was tested: no visit got a number.';
  if (broken) return `BROKEN: ${broken} of ${all} checks.`;
  if (frame.after === undefined)
    return 'UNKNOWN: the counter did not answer at the end. Visits may be missing.';
  if (!untested) return 'Held.';
  return `Held, as far as it was tested: ${untested} of ${all} checks could not be made.`;
}

/** All figures and findings as data. */
export function reportData(url: string, result: Result, figures: Figures) {
  const { elapsedMs, sendingMs, answered, latencies } = figures;
  return {
    url,
    held: passed(result, figures),
    findings: result.findings,
    before: result.frame.before,
    after: result.frame.after,
    others: result.frame.others,
    elapsedMs,
    sendingMs,
    answered,
    failures: Object.fromEntries(figures.failures),
    latencyMs: {
      p50: latencies.percentileMs(0.5),
      p99: latencies.percentileMs(0.99),
      longest: latencies.longestMs,
    },
    tries: Object.fromEntries(figures.tries),
    compared: figures.compared,
    servedBy: Object.fromEntries(figures.servedBy),
    changes: changes(figures),
    seconds: figures.seconds,
  };
}

function findingLine({ check, status, count, words }: Finding): string {
  const label = { held: 'held    ', broken: 'BROKEN  ', untested: 'untested' }[status];
  const times =
    status === 'broken' && check !== 'answered' ? ` (${pluralize(count, 'time')})` : '';
  return `  ${label}  ${CHECKS[check]}${status === 'held' ? '' : `: ${printable(words)}${times}`}`;
}

function repeatLines({ tries, compared }: Figures): string[] {
  const failed = [...tries.values()].reduce((sum, count) => sum + count, 0);
  return [
    ...(failed > 0
      ? [
          `${pluralize(failed, 'request')} failed and ${failed === 1 ? 'was' : 'were'} sent again: ${kinds(tries)}`,
        ]
      : []),
    ...(compared > 0
      ? [
          `${pluralize(compared, 'visit')} ${compared === 1 ? 'was' : 'were'} repeated after being answered`,
        ]
      : []),
  ];
}

/** Advice when the service limits our address, which is not a fault. */
function limitLines({ failures, tries }: Figures): string[] {
  const limited = [...failures.keys(), ...tries.keys()].some((why) => why.includes('status 429'));
  if (!limited) return [];
  return [
    'The service limited this address (status 429). Send fewer requests with --rate and --for, or turn the limits off during the run.',
    'For Seen: SEEN_KEYS_PER_DAY=0 (with --retry), SEEN_REQUESTS_PER_MINUTE=0, SEEN_NEW_COUNTERS_PER_DAY=0.',
  ];
}

/** `12 reset, 3 timeout` */
export function kinds(failures: ReadonlyMap<string, number>): string {
  return printable(
    [...failures].map(([why, count]) => `${formatNumber(count)} ${why}`).join(', '),
  );
}

/** Without control characters, which could move the cursor of a terminal or change its title. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '�');
}

function latencyLines({ latencies }: Figures): string[] {
  if (latencies.longestMs === 0) return [];
  const [p50, p99] = [0.5, 0.99].map((share) => latencies.percentileMs(share).toFixed(1));
  return [
    `half of them in ${p50} ms, 99 of 100 in ${p99} ms, the longest in ${latencies.longestMs.toFixed(0)} ms`,
  ];
}

const BAR = 24;
/** The number of changes to show: two updates of three replicas. */
const CHANGES = 12;

/** The replicas that answered, each with a bar for its share. */
export function shareLines(servedBy: Figures['servedBy']): string[] {
  const total = [...servedBy.values()].reduce((sum, { answered }) => sum + answered, 0);
  const width = Math.max(0, ...[...servedBy.keys()].map((name) => name.length));
  return [...servedBy].map(([name, { answered }]) => {
    const share = answered / total;
    return `  ${printable(name).padEnd(width)}  ${'█'.repeat(Math.round(share * BAR)).padEnd(BAR, '░')} ${(share * 100).toFixed(0)} %`;
  });
}

/** The last replicas that came and went, for example in an update. */
export function changeLines(all: readonly Change[], most = CHANGES): string[] {
  const shown = all.slice(-most);
  const more =
    all.length > shown.length
      ? [`  ${pluralize(all.length - shown.length, 'earlier change')}`]
      : [];
  return [
    ...more,
    ...shown.map(
      ({ second, name, what }) =>
        `  ${`${second}`.padStart(5)} s  ${what === 'came' ? '+' : '-'} ${printable(name)} answers${what === 'came' ? '' : ' no more'}`,
    ),
  ];
}

/** 1234567 as 1,234,567. */
export function formatNumber(number: number): string {
  return Math.round(number).toLocaleString('en');
}
