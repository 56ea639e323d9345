/** Deleting: one counter, whose name must be typed, or all whose names begin alike. */
import { fill } from '../../../languages/format.ts';
import { ask, type JsonAnswer } from '../ask.ts';
import { DEFAULT_COUNTER } from '../counters.ts';
import { installationToken } from '../tokens.ts';
import { Progress } from './archive/progress.ts';
import { askAbout } from './counters.ts';
import { el, field } from './elements.ts';
import { ConfirmField, openForm } from './forms.ts';
import { failureText, type Message } from './messages.ts';
import { plural, words } from './texts.ts';

/** Asks for the name of the counter, and deletes it. */
export function deleteCounter(name: string, onDeleted: () => void): void {
  const { question, text, typeName, submit } = words().remove;
  const confirm = new ConfirmField(fill(typeName, { name }), name);
  openForm(question, {
    content: [el('p', {}, el('strong', {}, name)), el('p', {}, text), confirm.element],
    submit,
    danger: true,
    onSubmit: async (message, close) => {
      if (!confirm.isTyped(message)) return;
      const answer = await askAbout(name, '', { method: 'DELETE' });
      // Somebody else may have deleted it before.
      if (answer.failed && answer.problem?.code !== 'counter-missing') {
        message.fail(answer);
        return;
      }
      close();
      onDeleted();
    },
  });
}

/** The most counters that are counted before they are deleted: one page of the list. */
const COUNTED_MAX = 100;

/** How many names of counters begin with `prefix`; `undefined` for more than are counted. */
async function sizeOf(prefix: string): Promise<JsonAnswer<{ size: number | undefined }>> {
  const query = new URLSearchParams({ prefix, limit: `${COUNTED_MAX}` });
  const { data, ...failure } = await ask<{
    counters: readonly { name: string }[];
    next?: string;
  }>(`/api/v1/counters?${query}`, { token: installationToken() });
  if (!data) return failure;
  // It cannot be deleted.
  const others = data.counters.filter(({ name }) => name !== DEFAULT_COUNTER);
  return { data: { size: data.next === undefined ? others.length : undefined } };
}

/** Asks for the beginning of names, then again with the number of these counters. */
export function deleteMany(onDeleted: () => void): void {
  const { title, text, label, hint, next } = words().removeMany;
  const input = el('input', {
    required: true,
    maxlength: 129,
    placeholder: 'my-site/',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  openForm(title, {
    content: [el('p', {}, text), field(label, input, hint)],
    submit: next,
    onSubmit: async (message, close) => {
      const prefix = input.value.trim();
      const { data, ...failure } = await sizeOf(prefix);
      if (!data) message.fail(failure);
      else if (data.size === 0) message.warn(words().removeMany.none);
      else {
        close();
        confirmMany(prefix, data.size, onDeleted);
      }
    },
  });
}

/** Asks for the prefix once more, and deletes the counters. */
function confirmMany(prefix: string, size: number | undefined, onDeleted: () => void): void {
  const { title, sure, sureOf, typePrefix, submit } = words().removeMany;
  const confirm = new ConfirmField(fill(typePrefix, { prefix }), prefix);
  const progress = new Progress(title);
  const question = fill(size === undefined ? sure : plural(sureOf, size), { prefix });
  openForm(title, {
    content: [el('p', {}, question), confirm.element, progress.element],
    submit,
    danger: true,
    onSubmit: async (message) => {
      if (!confirm.isTyped(message)) return;
      await deleteAll(prefix, size, progress, message);
      progress.end();
      onDeleted();
    },
    onClose: () => progress.stop(),
  });
}

/** Deletes counters, some with each request, until none is left or somebody stops it. */
async function deleteAll(
  prefix: string,
  size: number | undefined,
  progress: Progress,
  message: Message,
): Promise<void> {
  const { done, stopped } = words().removeMany;
  const signal = progress.begin();
  const token = installationToken();
  const path = `/api/v1/counters?${new URLSearchParams({ prefix })}`;
  let deleted = 0;
  for (let more = true; more; ) {
    // One after the other: a store deletes few counters at once while visits come in.
    // oxlint-disable-next-line no-await-in-loop
    const answer = await ask<{ deleted: number; more: boolean }>(path, {
      method: 'DELETE',
      token,
      signal,
    });
    if (signal.aborted) {
      message.say(plural(stopped, deleted));
      return;
    }
    if (!answer.data) {
      message.warn(`${plural(stopped, deleted)} ${failureText(answer).text}`);
      return;
    }
    deleted += answer.data.deleted;
    more = answer.data.more;
    progress.to(size === undefined ? undefined : deleted / size, plural(done, deleted));
  }
  message.say(plural(done, deleted));
}
