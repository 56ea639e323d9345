/**
 * The script of `/new`. It shows the form that makes a counter, or, for `?counter=`, the builder
 * of the code for one. It starts when loaded.
 */

import { fill } from '../../languages/format.ts';
import { isName } from './counters.ts';
import { pageData } from './data.ts';
import { Builder } from './new/builder.ts';
import { bindCopy } from './new/copy.ts';
import { find, type Opened } from './new/counters.ts';
import { byId } from './new/elements.ts';
import { Maker } from './new/maker.ts';
import type { Data, Texts } from './new/texts.ts';
import { keepToken, tokenFor } from './tokens.ts';

/** Longer names are cut in messages. */
const SHOWN_MAX = 80;

void start(pageData<Data>());

async function start({ words, embedPath }: Data): Promise<void> {
  const builder = new Builder(words, embedPath);
  bindCopy('token-copy', 'token-text', 'token-copied', words);
  const maker = new Maker(words, {
    made: ({ token, ...counter }) => {
      keepToken(counter.name, token);
      byId('token-text').textContent = token;
      byId('token').hidden = false;
      show(builder, words, counter);
      byId('token-title').focus();
    },
    found: (counter) => {
      show(builder, words, counter);
      byId('title').focus();
    },
  });
  const wanted = new URLSearchParams(location.search).get('counter');
  if (!wanted) maker.show();
  else if (!isName(wanted))
    maker.show(fill(words.nameInvalid, { name: wanted.slice(0, SHOWN_MAX) }));
  else await open(wanted, builder, maker, words);
}

/** Shows the builder for a counter of the URL, or says why not. */
async function open(name: string, builder: Builder, maker: Maker, words: Texts): Promise<void> {
  const found = await find(name, tokenFor(name));
  if ('counter' in found) show(builder, words, found.counter);
  else if (found.problem === 'refused')
    // The token in this tab was replaced.
    show(builder, words, { name, private: true, total: undefined });
  else if (found.problem === 'missing') maker.show(fill(words.missing, { name }), name);
  else maker.show(found.problem === 'busy' ? words.busy : words.silent, name);
}

/** Shows the builder in place of the form, and gives the page the counter's address. */
function show(builder: Builder, words: Texts, counter: Opened): void {
  const address = new URL(location.href);
  address.searchParams.set('counter', counter.name);
  address.hash = 'code';
  history.replaceState(null, '', address);
  byId('make').hidden = true;
  byId('intro').hidden = true;
  byId('name').textContent = counter.name;
  byId('name').hidden = false;
  byId('title').textContent = words.codeTitle;
  document.title = `${counter.name}: ${words.codeTitle}`;
  builder.open(counter);
}
