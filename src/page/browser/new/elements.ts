/** Elements and fields of the page. */

/** The element with this id, which the page has. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}

/** The field with this id, which the page has. */
export function fieldById(id: string): HTMLInputElement {
  return byId(id) as HTMLInputElement;
}

/** The form with this id, which the page has. */
export function formById(id: string): HTMLFormElement {
  return byId(id) as HTMLFormElement;
}

/** The fields of a form as texts. An unchecked box is missing. */
export function fieldsOf(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  );
}

/** Marks a field as valid or invalid for screen readers and styles. */
export function mark(field: HTMLElement, valid: boolean): void {
  if (valid) field.removeAttribute('aria-invalid');
  else field.setAttribute('aria-invalid', 'true');
}

/** Sets a text, unless it is there already: screen readers must not read it twice. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Fills a list of suggestions. */
export function suggest(list: HTMLElement, values: readonly string[]): void {
  list.replaceChildren(...values.map((value) => new Option(value, value)));
}
