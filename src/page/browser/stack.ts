/** The stack: which replicas there are and how they are, which one made this page, and the store. */
import { ask, type Told } from './ask.ts';
import { percent, whole } from './numbers.ts';
import { durationOf } from './words.ts';

interface Replica {
  readonly name: string;
  readonly version: string;
  readonly state: 'ready' | 'draining' | 'gone';
  readonly started: string;
  readonly share: number;
}

interface Stack {
  readonly store: { readonly kind: string; readonly state: 'up' | 'away' };
  readonly replicas: readonly Replica[];
}

/** Asks, and shows it; answers also how the store is. Never fails. */
export async function showStack(): Promise<Told<unknown> & { store?: 'up' | 'away' }> {
  const { told, failed, againMs } = await ask<Stack>('/api/v1/stack');
  if (!told) return { failed, againMs };
  const { kind, state } = told.store;
  const store = document.getElementById('store');
  if (store) store.replaceChildren(`Store: ${kind} `, stateOf(state === 'up' ? 'ready' : 'away', state));
  const list = document.getElementById('replicas');
  const shown = new Map(
    [...(list?.children ?? [])].map((item) => [(item as HTMLElement).dataset['key'], item]),
  );
  const items = told.replicas.map((replica) => {
    const key = `${replica.name} ${replica.started}`;
    return fill((shown.get(key) as HTMLElement | undefined) ?? emptyItem(key, replica), replica);
  });
  list?.replaceChildren(...items);
  return { store: state };
}

/** A replica before anything is known of it but who it is. */
function emptyItem(key: string, { name, version }: Replica): HTMLElement {
  const item = element('li', 'replica');
  item.dataset['key'] = key;
  const who = element('span', 'who');
  const here = document.getElementById('stack')?.dataset['replica'] === name;
  who.append(element('span', here ? 'here' : '', name), element('small', '', version));
  const share = element('span', 'share');
  const bar = document.createElement('progress');
  bar.max = 1;
  bar.setAttribute('aria-label', `Share of visits of ${name}`);
  share.append(bar, element('span', 'part'));
  item.append(who, element('span', 'up'), share, element('span', 'condition'));
  return item;
}

function fill(item: HTMLElement, { started, share, state }: Replica): HTMLElement {
  const set = (part: string, ...content: readonly (string | Node)[]) =>
    item.querySelector(part)?.replaceChildren(...content);
  item.dataset['state'] = state;
  const up = state === 'gone' ? '' : `up ${durationOf(Date.now() - Date.parse(started), whole)}`;
  set('.up', up);
  set('.part', percent(share));
  const bar = item.querySelector('progress');
  if (bar) bar.value = share;
  set('.condition', stateOf(state, state));
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
