/** The life of a replica, with a counter and a store in memory. */
import { expect, test } from 'bun:test';
import { Heartbeat } from '../../../src/replicas/heartbeat.ts';
import { Life } from '../../../src/replicas/life.ts';
import { setUp } from '../../support/app.ts';

/** A replica that takes requests without a port, and notes when it would open and close one. */
function replica(drainMs: number) {
  const { app, counter, store, clock, ask } = setUp();
  const port = { opened: 0, closed: 0 };
  const life = new Life({
    app,
    counter,
    store,
    health: { unready: undefined },
    heartbeat: new Heartbeat({
      presence: store.presence,
      clock,
      self: { id: 'one', name: 'one', version: '1.2.3', startedAt: 0 },
      hits: () => 0,
      probe: () => counter.probe(),
    }),
    endStreams: () => undefined,
    listen: () => {
      port.opened++;
      const close = async () => void port.closed++;
      return { host: '::', port: 1, close, cutOff: () => undefined };
    },
    drainMs,
    stopMs: 60_000,
  });
  return { ask, life, port };
}

test('a replica that was stopped during its start opens no port', async () => {
  const { life, port } = replica(0);
  await life.stop();
  expect(life.start()).toBeUndefined();
  expect({ opened: port.opened, unready: life.unready() }).toEqual({
    opened: 0,
    unready: 'draining',
  });
});

test('a stop waits half a second for clients that were silent only briefly before, as on a busy machine', async () => {
  const { ask, life, port } = replica(60_000);
  life.start();
  await ask('/hit/a/b');
  await Bun.sleep(400);
  const stopped = life.stop();
  await Bun.sleep(250);
  expect(port.closed).toBe(0);
  await stopped;
  expect(port.closed).toBe(1);
});
