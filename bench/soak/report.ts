/**
 * The report of a soak run: its settings, the verdict, the checks, each fault, each judged figure,
 * and the contents of the store.
 *
 * Pure, Markdown. Not here: the introduction of docs/soak.md, which is written by hand, and
 * writing files (`write.ts`).
 */
import type { Finding } from '../../src/verify/finding.ts';
import type { StoreName } from '../stores.ts';
import { excusedBy, type Failure, type Injected, mayFail } from './faults.ts';
import type { Kept } from './kept.ts';
import type { Plan } from './plan.ts';
import type { Plot } from './plots.ts';
import type { Sample } from './sampler.ts';
import type { Judged } from './verdict.ts';

/** The results of a run. */
export interface Soak {
  readonly store: StoreName;
  readonly startedAt: Date;
  readonly plan: Plan;
  /** The length of the run: shorter than planned when it was stopped. */
  readonly tookMs: number;
  readonly rate: number;
  readonly machine: string;
  readonly answered: number;
  readonly findings: readonly Finding[];
  readonly failures: readonly Failure[];
  readonly faults: readonly Injected[];
  readonly streams: {
    readonly streams: number;
    readonly events: number;
    readonly wrong: readonly string[];
  };
  readonly samples: readonly Sample[];
  readonly kept: { readonly early: readonly Kept[]; readonly late: readonly Kept[] };
  /** What went wrong with the run itself: a fault that did not heal. */
  readonly wrong: readonly string[];
}

/** Why the run is not correct, in words; empty when it is. */
export function brokenIn({ store, findings, failures, faults, streams, wrong }: Soak): string[] {
  const unexcused = failures.filter((failure) => !excusedBy(store, faults, failure));
  const first = unexcused[0];
  return [
    ...findings
      .filter(({ status }) => status !== 'held')
      .map(({ check, status, words }) => `${check} ${status}: ${words}`),
    ...(first
      ? [
          `${unexcused.length} requests failed without a fault that excuses it, the first after ${seconds(first.fromMs)}: ${first.why}, a ${first.kept ? 'kept' : 'new'} connection`,
        ]
      : []),
    ...(streams.wrong.length > 0 ? [`${streams.wrong.length} streams: ${streams.wrong[0]}`] : []),
    ...wrong,
  ];
}

/** The verdict of correctness in one line, and that of flatness in another. */
export function verdictOf(soak: Soak, judged: readonly Judged[] | undefined): string[] {
  const broken = brokenIn(soak);
  const growing = judged?.filter(({ flat }) => !flat) ?? [];
  return [
    broken.length === 0 ? 'Right: every check held.' : `WRONG: ${broken.join('; ')}.`,
    judged === undefined
      ? 'Too short to say whether memory, descriptors and latency are flat.'
      : growing.length === 0
        ? `Flat: none of ${judged.length} figures grows faster than its bound.`
        : `NOT FLAT: ${growing.map(({ what }) => what).join(', ')}.`,
  ];
}

/** The run as a section of Markdown; `folder` is the folder of its plots in links. */
export function report(
  soak: Soak,
  judged: readonly Judged[] | undefined,
  plots: readonly Plot[],
  folder: string,
): string {
  const { store, startedAt, plan, tookMs, rate, machine, answered, failures, streams } = soak;
  const early = tookMs < plan.forMs ? `, stopped before its ${minutes(plan.forMs)} were over` : '';
  return `${[
    `## On ${store}`,
    `${minutes(tookMs)} from ${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC${early}. ${rate} visits were due each second: ${answered} were answered with their number, ${failures.length} were not. ${streams.streams} streams were told ${streams.events} totals. ${machine}.`,
    verdictOf(soak, judged)
      .map((line) => `**${line}**`)
      .join('\n'),
    faultTable(soak),
    ...(judged ? [judgedTable(judged)] : []),
    ...(soak.kept.late.length > 0 ? [keptTable(soak.kept)] : []),
    ...plots.map(({ file, title }) => `![${title}](${folder}/${store.toLowerCase()}-${file}.svg)`),
  ].join('\n\n')}\n`;
}

function faultTable({ store, faults, failures }: Soak): string {
  const by = new Map<string, number>();
  for (const failure of failures) {
    const name = excusedBy(store, faults, failure)?.name;
    if (name !== undefined) by.set(name, (by.get(name) ?? 0) + 1);
  }
  return table(
    ['fault', 'times', 'healed after, the longest', 'may fail', 'failed'],
    [...Map.groupBy(faults, ({ name }) => name)].map(([name, some]) => [
      name,
      `${some.length}`,
      seconds(Math.max(...some.map(({ fromMs, toMs }) => toMs - fromMs))),
      mayFail(store, name),
      `${by.get(name) ?? 0}`,
    ]),
  );
}

function judgedTable(judged: readonly Judged[]): string {
  return table(
    [
      'figure',
      'samples',
      'first quarter',
      'last quarter',
      'slope in an hour',
      'may grow in an hour',
      'flat',
    ],
    judged.map(({ what, unit, trend, bound, flat }) => [
      what,
      `${trend.samples}`,
      figure(trend.firstQuarter, unit),
      figure(trend.lastQuarter, unit),
      figure(trend.perHour, unit),
      `${figure(bound.perHour, unit)}: ${bound.why}`,
      flat ? 'yes' : '**no**',
    ]),
  );
}

function keptTable({ early, late }: Soak['kept']): string {
  return table(
    ['what the store holds', 'early', 'at the end'],
    late.map(({ kind, entries, bytes }) => {
      const before = early.find((each) => each.kind === kind);
      const written = (entry: Pick<Kept, 'entries' | 'bytes'>) =>
        `${entry.entries}, ${entry.bytes} bytes`;
      return [`\`${kind}\``, before ? written(before) : '–', written({ entries, bytes })];
    }),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function figure(value: number, unit: string): string {
  return `${value.toFixed(Math.abs(value) < 10 ? 2 : 1)}${unit === '' ? '' : ` ${unit}`}`;
}

function minutes(ms: number): string {
  return `${Number((ms / 60_000).toFixed(1))} minutes`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
