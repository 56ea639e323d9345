/**
 * The builder on `/new`: what to put on a page, its preview, the code, and the options of each
 * kind. Pure functions.
 *
 * An element with `data-for` is shown for these kinds only. The names of fields are those of
 * parameters in URLs, where they are the same (`browser/new/code.ts`).
 */
import { LANGUAGES, type Language, wordsIn } from '../../languages/languages.ts';
import { escaped } from '../frame.ts';
import { linkTo } from '../links.ts';

type Choices = Readonly<Record<string, string>>;

/** The section as HTML; `query` is that of the page's URL. */
export function builder(language: Language, query: string): string {
  const words = wordsIn(language).new;
  const { badge, chart, number, pixel, stream } = words;
  const to = (path: string) => escaped(linkTo(path, query));
  return `<section id="code" aria-labelledby="title" hidden>
<form id="builder" novalidate>
${switchOf('kind', words.kinds, { badge, chart, number, pixel, stream, api: 'API' }, 'badge')}
<div class="stage" role="group" aria-label="${escaped(words.preview)}">
<img id="picture" alt="" hidden>
<p id="shown" hidden></p>
</div>
${notes(language)}
<p class="note" id="private-note" hidden>${escaped(words.privateNote)}</p>
<div class="head">
${switchOf('format', words.format, { html: 'HTML', markdown: 'Markdown', url: 'URL', shell: 'curl' }, 'html')}
<span class="row"><span id="copied" role="status"></span> <button type="button" id="copy" class="strong">${escaped(words.copy)}</button></span>
</div>
<pre><code id="snippet"></code></pre>
${badgeOptions(language)}
${chartOptions(language)}
${numberOptions(language)}
</form>
<p class="note row"><a id="statistics" href="${to('/')}">${escaped(words.statistics)}</a> <a id="owner" href="${to('/manage')}">${escaped(words.manage)}</a> <a href="${to('/new')}">${escaped(words.another)}</a></p>
</section>`;
}

function notes(language: Language): string {
  const words = wordsIn(language).new;
  const texts = {
    badge: words.badgeNote,
    chart: words.chartNote,
    number: words.numberNote,
    pixel: words.pixelNote,
    stream: words.streamNote,
    api: words.apiNote,
  };
  return Object.entries(texts)
    .map(([kind, text]) => `<p class="note" data-for="${kind}" hidden>${escaped(text)}</p>`)
    .join('\n');
}

function badgeOptions(language: Language): string {
  const words = wordsIn(language).new;
  return `<fieldset data-for="badge" hidden>
<legend>${escaped(words.options)}</legend>
${styles(words.style)}
<div class="options">
<label>${escaped(words.label)} <input name="label" value="${escaped(words.script.label)}" maxlength="100"></label>
${select('show', words.counted, {
  total: words.total,
  today: words.today,
  visitors: words.visitors,
  people: words.people,
  'today-total': words.todayTotal,
})}
${colour('color', words.color, 'blue')}
${colour('labelColor', words.labelColor, '#555')}
<label>${escaped(words.logo)} <input name="logo" id="logo" list="logos" placeholder="github" autocomplete="off" maxlength="60"></label>
${colour('logoColor', words.logoColor, 'white')}
${select('number', words.digits, { plain: '12345', grouped: '12,345', short: '12.3K' })}
${select('lang', words.language, languages(), language)}
<label class="check"><input type="checkbox" name="only"> ${escaped(words.onlyShow)}</label>
</div>
<datalist id="logos"></datalist>
<datalist id="colors">${COLOURS.map((name) => `<option>${name}</option>`).join('')}</datalist>
</fieldset>`;
}

/** Colours to suggest: those of shields.io, and some of CSS. */
const COLOURS =
  'brightgreen green yellowgreen yellow orange red blue lightgrey blueviolet hotpink teal black'.split(
    ' ',
  );

/** The styles as pictures, which the script loads. */
function styles(name: string): string {
  const each = ['flat', 'flat-square', 'plastic', 'for-the-badge', 'social'].map(
    (style, index) =>
      `<label><input class="unseen" type="radio" name="style" value="${style}"${index === 0 ? ' checked' : ''}><span><img data-style="${style}" alt="" hidden>${style}</span></label>`,
  );
  return `<fieldset class="styles"><legend>${escaped(name)}</legend><div class="choices">${each.join('')}</div></fieldset>`;
}

function chartOptions(language: Language): string {
  const words = wordsIn(language).new;
  return `<fieldset data-for="chart" hidden>
<legend>${escaped(words.options)}</legend>
<div class="options">
${select('by', words.by, { day: words.day, hour: words.hour, month: words.month })}
${select('theme', words.theme, { auto: words.auto, light: words.light, dark: words.dark })}
<label>${escaped(words.pageTitle)} <input name="title" maxlength="100"></label>
<label>${escaped(words.zone)} <input name="zone" id="zone" list="zones" value="UTC" autocomplete="off" maxlength="60" aria-describedby="zone-problem"></label>
${select('chartLang', words.language, languages(), language)}
</div>
<p class="problem" id="zone-problem" aria-live="polite"></p>
<datalist id="zones"></datalist>
</fieldset>`;
}

function numberOptions(language: Language): string {
  const words = wordsIn(language).new;
  return `<fieldset data-for="number" hidden>
<legend>${escaped(words.options)}</legend>
<div class="options">
<label class="check"><input type="checkbox" name="live" checked> ${escaped(words.live)}</label>
<label class="check"><input type="checkbox" name="numberOnly"> ${escaped(words.onlyShow)}</label>
</div>
</fieldset>`;
}

/** Radio buttons that look like one switch. */
function switchOf(name: string, legend: string, choices: Choices, chosen: string): string {
  const each = Object.entries(choices).map(
    ([value, text]) =>
      `<label><input class="unseen" type="radio" name="${name}" value="${value}"${value === chosen ? ' checked' : ''}><span>${escaped(text)}</span></label>`,
  );
  return `<fieldset class="choices" id="${name}s"><legend class="unseen">${escaped(legend)}</legend>${each.join('')}</fieldset>`;
}

function select(name: string, label: string, choices: Choices, chosen?: string): string {
  const options = Object.entries(choices).map(
    ([value, text]) =>
      `<option value="${value}"${value === chosen ? ' selected' : ''}>${escaped(text)}</option>`,
  );
  return `<label>${escaped(label)} <select name="${name}">${options.join('')}</select></label>`;
}

/** A colour as text, with the browser's picker beside it. */
function colour(name: string, label: string, without: string): string {
  return `<div class="field"><label for="${name}">${escaped(label)}</label>
<span class="colour"><input type="color" data-of="${name}" aria-label="${escaped(label)}"><input id="${name}" name="${name}" list="colors" placeholder="${without}" autocomplete="off" spellcheck="false" maxlength="40" aria-describedby="${name}-problem"></span>
<span class="problem" id="${name}-problem" aria-live="polite"></span></div>`;
}

/** The languages of pages, each in its own words. */
function languages(): Choices {
  return Object.fromEntries(
    Object.keys(LANGUAGES).map((tag) => [
      tag,
      new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag,
    ]),
  );
}
