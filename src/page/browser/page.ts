/**
 * The script of a counter's page: the number, the chart, the visitors, and the stack. It starts
 * when loaded.
 *
 * While the page is not visible, it sends no requests and holds no connection: not in a background
 * tab, not before it is shown, and not in the browser's back-forward cache. It catches up when it
 * becomes visible again.
 */

import { Task } from './ask.ts';
import { Live } from './counter/live.ts';
import { ownerPage } from './counter/private.ts';
import { StackPanel } from './counter/stack.ts';
import type { Status } from './counter/status.ts';
import { CounterView } from './counter/view.ts';
import { tokenFor } from './tokens.ts';
import { whileVisible } from './visible.ts';

/** The interval at which replicas report (replicas/heartbeat.ts). */
const STACK_EVERY_MS = 2000;

start(document.body.dataset['counter'] ?? 'hits', document.querySelector('template'));

/** A page with a template is that of a counter that is private or does not exist. */
function start(counter: string, template: HTMLTemplateElement | null): void {
  if (!template) {
    whileVisible(publicPage(counter));
    return;
  }
  const token = tokenFor(counter);
  if (token !== undefined) whileVisible(ownerPage(counter, token, template));
}

function publicPage(counter: string): (visible: boolean) => void {
  const view = new CounterView(counter);
  const live = new Live(counter, {
    total: (total) => view.total(total),
    state: (state) => view.status.live(state),
  });
  const section = document.getElementById('stack');
  const tasks = section ? [view.past, stackTask(section, view.status)] : [view.past];
  // A hidden page closes its stream, too: browsers open six connections to a host over HTTP/1.1,
  // and a stream holds one.
  return (visible) => {
    if (visible) live.open();
    else live.close();
    for (const task of tasks) task.run(visible);
  };
}

function stackTask(section: HTMLElement, status: Status): Task {
  const panel = new StackPanel(section);
  return new Task(STACK_EVERY_MS, async () => {
    const { failed, store, againMs } = await panel.refresh();
    status.requestEnded({ failed: store === 'away' ? 'away' : failed });
    return againMs;
  });
}
