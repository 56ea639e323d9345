/** The bars of a small chart. Pure functions. Not here: the chart (`sparkline.ts`). */

/** The height of the chart. */
export const HEIGHT = 24;
/** The width of a bar with the space after it, and of the space. */
export const STEP = 4;
export const SPACE = 1;

/** The bars as the data of a path. Days without visits have none; the least is one unit high. */
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
