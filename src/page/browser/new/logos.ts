/** The logos that badges may have. Pure functions. */

/** A logo as `/logos.json` lists it. */
export interface Logo {
  readonly slug: string;
  readonly title: string;
}

/** More suggestions are of no use. */
const LOGOS_MAX = 20;

/** The logos whose slug or title has this text; those whose slug begins with it come first. */
export function logosLike(logos: readonly Logo[], text: string): readonly Logo[] {
  const wanted = text.trim().toLowerCase();
  const begins: Logo[] = [];
  const has: Logo[] = [];
  for (const logo of logos) {
    if (logo.slug.startsWith(wanted)) begins.push(logo);
    else if (logo.slug.includes(wanted) || logo.title.toLowerCase().includes(wanted))
      has.push(logo);
  }
  return [...begins, ...has].slice(0, LOGOS_MAX);
}
