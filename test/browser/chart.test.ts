/**
 * Charts in a real browser, as pixels: readable on a white and on a black page, whatever the
 * system prefers and whatever scheme the page declares.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { drawChart } from '../../src/images/chart.ts';
import { launch, openPage } from '../support/browser.ts';
import { contrast } from '../support/contrast.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});

afterAll(() => browser.close());

const CHART = drawChart({
  title: 'MMMMMM',
  summary: 'WWWWWW',
  bars: [
    { name: 'one', value: 2 },
    { name: 'two', value: 2 },
  ],
  theme: 'auto',
  write: String,
});

/** Parts of the picture: x, y, width, height. */
const AREAS = {
  ground: [300, 8, 20, 20],
  title: [12, 10, 60, 16],
  summary: [560, 10, 68, 16],
  bar: [180, 100, 40, 40],
} as const;

/** The colours in each area of a page, each once. */
async function coloursOn(page: Page): Promise<Record<keyof typeof AREAS, string[]>> {
  const png = (await page.screenshot()).toString('base64');
  return page.evaluate(`(async () => {
    const picture = await (await fetch('data:image/png;base64,${png}')).blob();
    const bitmap = await createImageBitmap(picture);
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const hex = (part) => part.toString(16).padStart(2, '0');
    return Object.fromEntries(Object.entries(${JSON.stringify(AREAS)}).map(([name, area]) => {
      const { data } = context.getImageData(...area);
      const found = new Set();
      for (let at = 0; at < data.length; at += 4)
        found.add('#' + Array.from(data.slice(at, at + 3), hex).join(''));
      return [name, [...found]];
    }));
  })()`);
}

for (const prefers of ['light', 'dark'] as const) {
  for (const [page, scheme] of [
    ['#ffffff', 'light'],
    ['#ffffff', 'dark'],
    ['#000000', 'light'],
    ['#000000', 'dark'],
    ['#000000', 'normal'],
  ] as const) {
    test(`a chart on a page of ${page} and ${scheme} is readable when the system prefers ${prefers}`, async () => {
      await using watched = await openPage(browser, {
        colorScheme: prefers,
        viewport: { width: 640, height: 220 },
      });
      const src = `data:image/svg+xml;base64,${Buffer.from(CHART).toString('base64')}`;
      await watched.page.setContent(
        `<body style="margin:0;background:${page};color-scheme:${scheme}"><img src="${src}">`,
      );
      const { ground: grounds, ...parts } = await coloursOn(watched.page);
      expect(grounds.length).toBe(1);
      const most = (colours: readonly string[]) =>
        Math.max(...colours.map((colour) => contrast(colour, grounds[0] ?? '')));
      expect(most(parts.title)).toBeGreaterThanOrEqual(4.5);
      expect(most(parts.summary)).toBeGreaterThanOrEqual(4.5);
      expect(most(parts.bar)).toBeGreaterThanOrEqual(3);
    });
  }
}
