/**
 * The chart: a bar for each period, and in it what people visited. Drawn by uPlot on a canvas, in
 * the page's colours.
 *
 * It is drawn again when its room, the colours or the medium change. Not here: the numbers
 * (`history.ts`).
 */
import uPlot from 'uplot';
import { short } from './numbers.ts';

const HEIGHT = 240;
const AXIS = { ticks: { show: false }, stroke: () => colour('--soft') };
/** Media in which colours differ, or where it is shown. */
const MEDIA = ['(prefers-color-scheme: dark)', 'print'];
/** Room for a name below the bars. */
const NAME_WIDTH = 64;

export class Chart {
  readonly #element: HTMLElement | null;
  readonly #onPoint: (index: number | undefined) => void;
  #plot: uPlot | undefined;
  #names: readonly string[] = [];

  /** `onPoint` is told which bar is pointed at. */
  constructor(element: HTMLElement | null, onPoint: (index: number | undefined) => void) {
    this.#element = element;
    this.#onPoint = onPoint;
    if (!element) return;
    new ResizeObserver(() => this.#plot?.setSize(sizeOf(element))).observe(element);
    for (const media of MEDIA)
      matchMedia(media).addEventListener('change', () => this.#plot?.redraw(true, true));
  }

  /** Shows bars: how each is called, how long it is, and how much of it people are. */
  show(names: readonly string[], all: readonly number[], people: readonly number[]): void {
    const element = this.#element;
    if (!element) return;
    this.#names = names;
    const data: uPlot.AlignedData = [all.map((_, index) => index), [...all], [...people]];
    if (this.#plot) this.#plot.setData(data);
    else this.#plot = new uPlot(this.#options(sizeOf(element)), data, element);
  }

  /** What is said to those who do not see it. */
  describe(text: string): void {
    this.#element?.setAttribute('aria-label', text);
  }

  #options(size: { width: number; height: number }): uPlot.Options {
    const paths = uPlot.paths.bars?.({ size: [0.72, 40], radius: 0.15 });
    const bars = { width: 0, points: { show: false }, ...(paths && { paths }) };
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    return {
      ...size,
      padding: [10, NAME_WIDTH / 3, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: () => [-0.5, this.#names.length - 0.5] },
        y: { range: (_, _least, most) => [0, most <= 4 ? 4 : most * 1.05] },
      },
      axes: [
        {
          ...AXIS,
          font,
          size: 32,
          gap: 8,
          grid: { show: false },
          splits: ({ width }) => namedOf(this.#names.length, width),
          values: (_, splits) => splits.map((index) => this.#names[index] ?? ''),
        },
        {
          ...AXIS,
          font,
          size: 44,
          gap: 8,
          incrs: [1, 2, 5]
            .flatMap((step) => Array.from({ length: 15 }, (_, zeros) => step * 10 ** zeros))
            .toSorted((a, b) => a - b),
          grid: { stroke: () => colour('--line'), width: 1 },
          values: (_, splits) => splits.map(short),
        },
      ],
      series: [
        {},
        { ...bars, fill: () => colour('--pale') },
        { ...bars, fill: () => colour('--accent') },
      ],
      hooks: { setCursor: [({ cursor }) => this.#onPoint(cursor.idx ?? undefined)] },
    };
  }
}

/** Which bars are named: as many as there is room for, evenly, the last among them. */
function namedOf(bars: number, width: number): number[] {
  const every = Math.max(1, Math.ceil((bars * NAME_WIDTH) / width));
  return Array.from({ length: bars }, (_, index) => index).filter(
    (index) => (bars - 1 - index) % every === 0,
  );
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: element.clientWidth || 320, height: HEIGHT };
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}
