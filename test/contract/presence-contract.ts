/** The contract of presence. Every store runs it, on the real database. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import type { HeartbeatReport, Presence } from '../../src/contract/presence.ts';
import type { Subject, TestedStore } from './subject.ts';
import { byText } from './tools.ts';

/** Runs this part of the contract. */
export function testPresence(subject: () => Subject): void {
  describe('replicas', () => {
    let store: TestedStore;
    beforeAll(() => {
      store = subject().open();
    });
    afterAll(() => store.close());

    const report = (name: string, more: Partial<HeartbeatReport> = {}): HeartbeatReport => ({
      id: randomUUID(),
      name,
      version: '1.2.3',
      startedAt: 1,
      hits: 0,
      state: 'ready',
      ...more,
    });

    test('know each other’s latest reports', async () => {
      const other = subject().open();
      const [one, two] = [report('one'), report('two', { hits: 7 })];
      await store.presence.heartbeat(one);
      const said = async (from: Presence, what: HeartbeatReport) =>
        (await from.heartbeat(what))
          .filter(({ id }) => id === one.id || id === two.id)
          .map(({ silentMs, ...rest }) => ({
            ...rest,
            lately: silentMs >= 0 && silentMs < 60_000,
          }))
          .toSorted((a, b) => byText(a.name, b.name));
      expect(await said(other.presence, two)).toEqual([
        { ...one, lately: true },
        { ...two, lately: true },
      ]);
      const draining: HeartbeatReport = { ...one, hits: 3, state: 'draining' };
      expect(await said(store.presence, draining)).toEqual([
        { ...draining, lately: true },
        { ...two, lately: true },
      ]);
      await other.close();
    });
  });
}
