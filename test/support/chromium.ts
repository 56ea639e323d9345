/**
 * How tests start the system's Chromium: headless, without the parts of its own window that no
 * test uses, which take more CPU time than the pages. What pages see is in `browser.ts` and
 * `site-browser.ts`.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium } from 'playwright-core';

/**
 * Features that only spend CPU time here. Without them a page in a new context takes 0.4 s of CPU
 * time, and with them 0.9 s. The first three are the popup of the address bar, which nobody uses
 * here: each window loads it, in a renderer of its own. The last one is a renderer that waits for
 * the next site.
 */
const UNUSED_FEATURES = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'SpareRendererForSitePerProcess',
];

/** The arguments of every Chromium here. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  `--disable-features=${[...disabledByPlaywright(), ...UNUSED_FEATURES].join()}`,
];

/**
 * Starts Chromium with an empty profile. With `memory` it keeps pages alive for going back, as
 * people's browsers do. Fails when Chromium is not installed.
 */
export function launchChromium({ memory }: { readonly memory: boolean }): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [...CHROMIUM_FLAGS],
    ...(memory ? { ignoreDefaultArgs: ['--disable-back-forward-cache'] } : {}),
  });
}

/** The path of the system's Chromium; throws when it is not installed. */
export function chromiumPath(): string {
  const path = Bun.which('chromium');
  if (path === null) throw new Error('Chromium is not installed');
  return path;
}

/**
 * The features that Playwright disables, read from its source. Chromium takes only the last
 * `--disable-features`, and Playwright cannot add to its own list
 * (https://github.com/microsoft/playwright/issues/36658).
 */
function disabledByPlaywright(): string[] {
  const bundle = createRequire(import.meta.url).resolve('playwright-core/lib/coreBundle');
  const [, list = ''] =
    /disabledFeatures = \[(.*?)\]\.filter/s.exec(readFileSync(bundle, 'utf8')) ?? [];
  const features = [...list.matchAll(/^\s*"(\w+)",?$/gm)].map(([, feature = '']) => feature);
  if (features.length === 0) throw new Error(`no disabledFeatures in ${bundle}`);
  return features;
}
