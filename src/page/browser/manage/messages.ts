/** Messages below forms: what was done, or why not and what to do. */
import type { JsonAnswer } from '../ask.ts';
import { el } from './elements.ts';
import { plural, words } from './texts.ts';

/** A text, and its language where it is not that of the page. */
export interface Said {
  readonly text: string;
  readonly lang?: 'en';
}

/** Why a request failed and what to do. Rare mistakes are described by Seen itself, in English. */
export function failureText({ failed, againMs = 1000, problem }: JsonAnswer<unknown>): Said {
  const { errors } = words();
  if (failed === 'unreachable') return { text: errors.unreachable };
  if (problem?.code === 'transfer-busy') return { text: errors.transfer };
  if (failed === 'busy') return { text: plural(errors.busy, Math.ceil(againMs / 1000)) };
  switch (problem?.code) {
    case 'token-missing':
    case 'token-refused':
      return { text: errors.token };
    case 'counter-missing':
      return { text: errors.missing };
    case 'counter-exists':
      return { text: errors.exists };
    case 'name-invalid':
      return { text: errors.name };
    case 'counters-full':
      return { text: errors.full };
    case 'body-too-large':
      return { text: words().importing.tooLarge };
    case 'store-full':
      return { text: errors.storeFull };
    case 'total-out-of-range':
      return { text: errors.range };
    case 'store-unavailable':
    case 'hit-unconfirmed':
      return { text: errors.away };
    default:
      return problem?.detail ? { text: problem.detail, lang: 'en' } : { text: errors.other };
  }
}

/** A line that screen readers read when it changes. */
export class Message {
  readonly element = el('p', { class: 'message', role: 'status' });

  /** Shows what was done. */
  say(text: string): void {
    this.#show({ text }, 'good');
  }

  /** Shows what went wrong. */
  warn(text: string): void {
    this.#show({ text }, 'bad');
  }

  /** Shows why a request failed. */
  fail(answer: JsonAnswer<unknown>): void {
    this.#show(failureText(answer), 'bad');
  }

  clear(): void {
    this.#show({ text: '' }, 'good');
  }

  #show({ text, lang }: Said, kind: 'good' | 'bad'): void {
    this.element.textContent = text;
    this.element.dataset['kind'] = kind;
    if (lang) this.element.lang = lang;
    else this.element.removeAttribute('lang');
  }
}
