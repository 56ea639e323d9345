/**
 * The URLs and the code for each kind of display. Pure functions.
 *
 * A URL has only the parameters that differ from what Seen does without them. Everything that
 * somebody typed is escaped for the place where it stands.
 */
import { fill } from '../../../languages/format.ts';
import { pathOf } from '../counters.ts';
import type { Texts } from './texts.ts';

/** The kinds, in the order of their buttons. */
export type Kind = 'badge' | 'chart' | 'number' | 'pixel' | 'stream' | 'api';
/** The kinds that are pictures. */
type Picture = 'badge' | 'chart' | 'pixel';
/** The form of a code. */
export type Format = 'html' | 'markdown' | 'url' | 'shell';
/** The fields of the builder; valid ones only. */
export type Fields = Readonly<Record<string, string>>;

/** What the code needs besides the fields. */
export interface Site {
  readonly origin: string;
  readonly embedPath: string;
  readonly counter: string;
  readonly private: boolean;
  readonly words: Texts;
}

/** The values that parameters have when they are missing (`http/images/request.ts`). */
const DEFAULTS: Readonly<Record<string, string>> = {
  count: 'yes',
  show: 'total',
  number: 'plain',
  lang: 'en',
  label: 'visits',
  style: 'flat',
  by: 'day',
  zone: 'UTC',
  theme: 'auto',
};
/** The parameters for which nothing stands for the default. */
const EMPTY_IS_DEFAULT = new Set(['color', 'labelColor', 'logo', 'logoColor', 'title']);

/** The code in each format that the kind has, in the order of preference. */
export function codeOf(kind: Kind, fields: Fields, site: Site): Partial<Record<Format, string>> {
  const { origin, counter } = site;
  switch (kind) {
    case 'badge':
    case 'chart':
    case 'pixel':
      return pictureCode(kind, fields, site);
    case 'number':
      return { html: embedCode(fields, site) };
    case 'stream': {
      const url = `${origin}/live?counters=${counter}`;
      return { html: streamCode(url), url };
    }
    case 'api': {
      const url = `${origin}${pathOf(counter)}`;
      const token = site.private ? ' -H "Authorization: Bearer $TOKEN"' : '';
      return { shell: `curl -X POST ${url}/hit\ncurl ${url}${token}`, url: `${url}/hit` };
    }
  }
}

/** The path of a picture, with its parameters. */
export function picturePath(kind: Picture, counter: string, fields: Fields): string {
  const query = new URLSearchParams(
    Object.entries(parametersOf(kind, fields)).filter(
      ([name, value]) => value !== DEFAULTS[name] && (value !== '' || !EMPTY_IS_DEFAULT.has(name)),
    ),
  );
  // A space as %20: not everything that copies addresses knows `+`.
  const text = query.toString().replaceAll('+', '%20');
  return `/${kind}/${counter}.${kind === 'pixel' ? 'gif' : 'svg'}${text && `?${text}`}`;
}

function parametersOf(kind: Picture, fields: Fields): Record<string, string> {
  const of = (name: string) => fields[name] ?? '';
  switch (kind) {
    case 'badge': {
      const number = of('number');
      return {
        count: 'only' in fields ? 'no' : 'yes',
        show: of('show'),
        style: of('style'),
        label: of('label'),
        color: withoutHash(of('color')),
        labelColor: withoutHash(of('labelColor')),
        logo: of('logo'),
        logoColor: of('logo') === '' ? '' : withoutHash(of('logoColor')),
        number,
        // Plain numbers are the same in every language.
        lang: number === 'plain' ? 'en' : of('lang'),
      };
    }
    case 'chart':
      return {
        by: of('by'),
        theme: of('theme'),
        title: of('title'),
        zone: of('zone'),
        lang: of('chartLang'),
      };
    case 'pixel':
      return {};
  }
}

/** Digits need no `#`, which would be `%23` in a URL. */
function withoutHash(colour: string): string {
  return colour.trim().replace(/^#/, '');
}

/** The text for those who do not see the picture. */
export function textOf(kind: Picture, fields: Fields, words: Texts): string {
  if (kind === 'pixel') return '';
  if (kind === 'chart') return fields['title']?.trim() || words.chartAlt;
  return fields['label']?.trim() || words.label;
}

function pictureCode(kind: Picture, fields: Fields, { origin, counter, words }: Site) {
  const url = `${origin}${picturePath(kind, counter, fields)}`;
  const alt = textOf(kind, fields, words);
  const size = kind === 'pixel' ? ' width="1" height="1"' : '';
  return {
    html: `<img src="${escapedHtml(url)}" alt="${escapedHtml(alt)}"${size}>`,
    markdown: `![${escapedMarkdown(alt)}](${url})`,
    url,
  };
}

function embedCode(fields: Fields, { origin, embedPath, counter, words }: Site): string {
  const reads = 'numberOnly' in fields;
  const attributes = `${reads ? ' data-seen-count="no"' : ''}${'live' in fields ? ' data-seen-live' : ''}`;
  const number = `<span data-seen="${counter}"${attributes} hidden></span>`;
  return `<p>${fill(reads ? words.reading : words.sentence, { number })}</p>
<script async src="${origin}${embedPath}"></script>`;
}

function streamCode(url: string): string {
  return `<span id="seen"></span>
<script>
  const live = new EventSource('${url}');
  live.onmessage = ({ data }) => {
    document.getElementById('seen').textContent = JSON.parse(data).value;
  };
</script>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapedHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}

function escapedMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>&!]/g, '\\$&');
}
