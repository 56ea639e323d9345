/**
 * The page of a private counter for its owner. The server sends everybody the page of a missing
 * counter. When the tab has a token for the counter, this asks the API for it and shows it.
 */
import { ask, Task } from '../ask.ts';
import { pathOf } from '../counters.ts';
import { CounterView } from './view.ts';

/** The interval between requests for the number. A stream cannot send a token. */
const NUMBER_EVERY_MS = 5000;

/** A counter as the API returns it. */
interface OwnCounter {
  readonly value: number;
  readonly private: boolean;
  readonly title?: string | null;
  readonly link?: string | null;
}

/** Returns what to call when the page becomes visible or hidden. */
export function ownerPage(
  counter: string,
  token: string,
  template: HTMLTemplateElement,
): (visible: boolean) => void {
  let view: CounterView | undefined;
  let isVisible = false;
  const number = new Task(NUMBER_EVERY_MS, async () => {
    const answer = await ask<OwnCounter>(pathOf(counter), { token });
    const { data, failed, againMs } = answer;
    if (data) {
      view ??= showCounter(template, data, counter, token);
      view.total(data.value);
      view.past.run(isVisible);
      view.status.live('open');
    } else if (failed === 'refused') {
      number.run(false);
      // The counter was deleted, or has a new token: back to the page that says so.
      if (view) location.reload();
    } else if (failed === 'unreachable') view?.status.live('lost');
    view?.status.requestEnded(answer);
    return againMs;
  });
  return (visible) => {
    isVisible = visible;
    number.run(visible);
    view?.past.run(visible);
  };
}

/** Shows the page of the counter in place of the notice. */
function showCounter(
  template: HTMLTemplateElement,
  { title, link, private: isPrivate }: OwnCounter,
  counter: string,
  token: string,
): CounterView {
  document.querySelector('main')?.replaceChildren(template.content);
  const name = title ?? counter;
  document.title = name;
  const heading = document.getElementById('title');
  if (heading) heading.textContent = name;
  const url = URL.parse(link ?? '');
  const anchor = document.getElementById('link');
  if (url && /^https?:$/.test(url.protocol) && anchor instanceof HTMLAnchorElement) {
    anchor.href = url.href;
    anchor.textContent = url.host;
    if (anchor.parentElement) anchor.parentElement.hidden = false;
  }
  const mark = document.getElementById('private');
  if (mark) mark.hidden = !isPrivate;
  return new CounterView(counter, token);
}
