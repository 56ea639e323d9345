/**
 * docs/runbook.md: each alert has its section, and each command works.
 *
 * Commands inside containers run here, on the same programs without containers. Docker's own
 * commands must stand in a document that test/stack/ follows on a real Swarm.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandsIn } from '../support/clone.ts';
import { until } from '../support/folder.ts';
import { Monitoring } from '../support/monitoring.ts';
import { ROOT } from '../support/program.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const DOCUMENT = 'docs/runbook.md';
const text = read(DOCUMENT);

interface Rule {
  readonly alert?: string;
  readonly annotations?: { readonly runbook_url?: string };
}

const alerts = (
  Bun.YAML.parse(read('deploy/monitoring/alerts.yml')) as { groups: { rules: Rule[] }[] }
).groups
  .flatMap(({ rules }) => rules)
  .flatMap(({ alert, annotations }) => (alert ? [{ alert, ...annotations }] : []));

/** A section's title and text. */
const sections = text
  .split(/^## /m)
  .slice(1)
  .map((section) => ({ title: section.split('\n', 1)[0] ?? '', section }));

/** GitHub's anchor of a heading: lower case, without punctuation, with dashes for spaces. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

describe('the runbook', () => {
  test('has one section for each alert, in the same order, and no other', () => {
    expect(sections.map(({ title }) => title)).toEqual(alerts.map(({ alert }) => alert));
  });

  for (const { alert, runbook_url: url } of alerts) {
    test(`${alert} names its section, which says what it means, how to look and what to do`, () => {
      expect(url).toBe(`${DOCUMENT}#${anchorOf(alert)}`);
      const { section = '' } = sections.find(({ title }) => title === alert) ?? {};
      const places = ['**Meaning.**', '**Look.**', '```bash', '**Do.**'].map((part) =>
        section.indexOf(part),
      );
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(places).not.toContain(-1);
    });
  }

  test('links to files and sections that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)];
    expect(links.length).toBeGreaterThan(20);
    for (const [link, file = '', anchor] of links) {
      const path = join('docs', file === '' ? 'runbook.md' : file);
      expect({ link, exists: existsSync(join(ROOT, path)) }).toEqual({ link, exists: true });
      if (anchor === undefined) continue;
      const anchors = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
        anchorOf(title),
      );
      expect(anchors).toContain(anchor);
    }
  });
});

/** Documents whose commands a test follows on a real Swarm. */
const FOLLOWED = ['docs/guide.md', 'docs/operations.md', 'docs/high-availability.md']
  .map(read)
  .join('\n');

const INSIDE = /^docker exec \$\(docker ps -q -f name=mystack_(\w+)(?:\.1| \| head -1)?\) (.*)$/;

describe('the commands of the runbook', () => {
  let monitoring: Monitoring;
  const end = new AbortController();
  let visits: Promise<void> = Promise.resolve();

  beforeAll(async () => {
    monitoring = await Monitoring.start();
    visits = keepVisiting();
    // What another program could write under a counter's name.
    await monitoring.redis.cli('SET', 'seen:total:my-site/page', 'nonsense');
  });

  afterAll(async () => {
    end.abort();
    await visits;
    await monitoring?.[Symbol.asyncDispose]();
  });

  async function keepVisiting(): Promise<void> {
    while (!end.signal.aborted) {
      for (const program of monitoring.programs) await program.visit();
      await Bun.sleep(100);
    }
  }

  /** The command in a container of `service`, as it is run without one. */
  function here(service: string, command: string): string {
    const [web] = monitoring.programs;
    const port = { web: '9100', prometheus: '9090' }[service] ?? 'none';
    return command
      .replace('wget -q -O -', 'curl -sfg')
      .replace(
        `http://localhost:${port}`,
        {
          web: web?.operationsUrl ?? '',
          prometheus: `http://127.0.0.1:${monitoring.ports.prometheus}`,
        }[service] ?? 'nowhere',
      )
      .replace(/^redis-cli/, `redis-cli -p ${monitoring.redis.port}`);
  }

  for (const command of new Set(commandsIn(DOCUMENT))) {
    const [, service = '', inside = ''] = INSIDE.exec(command) ?? [];
    if (inside === '') {
      test(`is followed on a Swarm: ${command}`, () => {
        expect(FOLLOWED).toContain(command);
      });
      continue;
    }
    test(`works: ${command}`, async () => {
      const line = here(service, inside);
      await until(`${line} to show something`, async () => {
        const shown = await Bun.$`sh -c ${line}`.quiet();
        const out = shown.stdout.toString();
        if (service !== 'prometheus') return /^(ready|OK)\n/.test(out);
        const answer = JSON.parse(out) as { status: string; data: { result: unknown[] } };
        return answer.status === 'success' && answer.data.result.length > 0;
      });
    });
  }

  test('lets a counter count again whose key held no number', async () => {
    const [web] = monitoring.programs;
    expect(await web?.visit('/hit/my-site/page')).toBe(1);
  });
});
