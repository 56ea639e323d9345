/**
 * The script of a counter's page: the number, the chart, the visitors, and the stack. It starts
 * when loaded.
 *
 * While the page is not visible, it sends no requests and holds no connection: not in a background
 * tab, not before it is shown, and not in the browser's back-forward cache. It catches up when it
 * becomes visible again.
 */

import { Task } from './ask.ts';
import { History } from './history.ts';
import { Live } from './live.ts';
import { StackPanel } from './stack.ts';
import { LiveNumber, Status } from './status.ts';
import { showVisitors } from './visitors.ts';

/**
 * The shortest interval between updates of changed data: the chart need not move with each visit.
 */
const PAST_EVERY_MS = 15_000;
/** The interval at which replicas report (replicas/heartbeat.ts). */
const STACK_EVERY_MS = 2000;
/** The longest interval between updates, even without visits, because a new hour begins. */
const PAST_AT_LEAST_MS = 5 * 60_000;

start(document.body.dataset['counter'] ?? 'hits');

function start(counter: string): void {
  const path = counter === 'hits' ? '/api/v1/default' : `/api/v1/counters/${counter}`;
  const status = new Status();
  const number = new LiveNumber();
  const history = new History(path);
  let changed = true;
  let askedAt = Number.NEGATIVE_INFINITY;

  const live = new Live(counter, {
    total: (total) => {
      changed = number.show(total) || changed;
    },
    state: (state) => status.live(state),
  });
  const past = new Task(PAST_EVERY_MS, async () => {
    if (!changed && performance.now() - askedAt < PAST_AT_LEAST_MS) return undefined;
    changed = false;
    askedAt = performance.now();
    const [fresh, visitors] = await Promise.all([history.refresh(), showVisitors(path)]);
    status.requestEnded(fresh);
    // Retry after a failure.
    changed ||= fresh.failed !== undefined && fresh.failed !== 'refused';
    return fresh.againMs ?? visitors.againMs;
  });
  const tasks = [past];
  const section = document.getElementById('stack');
  if (section) {
    const panel = new StackPanel(section);
    tasks.push(
      new Task(STACK_EVERY_MS, async () => {
        const { failed, store, againMs } = await panel.refresh();
        status.requestEnded({ failed: store === 'away' ? 'away' : failed });
        return againMs;
      }),
    );
  }

  // A hidden page closes its stream, too: browsers open six connections to a host over HTTP/1.1,
  // and a stream holds one.
  const look = (visible = document.visibilityState === 'visible') => {
    if (visible) live.open();
    else live.close();
    for (const task of tasks) task.run(visible);
  };
  history.onStep = () => {
    changed = true;
    past.now();
  };
  document.addEventListener('visibilitychange', () => look());
  addEventListener('pageshow', () => look());
  // Not every browser reports a page as hidden when the visitor leaves it.
  addEventListener('pagehide', () => look(false));
  look();
}
