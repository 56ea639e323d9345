/**
 * `seen verify URL`: visits a running counter from outside and judges its answers.
 */
import { parseArgs } from 'node:util';
import { AppError, messageOf } from '../counter/errors.ts';
import { Unanswered } from '../verify/connection.ts';
import type { Figures } from '../verify/figures.ts';
import { historyLine, type Operation } from '../verify/history.ts';
import { Interrupted } from '../verify/look.ts';
import { passed, report, reportData } from '../verify/report.ts';
import { LATE_MS, Run } from '../verify/run.ts';
import { showRun } from '../verify/screen.ts';
import { targetOf } from '../verify/target.ts';
import { type Command, type Context, duration, wholeNumberFlag } from './command.ts';
import { INTERRUPTED, interruption } from './terminal.ts';
import { checkFile } from './verify-check.ts';
import { openFiles } from './verify-file.ts';

const FLAGS = {
  visits: { type: 'string' },
  for: { type: 'string' },
  clients: { type: 'string', default: '50' },
  rate: { type: 'string' },
  counter: { type: 'string' },
  retry: { type: 'boolean', default: false },
  'may-fail': { type: 'boolean', default: false },
  alone: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '30s' },
  json: { type: 'string' },
  history: { type: 'string' },
  check: { type: 'string' },
} as const;

/**
 * The default number of visits per second with --retry. The service remembers the key of each
 * visit for a day, and limits the number of keys: at this rate a run of three minutes stays within
 * Seen's default for one address (SEEN_KEYS_PER_DAY).
 */
const RETRY_RATE = 20;
/** The maximum number of clients: a system has some 28,000 ports for connections to one port. */
const CLIENTS_MAX = 10_000;
/** The maximum rate: more visits than one process can send, by far. */
const RATE_MAX = 1_000_000;
/** The length of a run with neither --visits nor --for. */
const STANDARD_MS = 10_000;

async function run({ argv, print }: Context): Promise<number> {
  const { values, positionals } = readArguments(argv);
  if (values.check !== undefined) return checkFile(values.check, values.alone, print);
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0) {
    throw new AppError('usage-invalid', 'Name a URL, as in: seen verify http://localhost:8000');
  }
  // Every mistake in the flags is found before a file is emptied.
  const plan = planOf(url, values);
  // Opened before the visits, so that a path that cannot be written does not waste a run.
  const { json, history } = openFiles(values);
  using stop = interruption();
  const visitRun = new Run({
    ...plan,
    stop: stop.signal,
    onOperation: history && ((operation: Operation) => history.write(historyLine(operation))),
  });
  const screen = showRun({
    run: visitRun,
    terminal: process.stdout.isTTY ? process.stdout : undefined,
    print,
    stopped: stop.signal,
    done: ({ elapsedMs, answered }: Figures) => {
      const { visits, forMs } = plan;
      if (visits !== undefined) return answered / visits;
      return forMs === undefined ? undefined : Math.min(1, elapsedMs / forMs);
    },
  });
  try {
    const result = await visitRun.go();
    screen.end();
    print(report(url, result, visitRun.figures));
    const data = reportData(url, result, visitRun.figures);
    const failures = await Promise.all([
      history?.end(historyLine({ type: 'frame', ...result.frame })),
      json?.end(`${JSON.stringify(data, null, 2)}\n`),
    ]);
    const failed = failures.filter((failure) => failure !== undefined);
    if (failed.length > 0) throw new AppError('usage-invalid', failed.join('\n'));
    return passed(result, visitRun.figures) ? 0 : 1;
  } catch (error) {
    if (error instanceof Interrupted) {
      print('Nothing was tested: the run was interrupted before its first visit.\n');
      return INTERRUPTED;
    }
    if (!(error instanceof Unanswered)) throw error;
    const message = `${url} does not count: ${error.message}. Check that it is running and that this is its address.`;
    throw new AppError('usage-invalid', message, { cause: error });
  } finally {
    screen.end();
  }
}

/** The options of a run, from the URL and the flags. Fails with `usage-invalid`. */
function planOf(url: string, values: ReturnType<typeof readArguments>['values']) {
  const visits = wholeNumberFlag('visits', values.visits);
  return {
    target: targetOf(url, values.counter),
    clients: wholeNumberFlag('clients', values.clients, CLIENTS_MAX) ?? 1,
    visits,
    forMs: lengthOf(values.for, visits),
    rate:
      wholeNumberFlag('rate', values.rate, RATE_MAX) ?? (values.retry ? RETRY_RATE : undefined),
    retry: values.retry,
    mayFail: values['may-fail'],
    alone: values.alone,
    timeoutMs: duration('timeout', values.timeout),
  };
}

/** The length of a run, in ms; `undefined` when it ends after a number of visits. */
function lengthOf(time: string | undefined, visits: number | undefined): number | undefined {
  if (time !== undefined) return duration('for', time);
  return visits === undefined ? STANDARD_MS : undefined;
}

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
  } catch (cause) {
    throw new AppError('usage-invalid', `${messageOf(cause)}\nSee seen verify --help.`, { cause });
  }
}

export const verify: Command = {
  summary: 'visit a running counter and judge what it answers',
  manual: () => `Usage: seen verify URL [FLAGS]
       seen verify --check FILE

Visits a counter from outside while you update, scale or break it, and judges its answers: whether
each number is unique, in order and within the bounds, and whether a request failed. It works with
any service that counts a request and answers with the number. Half of the clients keep their
connection, half open a new one for each visit. None retries without --retry.

Flags:
  --visits N         end after N visits
  --for TIME         end after 60s, 10m, … [${STANDARD_MS / 1000}s, unless --visits is given]
  --clients N        number of concurrent clients [${FLAGS.clients.default}]
  --rate N           visits a second, at fixed times [as many as possible; with --retry ${RETRY_RATE}]
  --counter NS/KEY   hit and read this counter of the Seen at URL. Choose one that nobody else
                     visits: one visit of somebody else can look like a visit counted twice
  --retry            send an Idempotency-Key with each visit and repeat it until it is answered;
                     repeat some answered ones, too. Each visit uses one of the keys that the
                     service remembers (for Seen: SEEN_KEYS_MAX in all, for 24 hours, and
                     SEEN_KEYS_PER_DAY from one address)
  --may-fail         failed requests are reported, but are not broken; for example while replicas
                     are killed
  --alone            nobody else visits: a count that verify did not make is broken, even one in
                     the ${LATE_MS / 1000} s after the run. Without --alone such counts are
                     reported, and it is not tested whether all visits were counted
  --timeout TIME     time after which a client gives up [${FLAGS.timeout.default}]
  --json FILE        write all figures and findings
  --history FILE     write each operation as a line of JSON
  --check FILE       judge such a file again, without visits

Ctrl-C or SIGTERM ends the visits; the report is still printed. A second Ctrl-C ends it at once.

Exit status:
  0    nothing is broken
  1    a check is broken (the report has the first evidence), no visit got a number, or the counter
       did not answer at the end
  2    a mistake in the command line, there is no counter at URL, or FILE cannot be written (the
       report is printed)
  130  it was interrupted before the first visit
`,
  run,
};
