/** New tokens: replacing one, and showing it, once. */
import type { JsonAnswer } from '../ask.ts';
import { copyText } from '../clipboard.ts';
import { keepToken, ownCounters } from '../tokens.ts';
import { askAbout } from './counters.ts';
import { button, el, field } from './elements.ts';
import { openDialog, openForm } from './forms.ts';
import { Message } from './messages.ts';
import { words } from './texts.ts';

/** Asks whether the token of a counter is to be replaced, replaces it, and shows the new one. */
export function replaceToken(name: string): void {
  const { replace, replaceTitle, replaceText } = words().token;
  openForm(replaceTitle, {
    content: [el('p', {}, el('strong', {}, name)), el('p', {}, replaceText)],
    submit: replace,
    danger: true,
    onSubmit: async (message, close) => {
      const answer = newTokenOf(name);
      replacing = answer;
      const { data, ...failure } = await answer;
      if (!data) {
        message.fail(failure);
        return;
      }
      close();
      showToken(name, data.token);
    },
  });
}

/** The last replacement of a token. */
let replacing: Promise<unknown> = Promise.resolve();

/** Resolves when no token is being replaced: the one that was valid may be refused already. */
export async function tokensReplaced(): Promise<void> {
  await replacing;
}

async function newTokenOf(name: string): Promise<JsonAnswer<{ token: string }>> {
  const answer = await askAbout<{ token: string }>(name, '/token', { method: 'POST' });
  // Otherwise this page uses the installation's, which has not changed.
  if (answer.data && ownCounters().includes(name)) keepToken(name, answer.data.token);
  return answer;
}

/** Shows a new token with a button that copies it. It cannot be read again. */
export function showToken(name: string, token: string): void {
  const { new: title, label, once, copy, copied, copyYourself } = words().token;
  const input = el('input', { readonly: true, class: 'token', value: token });
  const message = new Message();
  const copyIt = async () => {
    input.select();
    if (await copyText(token)) message.say(copied);
    else message.warn(copyYourself);
  };
  const dialog = openDialog(
    title,
    el('p', {}, el('strong', {}, name)),
    field(label, input, once),
    el(
      'div',
      { class: 'buttons' },
      button(copy, copyIt, { class: 'main' }),
      button(words().close, () => dialog.close()),
    ),
    message.element,
  );
}
