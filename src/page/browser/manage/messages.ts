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
  const { errors, importing } = words();
  const known: Readonly<Record<string, string>> = {
    'token-missing': errors.token,
    'token-refused': errors.token,
    'counter-missing': errors.missing,
    'counter-exists': errors.exists,
    'name-invalid': errors.name,
    'counters-full': errors.full,
    'store-full': errors.storeFull,
    'total-out-of-range': errors.range,
    'store-unavailable': errors.away,
    'hit-unconfirmed': errors.away,
    'body-too-large': importing.tooLarge,
    'transfer-busy': errors.transfer,
  };
  const text = known[problem?.code ?? ''];
  if (text !== undefined) return { text };
  if (failed === 'unreachable') return { text: errors.unreachable };
  if (failed === 'busy') return { text: plural(errors.busy, Math.ceil(againMs / 1000)) };
  return problem?.detail ? { text: problem.detail, lang: 'en' } : { text: errors.unknown };
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
