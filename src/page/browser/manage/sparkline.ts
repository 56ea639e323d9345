/** A small chart of the latest days: a bar for each, in one path. */
import { svg } from './elements.ts';
import { plural, words } from './texts.ts';

const HEIGHT = 24;
/** The width of a bar with the space after it, and of the space. */
const STEP = 4;
const SPACE = 1;

/** The chart, with a text for those who cannot see it. */
export function sparkline(days: readonly number[]): SVGSVGElement {
  const sum = days.reduce((all, visits) => all + visits, 0);
  return svg(
    'svg',
    {
      class: 'sparkline',
      viewBox: `0 0 ${days.length * STEP - SPACE} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': plural(words().list.visitsOfDays, sum),
    },
    svg('path', { d: barsOf(days) }),
  );
}

/** The bars as the data of a path. Days without visits have none; the smallest is one unit high. */
export function barsOf(days: readonly number[]): string {
  const most = Math.max(1, ...days);
  return days
    .map((visits, index) => {
      if (visits <= 0) return '';
      const height = Math.max(1, Math.round((visits / most) * HEIGHT));
      return `M${index * STEP} ${HEIGHT}v${-height}h${STEP - SPACE}v${height}z`;
    })
    .join('');
}
