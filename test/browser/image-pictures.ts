/**
 * Pictures of badges beside those of shields.io, and of charts on light and dark pages, for review
 * by people. `npm run screenshots -- FOLDER` makes them.
 */
import type { Browser } from 'playwright-core';
import { BADGE_STYLES } from '../../src/images/badge.ts';
import { openPage } from '../support/browser.ts';
import { shieldsBadge } from '../support/shields.ts';

/** The logos of the picture, with a colour as in CSS. */
const LOGOS: readonly { logo?: string; logoColor?: string }[] = [
  {},
  { logo: 'github' },
  { logo: 'javascript' },
  { logo: 'mastodon', logoColor: '#6364ff' },
];
const SVG = 'data:image/svg+xml;base64,';
/** The counters of the charts, of which one has no visits. */
const CHARTS = ['hits.svg', 'hits.svg?by=hour', 'my-site/empty.svg'];

/** Takes a picture of all styles of badges: those of the program at `url`, and of shields.io. */
export async function badgePicture(browser: Browser, url: string, path: string): Promise<void> {
  const { value } = (await (await fetch(`${url}/get/my-site/front-page`)).json()) as {
    value: number;
  };
  const rows = BADGE_STYLES.flatMap((style) =>
    LOGOS.flatMap((look) =>
      ['visits', ''].map((label) => {
        const query = new URLSearchParams({ count: 'no', style, label, color: 'blue', ...look });
        const badge = { label, message: `${value}`, style, color: 'blue', ...look };
        const theirs = Buffer.from(shieldsBadge(badge)).toString('base64');
        return `<tr><td>${style}</td><td>${look.logo ?? ''}</td>
          <td><img src="${url}/badge/my-site/front-page.svg?${query.toString()}"></td>
          <td><img src="${SVG}${theirs}"></td></tr>`;
      }),
    ),
  );
  const heads = '<tr><th>style</th><th>logo</th><th>Seen</th><th>shields.io</th></tr>';
  await pictureOf(
    browser,
    `<table style="zoom:1.5">${heads}${rows.join('')}</table>`,
    path,
    'light',
  );
}

/** Takes a picture of charts on a white and on a black page, for a system's preference. */
export async function chartPicture(
  browser: Browser,
  url: string,
  path: string,
  prefers: 'light' | 'dark',
): Promise<void> {
  await fetch(`${url}/api/v1/counters`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"name":"my-site/empty"}',
  });
  const charts = CHARTS.map((file) => `<p><img src="${url}/chart/${file}"></p>`).join('');
  const pages = [
    ['#fff', 'light'],
    ['#000', 'dark'],
    ['#000', 'normal'],
  ].map(
    ([colour, scheme]) =>
      `<section style="background:${colour};color-scheme:${scheme};padding:20px">${charts}</section>`,
  );
  await pictureOf(browser, `<div style="display:flex">${pages.join('')}</div>`, path, prefers);
}

async function pictureOf(
  browser: Browser,
  html: string,
  path: string,
  colorScheme: 'light' | 'dark',
): Promise<void> {
  const viewport = { width: 2100, height: 800 };
  await using watched = await openPage(browser, { viewport, colorScheme });
  await watched.page.setContent(html);
  await watched.page.screenshot({ path, fullPage: true });
}
