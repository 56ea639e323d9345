/** A small chart of the latest days: a bar for each, in one path. */
import { barsOf, HEIGHT, SPACE, STEP } from './bars.ts';
import { svg } from './elements.ts';
import { plural, words } from './texts.ts';

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
