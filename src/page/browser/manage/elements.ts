/**
 * Builds elements. Texts become text nodes, never HTML, and no attribute contains code: the names
 * of attributes are constants of this program, and a link to another site must be one of HTTP.
 */

/** What an element may contain. `undefined` and `false` are left out. */
export type Child = Node | string | undefined | false;
/** Attributes of an element. `true` is an empty value; `undefined` and `false` are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An HTML element. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  return filled(made, attributes, children);
}

function filled<E extends Element>(
  made: E,
  attributes: Attributes,
  children: readonly Child[],
): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : `${value}`);
  }
  made.append(...children.filter((child) => child !== undefined && child !== false));
  return made;
}

/** A button that calls `onClick`. It does not submit a form. */
export function button(
  text: string,
  onClick: () => unknown,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = el('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', () => onClick());
  return made;
}

/** A section with a heading. */
export function section(title: string, ...children: readonly Child[]): HTMLElement {
  return el('section', {}, el('h2', {}, title), ...children);
}

/**
 * A link to another site, which learns nothing about this page. A URL that is not one of HTTP,
 * such as `javascript:…`, is shown as text.
 */
export function outside(url: string, text: string): HTMLElement {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return el('span', {}, text);
  return el('a', { href: url, rel: 'noopener noreferrer nofollow', target: '_blank' }, text);
}

let ids = 0;

/** A control with its label above it, and a hint below it that screen readers read with it. */
export function field(
  label: string,
  control: HTMLInputElement | HTMLSelectElement,
  hint = '',
): HTMLElement {
  const id = `field-${++ids}`;
  control.id = id;
  if (hint) control.setAttribute('aria-describedby', `${id}-hint`);
  return el(
    'div',
    { class: control.type === 'checkbox' ? 'field check' : 'field' },
    el('label', { for: id }, label),
    control,
    hint && el('p', { class: 'hint', id: `${id}-hint` }, hint),
  );
}
