/** Colours as people write them, and as the browser's picker wants them. */
import { SHIELDS_COLOURS } from '../../../images/shields-colours.ts';

/** What the server takes besides names (`images/badge.ts`). */
const FORMS = /^#?[0-9a-f]+$|^(rgb|hsl)a?\(|^[a-z]+$/;

/** A colour as `#rrggbb`, without its opacity; `undefined` when it is none. */
export function hexOf(text: string): string | undefined {
  const name = text.trim().toLowerCase();
  const ours = Object.hasOwn(SHIELDS_COLOURS, name) ? SHIELDS_COLOURS[name] : undefined;
  const wanted = ours ?? name;
  if (!FORMS.test(wanted)) return undefined;
  const canvas = document.createElement('canvas').getContext('2d');
  if (!canvas) return undefined;
  // An invalid colour leaves the one before, so it shows in one of two.
  const [first, second] = ['#000000', '#ffffff'].map((before) => {
    canvas.fillStyle = before;
    canvas.fillStyle = cssOf(wanted);
    return canvas.fillStyle;
  });
  return first !== undefined && first === second ? opaque(first) : undefined;
}

/** Hexadecimal digits may come without `#`. A name of CSS has no such form. */
function cssOf(colour: string): string {
  return /^([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.test(colour) ? `#${colour}` : colour;
}

/** The canvas writes `#rrggbb`, or `rgba(r, g, b, a)` for a colour that is not opaque. */
function opaque(colour: string): string {
  const parts = /^rgba\((\d+), (\d+), (\d+)/.exec(colour)?.slice(1);
  if (!parts) return colour;
  return `#${parts.map((part) => Number(part).toString(16).padStart(2, '0')).join('')}`;
}
