/**
 * The page of `/` and the pages of other counters: a number, complete without a script; then the
 * parts that the script (`browser/page.ts`) fills.
 *
 * Pure functions. Not here: the frame around them (`frame.ts`), the parts with the past
 * (`past.ts`), and their styles (`page.css`).
 */
import { counted, fill, formatNumber, labelFor } from '../languages/format.ts';
import { type Language, wordsIn } from '../languages/languages.ts';
import { escaped, frame, type Links } from './frame.ts';
import { linkTo } from './links.ts';
import { missingNotice } from './notices.ts';
import { historyPicture, historySection, visitorsSection } from './past.ts';

/** The content of the page of `/`, which counts the visit. */
export interface HomePage {
  readonly total: number;
  /** The exact sentence with the total. It is English in every language: programs compare it. */
  readonly sentence: string;
  /** Whether the visit to this page was counted, or excluded on `/own-visits`. */
  readonly visit: 'counted' | 'left-out';
  /** The replica that made this page; `undefined` when the stack is not shown. */
  readonly replica: string | undefined;
  readonly query: string;
}

/** The page of `/` as the text of an HTML document. */
export function homePage(
  links: Links,
  language: Language,
  { total, sentence, visit, replica, query }: HomePage,
): string {
  const { script, stackScript } = wordsIn(language).counterPage;
  const [before, after] = sentence.split(` ${total} `);
  const shown = number(total, `${total}`);
  const stack = replica === undefined ? [] : [stackSection(language, replica)];
  return frame(links, language, {
    title: counted(script.seen, total, language),
    description: sentence,
    attributes: { counter: 'hits' },
    query,
    data: { counterPage: script, ...(replica === undefined ? {} : { stack: stackScript }) },
    main: [
      `<header class="hero">
<h1${language === 'en' ? '' : ' lang="en"'}>${before} ${shown} ${after}</h1>
<p class="visit">${visitText(language, visit, total, query)}</p>
${STATUS}
</header>`,
      historyPicture(language, 'hits'),
      historySection(language),
      visitorsSection(language),
      ...stack,
    ].join('\n'),
  });
}

const STATUS = '<p class="status" id="status" role="status"></p>';

function number(total: number, text: string): string {
  return `<span class="number" id="number" data-total="${total}" data-digits="${`${total}`.length}">${escaped(text)}</span>`;
}

function visitText(
  language: Language,
  visit: HomePage['visit'],
  total: number,
  query: string,
): string {
  const words = wordsIn(language).counterPage;
  if (visit === 'left-out') {
    return `${escaped(words.leftOut)} <a href="${escaped(linkTo('/own-visits', query))}">${escaped(words.change)}</a>`;
  }
  const own = `<strong>${escaped(formatNumber(total, language))}</strong>`;
  return fill(escaped(words.visitNumber), { number: own });
}

/** The content of a counter's page. */
export interface CounterPage {
  readonly counter: string;
  readonly total: number;
  /** The title and the URL of the site, as the counter's owner has written them. */
  readonly title: string | undefined;
  readonly link: string | undefined;
  /** The address of this page without its query; `undefined` when it is unknown. */
  readonly url: string | undefined;
  readonly query: string;
}

/** The page of a counter, which never counts, as the text of an HTML document. */
export function counterPage(links: Links, language: Language, page: CounterPage): string {
  const { counter, total, title = counter, url, query } = page;
  const { script } = wordsIn(language).counterPage;
  const visits = counted(script.visits, total, language);
  return frame(links, language, {
    title: `${title} – ${visits}`,
    description: visits,
    head: preview(title, visits, url),
    attributes: { counter },
    query,
    data: { counterPage: script },
    main: [
      counterHero(language, page),
      historyPicture(language, counter),
      historySection(language),
      visitorsSection(language),
    ].join('\n'),
  });
}

/**
 * How other sites preview a link to the page (https://ogp.me). It has no image: most of them
 * accept no SVG, and Seen draws nothing else.
 */
function preview(title: string, description: string, url: string | undefined): string {
  const properties = {
    'og:title': title,
    'og:description': description,
    'og:type': 'website',
    'og:site_name': 'Seen',
    ...(url === undefined ? {} : { 'og:url': url }),
  };
  const tags = Object.entries(properties).map(
    ([property, content]) => `<meta property="${property}" content="${escaped(content)}">\n`,
  );
  return `${tags.join('')}<meta name="twitter:card" content="summary">\n`;
}

/** The title, the link and the number. With `mark` it has the mark of private counters. */
function counterHero(
  language: Language,
  { counter, total, title = counter, link, query }: Omit<CounterPage, 'url'>,
  mark = '',
): string {
  const words = wordsIn(language).counterPage;
  const code = linkTo(`/new?counter=${counter}#code`, query);
  const shown = number(total, formatNumber(total, language));
  return `<header class="hero">
<h1 class="title" id="title" dir="auto">${escaped(title)}</h1>
${mark}${siteLink(link)}
<p class="seen">${shown} <span id="label">${escaped(labelFor(words.script.visits, total, language))}</span></p>
<p class="visit">${escaped(words.looking)} <a href="${escaped(code)}">${escaped(words.putOnPage)}</a></p>
${STATUS}
</header>`;
}

/** The link to the site of a counter, if it is one to a site. Its text is the host name. */
function siteLink(link: string | undefined): string {
  const url = URL.parse(link ?? '');
  const isSite = url?.protocol === 'https:' || url?.protocol === 'http:';
  const [href, host] = isSite ? [` href="${escaped(url.href)}"`, escaped(url.host)] : ['', ''];
  return `<p class="site"${isSite ? '' : ' hidden'}><a id="link"${href} rel="nofollow noopener ugc">${host}</a></p>`;
}

/**
 * The page of a counter that is private or does not exist. The script asks with the token of the
 * counter, if the tab has it, and then shows the template instead.
 */
export function missingPage(
  links: Links,
  language: Language,
  { counter, query }: Pick<CounterPage, 'counter' | 'query'>,
): string {
  const words = wordsIn(language);
  const { script, private: isPrivate } = words.counterPage;
  const mark = `<p class="private" id="private">${escaped(isPrivate)}</p>\n`;
  const empty = { counter, total: 0, title: undefined, link: undefined, query };
  return frame(links, language, {
    title: words.errors.missing,
    attributes: { counter },
    query,
    data: { counterPage: script },
    main: `${missingNotice(language, counter, query)}
<template>
${counterHero(language, empty, mark)}
${historySection(language)}
${visitorsSection(language)}
</template>`,
  });
}

function stackSection(language: Language, replica: string): string {
  const words = wordsIn(language).counterPage;
  const maker = `<strong>${escaped(replica)}</strong>`;
  return `<section id="stack" aria-labelledby="stack-title" data-replica="${escaped(replica)}">
<div class="head">
<h2 id="stack-title">${escaped(words.stack)}</h2>
<p class="store" id="store" aria-label="${escaped(words.store)}"></p>
</div>
<ul class="replicas" id="replicas"></ul>
<p class="note">${fill(escaped(words.madeBy), { replica: maker })}</p>
</section>`;
}
