/**
 * The page of a counter, brought to life: the number, the chart, who came, and the stack. What
 * runs when the script is loaded is here.
 *
 * While nobody looks at the page nothing is asked for and no connection is held: not in a tab
 * behind others, not before it is shown, and not in the browser's memory for going back. What was
 * missed is told when somebody looks again.
 */
import { History } from './history.ts';
import { Live } from './live.ts';
import { Running } from './number.ts';
import { StackPanel } from './stack.ts';
import { Status } from './status.ts';
import { Task } from './task.ts';
import { showVisitors } from './visitors.ts';

/**
 * What has changed is looked at again so often at the most: the chart need not move with each
 * visit.
 */
const PAST_EVERY_MS = 15_000;
/** As often as replicas tell of themselves (replicas/heartbeat.ts). */
const STACK_EVERY_MS = 2000;
/** Also without visits: hours pass. */
const PAST_AT_LEAST_MS = 5 * 60_000;

start(document.body.dataset['counter'] ?? 'hits');

function start(counter: string): void {
  const path = counter === 'hits' ? '/api/v1/default' : `/api/v1/counters/${counter}`;
  const status = new Status();
  const number = new Running();
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
    status.asked(fresh);
    // What was not told is asked for again.
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
        status.asked({ failed: store === 'away' ? 'away' : failed });
        return againMs;
      }),
    );
  }

  // A hidden page lets go of its stream, too: browsers open six connections to a host over
  // HTTP/1.1, and a stream holds one.
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
  // Not every browser says that a page is hidden when it is left.
  addEventListener('pagehide', () => look(false));
  look();
}
