/** The dialog that creates a counter. */
import { ask } from '../ask.ts';
import { type Counter, NAME_PATTERN } from '../counters.ts';
import { installationToken } from '../tokens.ts';
import { el, field } from './elements.ts';
import { SettingFields } from './fields.ts';
import { openForm } from './forms.ts';
import { words } from './texts.ts';
import { showToken } from './token.ts';

/** Opens the dialog; `onCreated` gets the name of the new counter. */
export function createCounter(onCreated: (name: string) => void): void {
  const { title, name, nameHint, value, valueHint, submit } = words().create;
  const nameInput = el('input', {
    required: true,
    pattern: NAME_PATTERN,
    title: nameHint,
    placeholder: 'my-site/front-page',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  const valueInput = totalInput(0);
  const none = { private: false, window: 0, title: null, link: null };
  const settings = new SettingFields(none, true);
  openForm(title, {
    content: [
      field(name, nameInput, nameHint),
      field(value, valueInput, valueHint),
      ...settings.elements(),
    ],
    submit,
    onSubmit: async (message, close) => {
      const answer = await ask<Counter & { token: string }>('/api/v1/counters', {
        method: 'POST',
        body: {
          name: nameInput.value.trim(),
          value: Number(valueInput.value),
          ...settings.changes(),
        },
        token: installationToken(),
      });
      if (!answer.data) {
        message.fail(answer);
        return;
      }
      close();
      onCreated(answer.data.name);
      showToken(answer.data.name, answer.data.token);
    },
  });
}

/** A field for a total. */
export function totalInput(value: number): HTMLInputElement {
  return el('input', {
    type: 'number',
    required: true,
    step: 1,
    min: Number.MIN_SAFE_INTEGER,
    max: Number.MAX_SAFE_INTEGER,
    value,
    inputmode: 'numeric',
  });
}
