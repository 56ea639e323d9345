/**
 * A bar chart of a counter's visits as an SVG: a pure function.
 *
 * It contains its colours, has no script or font, loads nothing, and describes itself in words for
 * people who cannot see it. Not here: the periods (`counter/periods.ts`), and headers
 * (`http/images/images.ts`).
 */

import { escaped } from './xml.ts';

/**
 * The colours: for a light page, for a dark one, or (`auto`) for any. A picture cannot know the
 * page that shows it. It can only read a preference: in Chromium the page's `color-scheme`,
 * elsewhere the system's, which may differ from the page. So with `auto` it follows the
 * preference, and has a ground of its own.
 */
export const CHART_THEMES = ['auto', 'light', 'dark'] as const;
export type ChartTheme = (typeof CHART_THEMES)[number];

/** The content and look of a chart. */
export interface Chart {
  /** The subject, in a few words. */
  readonly title: string;
  /** The total in words, such as "42 visits in 30 days". */
  readonly summary: string;
  /**
   * From the left: the name of each bar (shown where there is space, and on hover), and its
   * length.
   */
  readonly bars: readonly { readonly name: string; readonly value: number }[];
  readonly theme: ChartTheme;
  /** Formats a number. */
  readonly write: (value: number) => string;
  /** Text in the place of bars. */
  readonly note?: string | undefined;
}

const WIDTH = 640;
const HEIGHT = 220;
/** The area of the bars: below title and summary, above the names, right of the scale. */
const PLOT = { left: 52, right: 628, top: 52, bottom: 190 } as const;
/** The most names that fit below the bars. */
const NAMES_MAX = 6;
/** The part of a bar's width that stays empty. */
const GAP = 0.25;

const LIGHT = '--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--bar:#3b6ea5';
const DARK = '--ink:#f0f6fc;--soft:#9198a1;--line:#3d444d;--bar:#79b0e8';
/** The colours of each theme. On their grounds texts have a contrast of 4.5 to 1 or more. */
const COLOURS: Readonly<Record<ChartTheme, string>> = {
  auto: `svg{${LIGHT};--ground:#fff}@media(prefers-color-scheme:dark){svg{${DARK};--ground:#0d1117}}`,
  light: `svg{${LIGHT}}`,
  dark: `svg{${DARK}}`,
};
/** The ground, half a pixel inside the picture, so that its line is one pixel wide. */
const GROUND = `<rect class="ground" x=".5" y=".5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="6"/>`;

/** The chart as the text of an SVG. */
export function drawChart({ title, summary, bars, theme, write, note }: Chart): string {
  const most = scaleMaximum(Math.max(0, ...bars.map(({ value }) => value)));
  const scale = { most, write, step: (PLOT.right - PLOT.left) / bars.length };
  const label = escaped(`${title}: ${summary}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${label}">
<title>${label}</title>
<style>${COLOURS[theme]}text{font:12px system-ui,sans-serif;fill:var(--soft)}.title{font-size:15px;font-weight:600;fill:var(--ink)}.bar{fill:var(--bar)}.line{stroke:var(--line)}.ground{fill:var(--ground);stroke:var(--line)}</style>${theme === 'auto' ? GROUND : ''}
<text class="title" x="12" y="24">${escaped(title)}</text>
<text x="${PLOT.right}" y="24" text-anchor="end">${escaped(summary)}</text>
${lines(scale)}
${bars.map((bar, index) => drawBar(bar, index, scale)).join('\n')}
${names(bars)}${note === undefined ? '' : noteText(note)}
</svg>`;
}

/** The value at full height, the width for each bar, and how values are written. */
interface Scale {
  readonly most: number;
  readonly step: number;
  readonly write: Chart['write'];
}

/** Lines at zero, half and full height, with their values. */
function lines({ most, write }: Scale): string {
  return [0, 0.5, 1]
    .map((part) => {
      const y = PLOT.bottom - part * (PLOT.bottom - PLOT.top);
      return `<line class="line" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y}" y2="${y}"/><text x="${PLOT.left - 8}" y="${y + 4}" text-anchor="end">${escaped(write(part * most))}</text>`;
    })
    .join('\n');
}

/** The bar at `index`. */
function drawBar(
  { name, value }: Chart['bars'][number],
  index: number,
  { most, step, write }: Scale,
): string {
  // Even the smallest value is visible.
  const height = value > 0 ? Math.max(1, (value / most) * (PLOT.bottom - PLOT.top)) : 0;
  const x = PLOT.left + (index + GAP / 2) * step;
  return `<rect class="bar" x="${short(x)}" y="${short(PLOT.bottom - height)}" width="${short(step * (1 - GAP))}" height="${short(height)}"><title>${escaped(`${name}: ${write(value)}`)}</title></rect>`;
}

/** Text in the middle of the place of the bars. */
function noteText(note: string): string {
  const [x, y] = [(PLOT.left + PLOT.right) / 2, (PLOT.top + 3 * PLOT.bottom) / 4];
  return `<text x="${x}" y="${y}" text-anchor="middle">${escaped(note)}</text>`;
}

/** Some bars' names, evenly spaced, including the last. */
function names(bars: Chart['bars']): string {
  const every = Math.max(1, Math.ceil(bars.length / NAMES_MAX));
  const step = (PLOT.right - PLOT.left) / bars.length;
  return bars
    .map(({ name }, index) => {
      if ((bars.length - 1 - index) % every !== 0) return '';
      // The last one ends where the bars end, so that none is cut off.
      const last = index === bars.length - 1;
      const x = last ? PLOT.right : PLOT.left + (index + 0.5) * step;
      return `<text x="${short(x)}" y="${PLOT.bottom + 18}" text-anchor="${last ? 'end' : 'middle'}">${escaped(name)}</text>`;
    })
    .join('');
}

/**
 * The first of 2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80, 100, 120 … that is not less than
 * `value`. All are even, so that the value of the middle line is a whole number.
 */
export function scaleMaximum(value: number): number {
  for (let unit = 1; ; unit *= 10) {
    const found = [1, 1.2, 1.6, 2, 3, 4, 6, 8]
      .map((step) => step * unit)
      .find((most) => most >= value && most % 2 === 0);
    if (found !== undefined) return found;
  }
}

function short(length: number): string {
  return `${Number(length.toFixed(2))}`;
}
