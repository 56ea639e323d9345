/**
 * The pages of the bench: docs/bench.md, its plots, and the README's table, all from one run.
 *
 * The text about what is measured is here. All figures come from page-tables.ts and page-plots.ts,
 * so no sentence can be older than a figure.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { connectionsPlot, type Plot, routesPlot, servicesPlot } from './page-plots.ts';
import {
  comparedTable,
  connectionsTable,
  imageTable,
  latencyTable,
  limitedTable,
  listeningTable,
  memoryTable,
  minimalTable,
  routesTable,
  startsTable,
  variantsTable,
} from './page-tables.ts';
import type { Results } from './results.ts';

/** A section of the page; without figures its `table` returns empty text. */
interface Section {
  readonly title: string;
  readonly text: string;
  readonly table: (results: Results) => string;
  readonly plot?: (results: Results) => Plot | undefined;
}

const SECTIONS: readonly Section[] = [
  {
    title: 'Against what you would pick instead',
    text: `\`GET /\` at 64 connections. Seen has three replicas, the minimal program three processes, nginx, webdis, Fastify and gunicorn three
workers, Moe-Counter's way one process, because its numbers are in the process. Each that uses Redis has one of its own, with \`appendfsync always\`; PostgreSQL has
its default settings. nginx answers a constant and stores nothing. The minimal program does nothing but keep the promise that an answered visit is durable and has a
number of its own (bench/peers/floor.ts): it shows what Bun and the store cost with this promise and nothing else. webdis answers HTTP with Redis' own commands, here \`INCR\`.
Moe-Counter's way answers before anything is stored, and a crash loses up to a minute: it is what an answer costs without the promise. The guide's application is
the teaching demo that Seen grew from; its server, gunicorn, opens a connection for each visit.`,
    table: (results) => comparedTable(results, { minimal: true }),
    plot: servicesPlot,
  },
  {
    title: 'How long a visit takes',
    text: `Visits come at a fixed rate whether or not earlier ones are answered, and time counts from when a visit was due. The peak is the
median of the rounds so far. Visits that are due are sent together once a millisecond, over 64 connections, so a part of the time is the generator's:
compare with the row of nginx. Where the generator takes nearly a whole core, the figures are mostly its own. The last column is measured with three clients
that open a connection for each visit.`,
    table: latencyTable,
  },
  {
    title: 'Requests and numbers of counters',
    text: 'CPU time per visit, three replicas, 64 connections. The counters exist already and are visited in turns, each far from the one before.',
    table: routesTable,
    plot: routesPlot,
  },
  {
    title: 'Against the minimal program',
    text: `CPU time per visit of \`GET /\` with three replicas, two and one, and its ratio to the minimal program with as many processes on the
same store and at as many connections. A test guards the ratio of one replica; its figures (decision 8) come from bursts of visits.`,
    table: minimalTable,
  },
  {
    title: 'Connections',
    text: 'CPU time per visit of `GET /` as in the first table, and its ratio to nginx at as many connections.',
    table: connectionsTable,
    plot: connectionsPlot,
  },
  {
    title: 'Replicas, and what syncing costs',
    text: `\`GET /\` at 64 connections. The default is three replicas and a sync before each answer. “Synced later” is Redis with
\`appendfsync everysec\`, and PostgreSQL with \`synchronous_commit = off\`. Both may lose answered visits, and are here only for comparison.`,
    table: variantsTable,
  },
  {
    title: 'Limits',
    text: `CPU time per visit of \`GET /\` from a million addresses in turns, as a trusted proxy forwards them: three replicas, 64 connections. The limit is that
of deploy/edge.yml, 600 requests a minute from each address. Both services are loaded for this table only.`,
    table: limitedTable,
  },
  {
    title: 'Memory',
    text: `All processes of a service, its store included, a second after the start and at the end of its first load (3 s, 64 connections, perhaps all of them to one replica). PSS divides what
processes share among them: it is what the service takes. RSS counts it in each. Measured once.`,
    table: memoryTable,
  },
  {
    title: 'From the start to the first visit',
    text: 'From `npm start` to the first visit that is answered: three replicas, a new store.',
    table: startsTable,
  },
  {
    title: 'Listeners',
    text: `\`/live\` of one replica. “Idle” is without visits, “visited” with 20 visits to one counter each second, one after the other. The last column is
the time from the answer to these visits until the last listener of that counter has received the new total, checked every 20 ms. Measured once, without load before.`,
    table: listeningTable,
  },
  {
    title: 'The image',
    text: 'What the image adds to its base, `oven/bun:1.4.5-alpine`. The base is not measured: it comes from a registry.',
    table: imageTable,
  },
];

/** How, when and where a run was measured, for the page and below the README's table. */
export function howMeasured({
  rounds,
  seconds,
  warmSeconds,
  machine,
  versions,
  startedAt,
  commit,
}: Results): string {
  const medians = rounds === 1 ? 'One round' : `Medians of ${rounds} rounds`;
  const of = commit === '' ? '' : `, commit ${commit}`;
  const warm = warmSeconds === 0 ? '' : ` after at least ${warmSeconds} s of load on each service`;
  return `${medians} of ${seconds} s, measured in turns${warm}${of}, ${startedAt.slice(0, 10)}: ${machine}; ${versions}.`;
}

/** Lines of documents end before this column. */
const COLUMN_MAX = 120;

/**
 * Paragraphs with their lines broken before `COLUMN_MAX`; tables, headings, code and plots as they
 * are.
 */
function wrapped(text: string): string {
  return text
    .split('\n\n')
    .map((block) => (/^(\||#|```|!)/.test(block) ? block : filled(block)))
    .join('\n\n');
}

function filled(paragraph: string): string {
  const lines = [''];
  for (const word of paragraph.split(/\s+/)) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length < COLUMN_MAX)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

/**
 * The page as Markdown, with its plots in `folder`, and the plots. Sections without figures are
 * left out.
 */
export function page(
  results: Results,
  folder: string,
): { readonly text: string; readonly plots: readonly Plot[] } {
  const plots: Plot[] = [];
  const sections = SECTIONS.flatMap(({ title, text, table, plot }) => {
    const figures = table(results);
    if (figures === '') return [];
    const drawn = plot?.(results);
    if (drawn) plots.push(drawn);
    const picture = drawn ? [`![${drawn.shows}](${folder}/${drawn.file})`] : [];
    return [[`## ${title}`, text, figures, ...picture].join('\n\n')];
  });
  const { notRun } = results;
  const head = [
    '# What Seen costs',
    'The bench writes this whole page; changes by hand are lost with the next run. A run takes about 30 minutes:',
    '```bash\nnpm run bench -- --page docs/bench.md --readme README.md\n```',
    'This measures only what has the given text in its name, quickly, and does not write the page:',
    "```bash\nnpm run bench -- --rounds 1 --seconds 1 --warm 0 --only 'Seen on SQLite: GET /, 64'\n```",
    `${howMeasured(results)} Everything runs on one machine, the load generator (wrk) too. CPU time is that of all processes of a service, its store
included. The generator's is not included, but the generator competes for the machine, which changes batches and caches. Ratios within one run say more
than figures.`,
    ...(notRun.length > 0 ? [`Not run: ${notRun.join('; ')}.`] : []),
  ];
  return { text: `${[...head, ...sections].map(wrapped).join('\n\n')}\n`, plots };
}

/**
 * Writes the page to `path` and its plots into a folder of its name beside it, from which older
 * plots are removed.
 */
export function writePage(results: Results, path: string): void {
  const folder = basename(path, '.md');
  const { text, plots } = page(results, folder);
  const beside = join(dirname(path), folder);
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true });
  for (const { file, svg } of plots) writeFileSync(join(beside, file), svg);
  writeFileSync(path, text);
}

const README_PART = /(<!-- bench: written by npm run bench -->\n)[\s\S]*?(<!-- \/bench -->)/;

/**
 * Writes the table, and how it was measured, into the README at `path`. Fails when it has no place
 * for them.
 */
export function writeReadme(results: Results, path: string): void {
  const before = readFileSync(path, 'utf8');
  if (!README_PART.test(before))
    throw new Error(`${path} has no <!-- bench: written by npm run bench -->.`);
  const part = `${comparedTable(results, { minimal: false })}\n\n${filled(`${howMeasured(results)} Ratios say more than figures.`)}\n`;
  writeFileSync(
    path,
    before.replace(README_PART, (_, opens, closes) => `${opens}${part}${closes}`),
  );
}
