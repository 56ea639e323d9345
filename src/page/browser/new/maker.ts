/** The form that makes a counter: checks it while somebody types, and sends it. */
import { fill } from '../../../languages/format.ts';
import type { Problem } from '../ask.ts';
import { counterOf, forgetToken, installationToken, keepToken, ownCounters } from '../tokens.ts';
import { findOwn, type Made, make, type Opened, type Wanted } from './counters.ts';
import { byId, fieldById, fieldsOf, formById, mark, say, suggest } from './elements.ts';
import { isHopeless, isPart, partNear } from './names.ts';
import { problemText } from './problems.ts';
import type { Texts } from './texts.ts';

/** Called with the counter to show. */
export interface MakerListener {
  made(counter: Made): void;
  /** A counter that existed, whose token was entered. */
  found(counter: Opened): void;
}

export class Maker {
  readonly #words: Texts;
  readonly #listener: MakerListener;
  readonly #form = formById('maker');
  readonly #parts = [fieldById('site'), fieldById('key')];
  readonly #hint = byId('name-hint').textContent;
  readonly #suggestion = byId('suggestion');
  #suggested: (() => void) | undefined;
  #taken = '';
  #busy = false;

  constructor(words: Texts, listener: MakerListener) {
    this.#words = words;
    this.#listener = listener;
    for (const part of this.#parts) {
      part.addEventListener('input', () => {
        this.#forgetProblem();
        this.#judge(part, !isHopeless(part.value.trim()));
      });
      part.addEventListener('change', () => this.#judge(part, isPart(part.value.trim())));
    }
    this.#suggestion.addEventListener('click', () => this.#suggested?.());
    this.#listen(this.#form, () => this.#submit());
    this.#listen(formById('taken'), () => this.#useToken());
    const sites = ownCounters().map((name) => name.split('/', 1)[0] ?? '');
    suggest(byId('sites'), [...new Set(sites)]);
    if (installationToken() !== undefined) byId('installation').hidden = true;
  }

  /** Shows the form, with a problem and a name if there are any. */
  show(problem = '', name = ''): void {
    byId('make').hidden = false;
    say(byId('problem'), problem);
    const names = name.split('/');
    if (names.length === 2)
      for (const [index, part] of this.#parts.entries()) part.value = names[index] ?? '';
  }

  /** Hides the problem of an earlier name. */
  #forgetProblem(): void {
    say(byId('problem'), '');
    byId('taken').hidden = true;
  }

  /** Marks a part of the name. */
  #judge(part: HTMLInputElement, valid: boolean): boolean {
    mark(part, valid);
    this.#advise();
    return valid;
  }

  /** Says what is wrong with the name, and suggests another text. */
  #advise(): void {
    const wrong = this.#parts.find((part) => part.hasAttribute('aria-invalid'));
    const hint = byId('name-hint');
    say(hint, wrong ? this.#words.partInvalid : this.#hint);
    hint.classList.toggle('problem', wrong !== undefined);
    const near = wrong && partNear(wrong.value);
    this.#suggestion.hidden = near === undefined;
    this.#suggestion.textContent = near ? fill(this.#words.suggestion, { name: near }) : '';
    this.#suggested = () => {
      if (!wrong || !near) return;
      wrong.value = near;
      this.#judge(wrong, true);
      wrong.focus();
    };
  }

  /** Runs work when a form is sent, not twice at once. Meanwhile its button looks disabled. */
  #listen(form: HTMLFormElement, work: () => Promise<void>): void {
    const send = form.querySelector('button:not([type])');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#busy) return;
      this.#busy = true;
      send?.setAttribute('aria-disabled', 'true');
      void work().finally(() => {
        send?.removeAttribute('aria-disabled');
        this.#busy = false;
      });
    });
  }

  async #submit(): Promise<void> {
    const wanted = this.#wanted();
    if (!wanted) return;
    this.#forgetProblem();
    const entered = fieldsOf(this.#form)['token'] || undefined;
    const result = await make(wanted, entered ?? installationToken());
    if (!('made' in result)) this.#refused(wanted.name, result.problem);
    else {
      if (entered !== undefined) keepToken(undefined, entered);
      this.#listener.made(result.made);
    }
  }

  /** What the form says; `undefined` when it is invalid, which is then shown. */
  #wanted(): Wanted | undefined {
    for (const part of this.#parts) {
      part.value = part.value.trim();
      if (this.#judge(part, isPart(part.value))) continue;
      part.focus();
      return undefined;
    }
    const fields = fieldsOf(this.#form);
    const of = (name: string) => fields[name]?.trim() ?? '';
    const start = fieldById('start');
    const value = Number(start.value);
    const startValid = !start.validity.badInput && Number.isSafeInteger(value);
    if (!this.#check(start, startValid, this.#words.startInvalid)) return undefined;
    const link = of('link');
    const linkValid = link === '' || (/^https?:\/\//i.test(link) && URL.canParse(link));
    if (!this.#check(byId('link'), linkValid, this.#words.linkInvalid)) return undefined;
    return {
      name: `${of('site')}/${of('key')}`,
      ...(value !== 0 && { value }),
      ...('private' in fields && { private: true }),
      ...(of('title') && { title: of('title') }),
      ...(link && { link }),
    };
  }

  /** Marks a field, and shows the problem if it is invalid. */
  #check(field: HTMLElement, valid: boolean, problem: string): boolean {
    mark(field, valid);
    if (valid) return true;
    say(byId('problem'), problem);
    field.closest('details')?.setAttribute('open', '');
    field.focus();
    return false;
  }

  #refused(name: string, problem: Problem | undefined): void {
    say(byId('problem'), problemText(name, problem, this.#words));
    if (problem?.code === 'counter-exists') {
      this.#taken = name;
      byId('taken').hidden = false;
      // It may have no owner, as after a first visit. Its code needs no token.
      byId('existing').setAttribute('open', '');
      fieldById('existing-name').value = name;
    }
    if (problem?.status !== 401) return;
    forgetToken(undefined);
    byId('installation').hidden = false;
    byId('installation').querySelector('input')?.focus();
  }

  /** Shows the builder for a counter that exists, to whoever has its token. */
  async #useToken(): Promise<void> {
    const words = this.#words;
    const name = this.#taken;
    say(byId('problem'), '');
    const { token = '' } = fieldsOf(formById('taken'));
    const named = counterOf(token);
    const found =
      token === '' || (named !== undefined && named !== name)
        ? ({ problem: 'refused' } as const)
        : await findOwn(name, token);
    if ('counter' in found) {
      keepToken(name, token);
      this.#listener.found(found.counter);
    } else if (found.problem === 'refused') say(byId('problem'), fill(words.otherToken, { name }));
    else if (found.problem === 'missing') say(byId('problem'), fill(words.missing, { name }));
    else say(byId('problem'), found.problem === 'busy' ? words.busy : words.silent);
  }
}
