/** Forms and dialogs. A form is sent once at a time, and by this script only. */
import { button, type Child, el, field } from './elements.ts';
import { Message } from './messages.ts';
import { words } from './texts.ts';

/** The parts of a form. */
export interface FormParts {
  readonly content: readonly Child[];
  /** The text of the button that sends it, or that button. */
  readonly submit: string | HTMLButtonElement;
  /** Whether that button destroys something. */
  readonly danger?: boolean;
  /** Buttons beside it. */
  readonly others?: readonly Child[];
  readonly onSubmit: (message: Message) => Promise<unknown>;
}

/** A form with a message below its buttons. While it is being sent, it cannot be sent again. */
export function form({ content, submit, danger, others = [], onSubmit }: FormParts): HTMLElement {
  const message = new Message();
  const send =
    typeof submit === 'string'
      ? el('button', { class: danger ? 'danger' : 'main' }, submit)
      : submit;
  const made = el(
    'form',
    {},
    ...content,
    el('div', { class: 'buttons' }, send, ...others),
    message.element,
  );
  let busy = false;
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    send.setAttribute('aria-disabled', 'true');
    message.clear();
    void onSubmit(message).finally(() => {
      busy = false;
      send.removeAttribute('aria-disabled');
    });
  });
  return made;
}

/** Opens a dialog, which is removed when it is closed: by its button, or with Escape. */
export function openDialog(title: string, ...content: readonly Child[]): HTMLDialogElement {
  const heading = el('h2', { id: 'dialog-title' }, title);
  const dialog = el('dialog', { 'aria-labelledby': 'dialog-title' }, heading, ...content);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** The parts of a dialog with a form. */
export interface DialogParts extends Omit<FormParts, 'onSubmit'> {
  readonly onSubmit: (message: Message, close: () => void) => Promise<unknown>;
  /** Called when it is closed, whoever closes it. */
  readonly onClose?: () => void;
}

/** Opens a dialog with a form. */
export function openForm(title: string, parts: DialogParts): void {
  const { others = [], onSubmit, onClose } = parts;
  const close = () => dialog.close();
  const made = form({
    ...parts,
    others: [...others, button(words().cancel, () => close())],
    onSubmit: (message) => onSubmit(message, close),
  });
  const dialog = openDialog(title, made);
  if (onClose) dialog.addEventListener('close', onClose);
}

/** A field in which a word must be typed before something is destroyed. */
export class ConfirmField {
  readonly element: HTMLElement;
  readonly #input = el('input', {
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  readonly #word: string;

  constructor(label: string, word: string) {
    this.#word = word;
    this.element = field(label, this.#input);
  }

  /** Whether the word was typed. If not, says so and moves the focus there. */
  isTyped(message: Message): boolean {
    const typed = this.#input.value.trim() === this.#word;
    this.#input.setAttribute('aria-invalid', `${!typed}`);
    if (typed) return true;
    message.warn(words().notTyped);
    this.#input.focus();
    return false;
  }
}
