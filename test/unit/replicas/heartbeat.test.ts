/** How replicas know each other, with the test's own clock and memory store. */
import { describe, expect, test } from 'bun:test';
import type { HeardReplica, HeartbeatReport, Presence } from '../../../src/contract/presence.ts';
import { pause } from '../../../src/counter/clock.ts';
import { Heartbeat } from '../../../src/replicas/heartbeat.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { memoryDatabase } from '../../support/memory-store/database.ts';
import { createMemoryStore } from '../../support/memory-store/store.ts';

function begin() {
  const clock = new ManualClock();
  const database = memoryDatabase({ now: () => clock.now() });
  const { presence } = createMemoryStore(database);
  let probes = 0;
  const replica = (name: string, hits = 0, on: Presence = presence) =>
    new Heartbeat({
      presence: on,
      clock,
      self: { id: crypto.randomUUID(), name, version: '1.2.3', startedAt: clock.now() },
      hits: () => hits,
      probe: () => probes++,
    });
  const known = ({ replicas }: Heartbeat) =>
    replicas.map(({ name, state, hits }) => `${name} ${state} ${hits}`);
  return { clock, presence, replica, known, probes: () => probes };
}

describe('replicas', () => {
  test('know each other within a few seconds, with names and counts', async () => {
    const { clock, replica, known } = begin();
    const [two, one] = [replica('two', 7), replica('one', 3)];
    two.start();
    one.start();
    await clock.pass(2000);
    expect(known(one)).toEqual(['one ready 3', 'two ready 7']);
    expect(known(two)).toEqual(['one ready 3', 'two ready 7']);
  });

  test('that drain and end are shown so, and forgotten after a minute', async () => {
    const { clock, replica, known } = begin();
    const [one, two] = [replica('one'), replica('two')];
    one.start();
    two.start();
    await clock.pass(2000);
    two.drain();
    await clock.pass(2000);
    expect(known(one)).toEqual(['one ready 0', 'two draining 0']);
    await two.end();
    await clock.pass(2000);
    expect(known(one)).toEqual(['one ready 0', 'two gone 0']);
    await clock.pass(62_000);
    expect(known(one)).toEqual(['one ready 0']);
  });

  test('that fall silent are gone, and one that is only late is not', async () => {
    const { clock, presence, replica, known } = begin();
    const one = replica('one');
    const silent: HeartbeatReport = {
      id: 'silent',
      name: 'two',
      version: '1',
      startedAt: 0,
      hits: 0,
      state: 'ready',
    };
    one.start();
    await presence.heartbeat(silent);
    await clock.pass(4000);
    expect(known(one)).toEqual(['one ready 0', 'two ready 0']);
    await clock.pass(2000);
    expect(known(one)).toEqual(['one ready 0', 'two gone 0']);
  });

  test('are not considered gone while the store is unavailable', async () => {
    const { clock, presence, replica, known } = begin();
    let away = false;
    const shaky: Presence = {
      heartbeat: (report): Promise<readonly HeardReplica[]> =>
        away ? Promise.reject(new Error('away')) : presence.heartbeat(report),
    };
    const [one, two] = [replica('one', 0, shaky), replica('two', 0, shaky)];
    one.start();
    two.start();
    await clock.pass(2000);
    away = true;
    await clock.pass(60_000);
    expect(known(one)).toEqual(['one ready 0', 'two ready 0']);
    await one.end();
  });

  test('with the same name, an old one and its replacement, are both shown, the older first', async () => {
    const { clock, replica, known } = begin();
    const old = replica('one', 9);
    old.start();
    await clock.pass(1000);
    const fresh = replica('one', 1);
    fresh.start();
    old.drain();
    await clock.pass(2000);
    expect(known(fresh)).toEqual(['one draining 9', 'one ready 1']);
  });

  test('have the store probed every 2 s until they end, whether or not it answers their heartbeats', async () => {
    const { clock, replica, probes } = begin();
    const heartbeat = () => Promise.reject(new Error('away'));
    const one = replica('one', 0, { heartbeat });
    one.start();
    await clock.pass(9000);
    expect(probes()).toBe(5);
    await one.end();
    await clock.pass(9000);
    expect(probes()).toBe(5);
  });

  test('have the store probed every 2 s also while a heartbeat takes longer', async () => {
    const { clock, presence, replica, probes } = begin();
    const slow: Presence = {
      heartbeat: async (report) => {
        await pause(clock, 10_000);
        return presence.heartbeat(report);
      },
    };
    replica('one', 0, slow).start();
    await clock.pass(9000);
    expect(probes()).toBe(5);
    await clock.pass(10_000);
    expect(probes()).toBe(10);
  });
});
