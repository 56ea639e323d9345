/**
 * Badges are the same as those of shields.io, in all five styles, with logos and without: letter
 * by letter, except for the title inside a logo, which has no effect in a badge.
 */
import { expect, test } from 'bun:test';
import { BADGE_STYLES } from '../../../../src/images/badge.ts';
import { setUp } from '../../../support/app.ts';
import { shieldsBadge, withPlainLogo } from '../../../support/shields.ts';

const TOTAL = 1_234_567;

/** Logos of dark, bright and middling brands; with a colour as in a URL, and as in CSS. */
const LOGOS: readonly { logo?: string; logoColor?: string; css?: string }[] = [
  {},
  { logo: 'github' },
  { logo: 'javascript' },
  { logo: 'git' },
  { logo: 'github', logoColor: 'red', css: '#dd4343' },
  { logo: 'javascript', logoColor: 'ff0066', css: '#ff0066' },
  { logo: 'git', logoColor: 'hsl(120 100% 50%)', css: '#00ff00' },
];
const COLOURS: readonly { color: string; labelColor?: string }[] = [
  { color: 'blue' },
  { color: '#ffee00', labelColor: '#ddeeff' },
  { color: 'success', labelColor: '#123456' },
];

test('a badge is the one of shields.io in every style, with a logo and without', async () => {
  const { ask, store } = setUp();
  await store.registry.create('my-site/page', { total: TOTAL, madeAt: 0, owner: '' });
  for (const style of BADGE_STYLES) {
    for (const { logo, logoColor, css } of LOGOS) {
      for (const label of ['visits', '', 'Ünïcode & <b>']) {
        for (const colours of COLOURS) {
          const asked = new URLSearchParams({ count: 'no', style, label, ...colours });
          if (logo !== undefined) asked.set('logo', logo.toUpperCase());
          if (logoColor !== undefined) asked.set('logoColor', logoColor);
          const query = asked.toString();
          const theirs = shieldsBadge({
            label,
            message: `${TOTAL}`,
            style,
            ...colours,
            ...(logo === undefined ? {} : { logo }),
            ...(css === undefined ? {} : { logoColor: css }),
          });
          // From the second time on, the number is inserted into a drawing.
          for (let time = 0; time < 3; time++) {
            const { body } = await ask(`/badge/my-site/page.svg?${query}`);
            expect({ query, body: withPlainLogo(body) }).toEqual({
              query,
              body: withPlainLogo(theirs),
            });
          }
        }
      }
    }
  }
});
