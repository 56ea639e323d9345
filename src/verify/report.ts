/** Formats the result of a run as text for people and as data for programs. Pure functions. */

import { pluralize } from '../plural.ts';
import { type Change, changes, type Figures } from './figures.ts';
import type { Check, Finding } from './finding.ts';
import type { Result } from './run.ts';

/** The text of each check. */
const CHECKS: Readonly<Record<Check, string>> = {
  unique: 'no number was given to two visits',
  bounds: 'as many visits are counted as were answered, and no more than were asked',
  order: 'a visit that began after another was answered got a larger number',
  connection: 'on one connection numbers only grow',
  reads: 'what is read never goes back',
  repeats: 'a visit that was asked for again under its key got the same number',
  answered: 'every request got its number',
};

/** Whether something was tested and nothing is broken. */
export function passed({ findings }: Result, { answered }: Figures): boolean {
  return answered > 0 && findings.every(({ status }) => status !== 'broken');
}

/** The verdict as a person reads it. */
export function report(url: string, result: Result, figures: Figures): string {
  const { findings } = result;
  const seconds = figures.sendingMs / 1000;
  const broken = findings.filter(({ status }) => status === 'broken').length;
  const untested = findings.filter(({ status }) => status === 'untested').length;
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
    figures.answered === 0
      ? 'Nothing was tested: no visit got a number.'
      : broken > 0
        ? `BROKEN: ${broken} of ${findings.length} checks.`
        : `Held${untested > 0 ? `, as far as it was tested: ${untested} of ${findings.length} checks could not be made` : ''}.`,
  ];
  return `${lines.join('\n')}\n`;
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
  return `  ${label}  ${CHECKS[check]}${status === 'held' ? '' : `: ${words}${times}`}`;
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
          `${pluralize(compared, 'visit')} ${compared === 1 ? 'was' : 'were'} asked for again after being answered`,
        ]
      : []),
  ];
}

/** Advice when the service limits our address, which is not a fault. */
function limitLines({ failures, tries }: Figures): string[] {
  const limited = [...failures.keys(), ...tries.keys()].some((why) => why.includes('status 429'));
  if (!limited) return [];
  return [
    'The service limits what one address may ask (status 429), and this run met that limit. Ask for less with --rate and --for, or lift it',
    'for as long as the run takes: of Seen SEEN_KEYS_PER_DAY=0 (--retry), SEEN_REQUESTS_PER_MINUTE=0, SEEN_NEW_COUNTERS_PER_DAY=0.',
  ];
}

/** `12 reset, 3 timeout` */
export function kinds(failures: ReadonlyMap<string, number>): string {
  return [...failures].map(([why, count]) => `${formatNumber(count)} ${why}`).join(', ');
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
    return `  ${name.padEnd(width)}  ${'█'.repeat(Math.round(share * BAR)).padEnd(BAR, '░')} ${(share * 100).toFixed(0)} %`;
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
        `  ${`${second}`.padStart(5)} s  ${what === 'came' ? `+ ${name} answers` : `- ${name} answers no more`}`,
    ),
  ];
}

/** 1234567 as 1,234,567. */
export function formatNumber(number: number): string {
  return Math.round(number).toLocaleString('en');
}
