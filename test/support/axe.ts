/** Accessibility problems of a page in a browser, as axe finds them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const SCRIPT = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Found {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/**
 * The rules that the page breaks, as `[rule, impact, first element]`; nothing when axe finds
 * nothing wrong. The page's policy, which lets nobody add a script, does not prevent this.
 */
export async function violationsOf(page: Page): Promise<(string | undefined)[][]> {
  // It stays in the document: a page that only changes has it already.
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(SCRIPT);
  // All rules run. `resultTypes` only shortens the description of elements that break none.
  const { violations } = await page.evaluate<Found>("axe.run({ resultTypes: ['violations'] })");
  return violations.map(({ id, impact, nodes }) => [id, impact, nodes[0]?.html]);
}
