/** The options of the builder: pickers, suggestions, and what of them is valid. */
import { ask } from '../ask.ts';
import type { Fields } from './code.ts';
import { hexOf } from './colours.ts';
import { byId, fieldById, fieldsOf, mark, say, suggest } from './elements.ts';
import { type Logo, logosLike } from './logos.ts';
import type { Texts } from './texts.ts';

/** The fields of colours. */
const COLOURS = ['color', 'labelColor', 'logoColor'] as const;

/** Starts the pickers and the suggestions. */
export function bindOptions(form: HTMLFormElement): void {
  for (const picker of form.querySelectorAll<HTMLInputElement>('input[data-of]')) {
    const text = fieldById(picker.dataset['of'] ?? '');
    const follow = () => {
      picker.value = hexOf(text.value || text.placeholder) ?? picker.value;
    };
    picker.addEventListener('input', () => {
      text.value = picker.value;
    });
    text.addEventListener('input', follow);
    follow();
  }
  const zone = fieldById('zone');
  zone.value = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  zone.addEventListener(
    'focus',
    () => suggest(byId('zones'), Intl.supportedValuesOf('timeZone')),
    { once: true },
  );
  bindLogos(fieldById('logo'));
}

/** Suggests logos. The list is requested when somebody enters the field. */
function bindLogos(field: HTMLInputElement): void {
  let logos: readonly Logo[] = [];
  const suggestLogos = () => {
    const found = logosLike(logos, field.value);
    byId('logos').replaceChildren(...found.map(({ slug, title }) => new Option(title, slug)));
  };
  field.addEventListener('input', suggestLogos);
  const load = async () => {
    const { data } = await ask<readonly Logo[]>('/logos.json');
    logos = data ?? [];
    suggestLogos();
  };
  field.addEventListener('focus', () => void load(), { once: true });
}

/** The fields, with invalid colours and zones left out; says which are invalid. */
export function validFields(form: HTMLFormElement, words: Texts): Fields {
  const fields = fieldsOf(form);
  for (const name of COLOURS) {
    const valid = !fields[name] || hexOf(fields[name]) !== undefined;
    judge(name, valid, words.colorInvalid);
    if (!valid) fields[name] = '';
  }
  const valid = isZone(fields['zone'] ?? '');
  judge('zone', valid, words.zoneInvalid);
  if (!valid) fields['zone'] = 'UTC';
  return fields;
}

function judge(name: string, valid: boolean, problem: string): void {
  mark(byId(name), valid);
  say(byId(`${name}-problem`), valid ? '' : problem);
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions();
    return true;
  } catch {
    return false;
  }
}
