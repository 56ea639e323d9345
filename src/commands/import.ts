/** `seen import SOURCE`: imports counters. Without `--yes` it only lists the changes. */

import { FILE_KINDS, type FileKind, fileKindLines } from '../archive/recognise.ts';
import { readConfig } from '../config/config.ts';
import type { ImportTerms } from '../contract/archive.ts';
import { AppError } from '../counter/errors.ts';
import { retryWhileUnavailable } from '../counter/retrying.ts';
import { pluralize } from '../plural.ts';
import { type Command, type Context, oneOf, separateArguments } from './command.ts';
import { CLOCK } from './compose/counter.ts';
import { composeStore } from './compose/store.ts';
import { check } from './import/check.ts';
import { type ImportChunk, importChunks, retryingImport } from './import/chunks.ts';
import { openSource } from './import/source.ts';
import { showProgress } from './terminal.ts';

const FLAGS = {
  from: 'string',
  existing: 'string',
  namespace: 'string',
  as: 'string',
  keys: 'string',
  names: 'string',
  yes: 'boolean',
} as const;

const KINDS = [...(Object.keys(FILE_KINDS) as FileKind[]), 'redis', 'busuanzi'] as const;

async function run({ argv, env, print }: Context): Promise<number> {
  const { own, positionals, rest } = separateArguments(argv, FLAGS);
  const [place, ...more] = positionals;
  if (place === undefined || more.length > 0) {
    throw new AppError('usage-invalid', 'Name a source, as in: seen import counters.jsonl');
  }
  const existing = oneOf('existing', own.existing, ['keep', 'add', 'replace']) ?? 'keep';
  const from = oneOf('from', own.from, KINDS);
  const config = readConfig({ argv: rest, env }, [place]);
  const { namespace, as, keys, names } = own;
  const source = await openSource(place, { from, namespace, as, keys, names }, config);
  const { findings, counters } = await check(source);
  print(`${source.what}, ${pluralize(counters, 'counter')}\n`);
  if (findings.mistakes > 0) {
    print(
      `\nMistakes:\n${findings.mistakeLines().join('\n')}\n\nNothing was changed. Correct them and try again.\n`,
    );
    return 2;
  }
  if (counters === 0) {
    print(`${findings.noteLines().join('\n')}\n`);
    return 0;
  }
  if (as !== undefined && counters !== 1) {
    throw new AppError('usage-invalid', `--as names one counter, but the source has ${counters}.`);
  }
  const store = await composeStore(config, 'make');
  const progress = showProgress('counters');
  const patiently = <T>(ask: () => Promise<T>) => retryWhileUnavailable(ask, CLOCK, config.waitMs);
  try {
    await patiently(() => store.counting.ping());
    const terms: ImportTerms = { source: source.digest(), existing };
    const transfer = { source, terms, as, counters, progress };
    const { archive, registry } = store;
    const preview: ImportChunk = (chunk, how) =>
      patiently(() => archive.previewImport(chunk, how));
    const tally = await importChunks(
      transfer,
      own.yes === undefined ? preview : retryingImport(archive),
    );
    progress.end();
    if (findings.noteLines().length > 0) print(`\n${findings.noteLines().join('\n')}\n`);
    print(`\n${tally.lines(own.yes !== undefined).join('\n')}\n`);
    if (own.yes !== undefined) return tally.refused ? 1 : 0;
    const room = config.countersMax - (await patiently(() => registry.size()));
    const full = tally.count('made') > room;
    if (full)
      print(
        `\nThere is space for ${pluralize(Math.max(0, room), 'more counter')}: raise SEEN_COUNTERS_MAX.\n`,
      );
    print('\nNothing was changed yet. To import, repeat the command with --yes.\n');
    return full || tally.refused ? 1 : 0;
  } finally {
    progress.end();
    await store.close();
  }
}

export const importCommand: Command = {
  summary: 'import counters from a file or another service',
  manual: () => `Usage: seen import SOURCE [FLAGS]
       seen import counters.jsonl
       seen import visits.csv.gz --namespace my-site
       seen import badge.svg --as my-site/page
       seen import redis://HOST:PORT/0

Lists the changes that it would make, and makes them with --yes, while Seen keeps counting. It
first checks all of SOURCE and imports nothing if there is a mistake. Each counter remembers the
sources that it was imported from, so an interrupted import can be repeated and counts nothing
twice.

The kind of SOURCE is recognised by its content:
${fileKindLines()}
  redis        a Redis with plain numbers: the key hits, or those of --keys
  busuanzi     the Redis of a busuanzi (with --from busuanzi)

Flags:
  --yes              import
  --existing WHAT    for existing counters: keep them, add to them (total and history), or replace
                     them [keep]
  --from KIND        the kind of SOURCE, if it is not recognised
  --namespace NS     the namespace of names that have none
  --as NS/KEY        the name of the only counter
  --keys PATTERN     the keys of a Redis [hits; bsz:* of a busuanzi]
  --names FILE       for busuanzi, whose keys are hashes: one line ADDRESS,NAMESPACE/KEY for each
                     site and page
  and the settings of seen serve, which select the store; a missing SQLite file is created

Exit status:
  0    imported, or an import is possible
  1    some counters were refused, the others imported
  2    a mistake in the command line, the settings or SOURCE; nothing is imported
  69   the store, or the Redis that is SOURCE, cannot be reached
`,
  run,
};
