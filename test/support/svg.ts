/**
 * A strict parser for SVG: it fails for anything that is not well-formed, or that our pictures do
 * not use.
 */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text directly in it. */
  readonly text: string;
}

const TAG = /^<(\/?)([A-Za-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** All elements, in the order in which they begin. Fails when `svg` is no whole element. */
export function elementsOf(svg: string): Element[] {
  const all: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: (typeof all)[number][] = [];
  for (let rest = svg; rest !== ''; ) {
    const inside = open.at(-1);
    const words = /^[^<]+/.exec(rest)?.[0];
    if (words !== undefined) {
      if (!inside) throw new Error(`words outside of all elements: ${words}`);
      inside.text += unescaped(words);
      rest = rest.slice(words.length);
      continue;
    }
    const [tag, closes, name = '', attributes = '', empty] = TAG.exec(rest) ?? [];
    if (tag === undefined) throw new Error(`no tag: ${rest.slice(0, 80)}`);
    rest = rest.slice(tag.length);
    if (closes) {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes something else`);
      continue;
    }
    if (!inside && all.length > 0) throw new Error(`a second root: ${tag}`);
    const pairs = [...attributes.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(
      ([, key = '', value = '']) => [key, unescaped(value)],
    );
    if (new Set(pairs.map(([key]) => key)).size !== pairs.length)
      throw new Error(`twice the same in ${tag}`);
    const element = {
      name,
      attributes: Object.fromEntries(pairs) as Record<string, string>,
      text: '',
    };
    all.push(element);
    if (!empty) open.push(element);
  }
  if (open.length > 0 || all.length === 0) throw new Error('it is not whole');
  return all;
}

/** The addresses of all images in it, in their order. */
export function imagesOf(svg: string): (string | undefined)[] {
  return elementsOf(svg)
    .filter(({ name }) => name === 'image')
    .map(({ attributes }) => attributes['href']);
}

function unescaped(text: string): string {
  return text.replaceAll(/&([^;]*;?)/g, (_, entity: string) => {
    const character = ENTITIES[entity.replace(/;$/, '')];
    if (character === undefined || !entity.endsWith(';')) throw new Error(`no entity: &${entity}`);
    return character;
  });
}

/** The words of a badge, as people who do not see it hear them. */
export function wordsOf(svg: string): string | undefined {
  return /aria-label="([^"]*)"/.exec(svg)?.[1];
}
