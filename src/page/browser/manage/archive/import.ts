/**
 * The section that imports counters from a file. Seen first only checks the file and reports what
 * it would do; then the same button imports it.
 */
import { fill } from '../../../../languages/format.ts';
import type { JsonAnswer } from '../../ask.ts';
import { installationToken } from '../../tokens.ts';
import { el, field, section } from '../elements.ts';
import { form } from '../forms.ts';
import type { Message } from '../messages.ts';
import { megabytes, plural, words } from '../texts.ts';
import { Progress } from './progress.ts';
import { type Report, upload } from './upload.ts';

/** The largest file that Seen takes over HTTP. */
const BYTES_MAX = 64 * 1024 * 1024;
/** What may be done with counters that exist already, as the API calls it. */
const EXISTING = ['keep', 'add', 'replace'] as const;

/** The section with its form; `onImported` is called when counters were imported. */
export function importSection(onImported: () => void): HTMLElement {
  return new ImportForm(onImported).element;
}

class ImportForm {
  readonly element: HTMLElement;
  readonly #onImported: () => void;
  readonly #file = el('input', { type: 'file', required: true });
  readonly #existing: HTMLSelectElement;
  readonly #namespace = el('input', {
    pattern: '[\\w.\\-]{3,64}',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  readonly #progress = new Progress(words().importing.title);
  readonly #send = el('button', { class: 'main' });
  readonly #details: HTMLElement;
  /** Whether the chosen file was checked, with these options. */
  #isChecked = false;

  constructor(onImported: () => void) {
    const { title, text, file, existing, namespace, namespaceHint, report } = words().importing;
    this.#onImported = onImported;
    const options = EXISTING.map((value) => el('option', { value }, words().importing[value]));
    this.#existing = el('select', {}, ...options);
    this.#details = el('pre', {
      lang: 'en',
      tabindex: 0,
      role: 'region',
      'aria-label': report,
      hidden: true,
    });
    this.#become(false);
    const made = form({
      content: [
        el('p', { class: 'note' }, text),
        field(file, this.#file),
        field(existing, this.#existing),
        field(namespace, this.#namespace, namespaceHint),
        this.#progress.element,
      ],
      submit: this.#send,
      onSubmit: (message) => this.#submit(message),
    });
    made.addEventListener('input', () => this.#become(false));
    this.element = section(title, made, this.#details);
  }

  /** What the button does next: an import, or a check. */
  #become(isChecked: boolean): void {
    const { check, submit } = words().importing;
    this.#isChecked = isChecked;
    this.#send.textContent = isChecked ? submit : check;
  }

  async #submit(message: Message): Promise<void> {
    const file = this.#file.files?.[0];
    if (!file) return;
    if (file.size > BYTES_MAX) {
      message.warn(words().importing.tooLarge);
      return;
    }
    const imports = this.#isChecked;
    this.#details.hidden = true;
    const signal = this.#progress.begin();
    const answer = await this.#sendFile(file, imports, signal);
    this.#progress.end();
    this.#become(false);
    if (signal.aborted) message.warn(words().importing.stopped);
    else if (this.#report(answer, imports, message)) {
      if (imports) this.#onImported();
      else this.#become((answer.data?.imported ?? 0) > 0);
    }
  }

  #sendFile(file: File, imports: boolean, signal: AbortSignal): Promise<JsonAnswer<Report>> {
    const { sending, reading } = words().importing;
    const namespace = this.#namespace.value.trim();
    const query = new URLSearchParams({
      dryRun: imports ? 'no' : 'yes',
      existing: this.#existing.value,
      ...(namespace && { namespace }),
    });
    return upload({
      path: `/api/v1/import?${query}`,
      file,
      token: installationToken(),
      signal,
      onSent: (bytes) =>
        this.#progress.to(bytes / file.size, fill(sending, { size: megabytes(bytes) })),
      onReport: ({ read = 0, counters = 0 }) =>
        this.#progress.to(read / file.size, plural(reading, counters)),
    });
  }

  /** Shows what came of it, and whether it succeeded. */
  #report({ data, ...failure }: JsonAnswer<Report>, imports: boolean, message: Message): boolean {
    const { done, checked, skipped, broken } = words().importing;
    if (data?.done) {
      const {
        imported = 0,
        skipped: left = 0,
        refused = 0,
        full,
        summary = '',
        notes = '',
      } = data;
      const said = [plural(imports ? done : checked, imported)];
      if (left > 0) said.push(plural(skipped, left));
      if (full) message.warn([...said, words().errors.full].join(' '));
      // The details say why.
      else if (refused > 0) message.warn(said.join(' '));
      else message.say(said.join(' '));
      this.#details.textContent = [notes, summary].filter(Boolean).join('\n');
      this.#details.hidden = this.#details.textContent === '';
      return true;
    }
    if (data?.error !== undefined) {
      const problem = { status: 200, code: data.code ?? '', detail: data.error };
      message.fail({ failed: 'refused', problem });
    } else if (failure.failed) message.fail(failure);
    else message.warn(broken);
    return false;
  }
}
