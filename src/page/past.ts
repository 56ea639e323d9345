/**
 * The parts of a page that its script fills with the past of a counter: its visits by hour, day
 * and month, and its visitors. Pure functions.
 */
import { type Language, wordsIn } from '../languages/languages.ts';
import { escaped } from './frame.ts';

/** The chart and the table of visits. */
export function historySection(language: Language): string {
  const words = wordsIn(language).counterPage;
  return `<section id="history" aria-labelledby="history-title" hidden>
<div class="head">
<h2 id="history-title">${escaped(words.visits)}</h2>
<div class="switch" role="group" aria-label="${escaped(words.period)}">
<button type="button" data-step="hour" aria-pressed="true">${escaped(words.hours)}</button>
<button type="button" data-step="day" aria-pressed="false">${escaped(words.days)}</button>
<button type="button" data-step="month" aria-pressed="false">${escaped(words.months)}</button>
</div>
</div>
<p class="empty">${escaped(words.noVisits)}</p>
<p class="readout" id="readout"></p>
<div class="chart" id="chart" role="img"></div>
<p class="legend"><span class="people">${escaped(words.people)}</span> <span class="others">${escaped(words.others)}</span></p>
<details>
<summary>${escaped(words.asTable)}</summary>
<div class="scroll" role="region" aria-label="${escaped(words.tableLabel)}" tabindex="0">
<table id="table"></table>
</div>
</details>
</section>`;
}

/** A picture of the visits of a public counter, where no script runs. */
export function historyPicture(language: Language, counter: string): string {
  const words = wordsIn(language).counterPage;
  const lang = language === 'en' ? '' : `&amp;lang=${language}`;
  const picture = `/chart/${escaped(counter)}.svg?title=${encodeURIComponent(words.chartTitle)}${lang}`;
  return `<noscript>
<section>
<h2>${escaped(words.visits)}</h2>
<picture>
<source media="(prefers-color-scheme: dark)" srcset="${picture}&amp;theme=dark">
<img class="picture" src="${picture}&amp;theme=light" alt="${escaped(words.chartAlt)}" width="640" height="220">
</picture>
</section>
</noscript>`;
}

/** The visitors, and the kinds of visits. */
export function visitorsSection(language: Language): string {
  const words = wordsIn(language).counterPage;
  const figure = (name: string, text: string, size = '') =>
    `<div${size}><dt>${escaped(text)}</dt><dd data-figure="${name}"></dd></div>`;
  const large = ' class="large"';
  return `<section id="visitors" aria-labelledby="visitors-title" hidden>
<h2 id="visitors-title">${escaped(words.whoCame)}</h2>
<dl class="figures">
${figure('today', words.visitorsToday, large)}
${figure('total', words.visitorsAllDays, large)}
${figure('person', words.byPeople)}
${figure('program', words.byPrograms)}
${figure('proxy', words.byProxies)}
${figure('bot', words.byBots)}
</dl>
<p class="note" id="difference" hidden>${escaped(words.difference)}</p>
<p class="note">${escaped(words.noCookies)}</p>
</section>`;
}
