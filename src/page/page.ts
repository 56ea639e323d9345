/**
 * The page of a counter: the sentence with its number, complete without a script; then the parts
 * that the script (`browser/page.ts`) fills.
 *
 * A pure function. Not here: the frame around it (`frame.ts`), and its styles (`page.css`).
 */
import { escaped, frame, type Links } from './frame.ts';

/** The content of a counter's page. */
export interface CounterPage {
  /** `undefined` for the default counter, whose page counts the visit. */
  readonly counter: string | undefined;
  readonly total: number;
  /** The sentence with the total. */
  readonly sentence: string;
  /** Whether the visit to this page was counted, excluded on `/own-visits`, or never counts. */
  readonly visit: 'counted' | 'left-out' | 'look';
  /** The replica that made this page; `undefined` when the stack is not shown. */
  readonly replica: string | undefined;
}

/** The page as the text of an HTML document. */
export function counterPage(
  links: Links,
  { counter, total, sentence, visit, replica }: CounterPage,
): string {
  const title = `Seen ${total} ${total === 1 ? 'time' : 'times'}`;
  return frame(links, {
    title: counter === undefined ? title : `${counter}: ${title.toLowerCase()}`,
    description: sentence,
    attributes: { counter: counter ?? 'hits' },
    main: [
      hero({ counter, total, sentence, visit }),
      chart(counter),
      VISITORS,
      replica === undefined ? '' : stack(replica),
    ]
      .filter(Boolean)
      .join('\n'),
    footer: FOOTER,
  });
}

/** The exact sentence, with the number emphasised. */
function hero({ counter, total, sentence, visit }: Omit<CounterPage, 'replica'>): string {
  const [before, after] = sentence.split(` ${total} `);
  return `<header class="hero">
${counter === undefined ? '' : `<p class="name">${escaped(counter)}</p>\n`}<h1>${before} <span class="number" id="number" data-digits="${`${total}`.length}">${total}</span> ${after}</h1>
<p class="visit">${visitText(visit, total)}</p>
<p class="status" id="status" role="status"></p>
</header>`;
}

function visitText(visit: CounterPage['visit'], total: number): string {
  switch (visit) {
    case 'counted':
      return `You are visit number <strong>${total}</strong>.`;
    case 'left-out':
      return 'Visits of this browser do not count. <a href="/own-visits">Change that</a>';
    case 'look':
      return 'Looking does not count.';
  }
}

function chart(counter = 'hits'): string {
  const picture = `/chart/${escaped(counter)}.svg?title=Day%20by%20day`;
  return `<noscript>
<section>
<h2>Visits</h2>
<picture>
<source media="(prefers-color-scheme: dark)" srcset="${picture}&amp;theme=dark">
<img class="picture" src="${picture}&amp;theme=light" alt="The latest visits as a bar chart" width="640" height="220">
</picture>
</section>
</noscript>
<section id="history" aria-labelledby="history-title" hidden>
<div class="head">
<h2 id="history-title">Visits</h2>
<div class="switch" role="group" aria-label="Visits by">
<button type="button" data-step="hour" aria-pressed="true">Hours</button>
<button type="button" data-step="day" aria-pressed="false">Days</button>
<button type="button" data-step="month" aria-pressed="false">Months</button>
</div>
</div>
<p class="readout" id="readout"></p>
<div class="chart" id="chart" role="img"></div>
<p class="legend"><span class="people">people</span> <span class="others">programs, image proxies and bots</span></p>
<details>
<summary>As a table</summary>
<div class="scroll" role="region" aria-label="Visits as a table" tabindex="0">
<table id="table"></table>
</div>
</details>
</section>`;
}

const VISITORS = `<section id="visitors" aria-labelledby="visitors-title" hidden>
<h2 id="visitors-title">Who came</h2>
<dl class="figures">
<div class="large"><dt>Visitors today</dt><dd data-figure="today"></dd></div>
<div class="large"><dt>Visitors of all days</dt><dd data-figure="total"></dd></div>
<div><dt>Visits by people</dt><dd data-figure="person"></dd></div>
<div><dt>by programs</dt><dd data-figure="program"></dd></div>
<div><dt>by image proxies</dt><dd data-figure="proxy"></dd></div>
<div><dt>by bots</dt><dd data-figure="bot"></dd></div>
</dl>
<p class="note">Without cookies: nobody is known from one day to the next, so who comes on two days is two visitors. Days are those of UTC.</p>
</section>`;

function stack(replica: string): string {
  return `<section id="stack" aria-labelledby="stack-title" data-replica="${escaped(replica)}">
<div class="head">
<h2 id="stack-title">The stack</h2>
<p class="store" id="store" aria-label="The store"></p>
</div>
<ul class="replicas" id="replicas"></ul>
<p class="note">This page was made by <strong>${escaped(replica)}</strong>.</p>
</section>`;
}

const FOOTER =
  '<a href="/own-visits">Your own visits</a> <a href="/api">The API</a> <span>Counted by Seen</span>';
