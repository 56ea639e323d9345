/** The stack: the replicas and their states, the one that made this page, and the store. */
import { fill as filled, formatDuration, formatPercent } from '../../../languages/format.ts';
import { ask, type JsonAnswer } from '../ask.ts';
import { pageLanguage } from '../data.ts';
import { type StackTexts, stackTexts } from './texts.ts';
import { laterOf, type ReplicaState } from './words.ts';

interface Replica {
  readonly name: string;
  readonly version: string;
  readonly state: ReplicaState;
  readonly started: string;
  readonly share: number;
}

interface Stack {
  readonly store: { readonly kind: string; readonly state: 'up' | 'away' };
  readonly replicas: readonly Replica[];
}

/** A replica that has restarted is a new one. */
const keyOf = ({ name, started }: Replica) => `${name} ${started}`;

export class StackPanel {
  readonly #store = document.getElementById('store');
  readonly #list = document.getElementById('replicas');
  readonly #items = new Map<string, HTMLElement>();
  readonly #texts = stackTexts();
  readonly #madeBy: string | undefined;
  /** The key of the replica that made this page. */
  #maker: string | undefined;

  /** `section` names the replica that made this page. */
  constructor(section: HTMLElement) {
    this.#madeBy = section.dataset['replica'];
  }

  /** Requests the stack and shows it. Also returns the state of the store. Never fails. */
  async refresh(): Promise<JsonAnswer<unknown> & { store?: 'up' | 'away' }> {
    const { data, failed, againMs } = await ask<Stack>('/api/v1/stack');
    // Without a response, the shown data is old.
    this.#list?.toggleAttribute('data-old', !data);
    if (!data) {
      this.#store?.replaceChildren(this.#texts.noData);
      return { failed, againMs };
    }
    const { kind, state } = data.store;
    const { storeUp, storeAway } = this.#texts;
    const isUp = state === 'up';
    const condition = stateOf(isUp ? 'ready' : 'away', isUp ? storeUp : storeAway);
    this.#store?.replaceChildren(kind, condition);
    this.#maker ??= this.#makerAmong(data.replicas);
    const keys = new Set(data.replicas.map(keyOf));
    for (const [key, item] of this.#items) {
      if (keys.has(key)) continue;
      item.remove();
      this.#items.delete(key);
    }
    // Existing items stay in place, so that bars grow smoothly and the pointer stays on its item.
    data.replicas.forEach((replica, index) => {
      const item = fill(this.#itemOf(replica), replica, this.#texts);
      const there = this.#list?.children[index];
      if (there !== item) this.#list?.insertBefore(item, there ?? null);
    });
    return { store: state };
  }

  /** The youngest replica with the name of the one that made this page: older ones are gone. */
  #makerAmong(replicas: readonly Replica[]): string | undefined {
    const maker = replicas.findLast(({ name }) => name === this.#madeBy);
    return maker && keyOf(maker);
  }

  #itemOf(replica: Replica): HTMLElement {
    const key = keyOf(replica);
    const item = this.#items.get(key) ?? emptyItem(replica, key === this.#maker, this.#texts);
    this.#items.set(key, item);
    return item;
  }
}

/** A replica's item without its state and figures. */
function emptyItem({ name, version }: Replica, maker: boolean, texts: StackTexts): HTMLElement {
  const item = element('li', 'replica');
  const who = element('span', 'who');
  who.append(element('span', maker ? 'here' : '', name), element('small', '', version));
  const share = element('span', 'share');
  const bar = document.createElement('progress');
  bar.max = 1;
  bar.setAttribute('aria-label', filled(texts.share, { name }));
  share.append(bar, element('span', 'part'));
  item.append(who, element('span', 'up'), share, element('span', 'condition'));
  return item;
}

function fill(
  item: HTMLElement,
  { started, share, state: reported }: Replica,
  texts: StackTexts,
): HTMLElement {
  const state = laterOf(item.dataset['state'], reported);
  const set = (part: string, ...content: readonly (string | Node)[]) =>
    item.querySelector(part)?.replaceChildren(...content);
  item.dataset['state'] = state;
  const duration = formatDuration(Date.now() - Date.parse(started), pageLanguage());
  set('.up', state === 'gone' ? '' : filled(texts.up, { duration }));
  set('.part', formatPercent(share, pageLanguage()));
  const bar = item.querySelector('progress');
  if (bar) bar.value = share;
  set('.condition', stateOf(state, texts[state]));
  return item;
}

function stateOf(state: string, text: string): HTMLElement {
  const made = element('span', 'state', text);
  made.dataset['state'] = state;
  return made;
}

function element(tag: string, name: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}
