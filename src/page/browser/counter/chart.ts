/**
 * The chart: a bar for each period, and inside it the visits of people. uPlot draws it on a
 * canvas, in the page's colours.
 *
 * It is redrawn when its size, the colours or the medium change. Not here: the numbers
 * (`history.ts`).
 */
import uPlot from 'uplot';
import { formatShort } from '../../../languages/format.ts';
import { pageLanguage } from '../data.ts';

const HEIGHT = 240;
const AXIS = { ticks: { show: false }, stroke: () => colour('--soft') };
/** Media that change the colours or the size. */
const MEDIA = ['(prefers-color-scheme: dark)', 'print'];
/** The width of a name below the bars. */
const NAME_WIDTH = 64;

export class Chart {
  readonly #element: HTMLElement | null;
  readonly #onPoint: (index: number | undefined) => void;
  #plot: uPlot | undefined;
  #names: readonly string[] = [];

  /** `onPoint` gets the index of the bar under the pointer. */
  constructor(element: HTMLElement | null, onPoint: (index: number | undefined) => void) {
    this.#element = element;
    this.#onPoint = onPoint;
    if (!element) return;
    new ResizeObserver(() => this.#plot?.setSize(sizeOf(element))).observe(element);
    for (const media of MEDIA)
      matchMedia(media).addEventListener('change', () => this.#plot?.redraw(true, true));
  }

  /** Shows bars: their names, their lengths, and the part of each that people visited. */
  show(names: readonly string[], all: readonly number[], people: readonly number[]): void {
    const element = this.#element;
    if (!element) return;
    this.#names = names;
    const data: uPlot.AlignedData = [all.map((_, index) => index), [...all], [...people]];
    if (this.#plot) this.#plot.setData(data);
    else this.#plot = new uPlot(this.#options(sizeOf(element)), data, element);
  }

  /** Sets the text for people who cannot see the chart. */
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
          values: (_, splits) => splits.map((value) => formatShort(value, pageLanguage())),
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

/** The bars that get a name: as many as fit, evenly spaced, including the last. */
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
