/**
 * The view for a person without a token for what the page is to show: a field for the token, and
 * the counters whose tokens are kept in this tab already.
 *
 * A new token names its counter. An older one could also be the installation's, which is tried
 * first; if it is not, the person is asked for the counter.
 */
import type { JsonAnswer } from '../ask.ts';
import { checkOwner, isName, NAME_PATTERN } from '../counters.ts';
import { counterOf, keepToken, ownCounters } from '../tokens.ts';
import { checkInstallation } from './counters.ts';
import { el, field, section } from './elements.ts';
import { form } from './forms.ts';
import type { Message } from './messages.ts';
import { words } from './texts.ts';

/** The characters of a token in `Authorization: Bearer TOKEN`. */
const TOKEN = /^[!-~]+$/;

/**
 * The view. `wanted` is the counter that the page is to show, if it is one. `onToken` is called
 * when a token was kept, with its counter, or `undefined` for the installation's.
 */
export function signIn(
  wanted: string | undefined,
  onToken: (counter: string | undefined) => void,
): HTMLElement {
  const { intro, token, open, whose, name: nameLabel } = words().signIn;
  // Without a name and in a form that only the script sends: it must never get into a URL. It is
  // no field for passwords, because browsers offer to keep these.
  const tokenInput = el('input', {
    required: true,
    class: 'secret',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  const nameInput = el('input', {
    pattern: `hits|${NAME_PATTERN}`,
    value: wanted,
    placeholder: 'my-site/front-page',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  const nameField = field(nameLabel, nameInput, whose);
  nameField.hidden = true;
  const askForName = () => {
    nameField.hidden = false;
    nameInput.required = true;
    nameInput.focus();
  };
  // Another token may name its counter, or be the installation's.
  tokenInput.addEventListener('input', () => {
    nameField.hidden = true;
    nameInput.required = false;
  });
  const made = form({
    content: [el('p', { class: 'note' }, intro), field(token, tokenInput), nameField],
    submit: open,
    onSubmit: async (message) => {
      const pasted = tokenInput.value.trim();
      const named = counterOf(pasted) ?? (nameInput.value.trim() || wanted);
      const found = await ownerOf(pasted, named, message);
      if (found === 'nobody') askForName();
      else if (found) onToken(found.counter);
      // Perhaps it is that of another counter.
      else if (counterOf(pasted) === undefined) nameField.hidden = false;
    },
  });
  return el('div', {}, made, othersOf(wanted));
}

/**
 * Keeps a token, after checking that it is one, and returns its counter; `undefined` when it was
 * refused, which the message explains. `nobody`: it is not the installation's, and no counter was
 * named.
 */
async function ownerOf(
  token: string,
  named: string | undefined,
  message: Message,
): Promise<{ counter: string | undefined } | 'nobody' | undefined> {
  if (!TOKEN.test(token)) {
    message.warn(words().errors.token);
    return undefined;
  }
  if (counterOf(token) === undefined) {
    const installation = await checkInstallation(token);
    if (installation.data === undefined) return failed(installation, message);
    if (installation.data) {
      keepToken(undefined, token);
      return { counter: undefined };
    }
    if (named === undefined) return 'nobody';
  }
  if (named === undefined || !isName(named)) {
    message.warn(words().errors.name);
    return undefined;
  }
  const owner = await checkOwner(named, token);
  if (!owner.data) return failed(owner, message);
  keepToken(named, token);
  return { counter: named };
}

function failed(answer: JsonAnswer<unknown>, message: Message): undefined {
  message.fail(answer);
}

/** Links to the counters whose tokens are kept in this tab, other than `wanted`. */
function othersOf(wanted: string | undefined): HTMLElement | false {
  const others = ownCounters().filter((name) => name !== wanted);
  if (others.length === 0) return false;
  const items = others.map((name) => el('li', {}, el('a', { href: `#${name}` }, name)));
  return section(words().signIn.yours, el('ul', { class: 'links' }, ...items));
}
