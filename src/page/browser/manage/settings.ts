/** The forms of a counter's view that change the counter: its settings, and its total. */
import { type Counter, DEFAULT_COUNTER } from '../counters.ts';
import { totalInput } from './create.ts';
import { el, field, section } from './elements.ts';
import { SettingFields } from './fields.ts';
import { form } from './forms.ts';
import type { Message } from './messages.ts';
import { words } from './texts.ts';

/** Changes the counter. `undefined` when that failed, which the message explains. */
export type Change = (changes: Partial<Counter>, message: Message) => Promise<Counter | undefined>;

/** The form for the settings. Only what was changed in it is sent. */
export function settingsForm(counter: Counter, change: Change): HTMLElement {
  const { heading, save, saved, unchanged } = words().settings;
  const mayBePrivate = counter.name !== DEFAULT_COUNTER;
  const place = el('div');
  let fields = new SettingFields(counter, mayBePrivate);
  place.append(...fields.elements());
  const made = form({
    content: [place],
    submit: save,
    onSubmit: async (message) => {
      const changes = fields.changes();
      if (Object.keys(changes).length === 0) {
        message.say(unchanged);
        return;
      }
      const changed = await change(changes, message);
      if (!changed) return;
      // The API may have written a link in another way.
      fields = new SettingFields(changed, mayBePrivate);
      place.replaceChildren(...fields.elements());
      message.say(saved);
    },
  });
  return section(heading, made);
}

/** The form for the total, apart from the settings because visits change it meanwhile. */
export function totalForm({ value }: Counter, change: Change): HTMLElement {
  const { heading, label, hint, submit, done } = words().setTotal;
  const input = totalInput(value);
  const made = form({
    content: [field(label, input, hint)],
    submit,
    onSubmit: async (message) => {
      if (await change({ value: Number(input.value) }, message)) message.say(done);
    },
  });
  return section(heading, made);
}
