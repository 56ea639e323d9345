/**
 * Replicas that know each other, on the started program: what `/api/v1/stack` reports while they
 * start, stop and die.
 */
import { expect, test } from 'bun:test';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';
import { forEachStore } from '../support/stores/stores.ts';

interface Shown {
  readonly replica: string;
  readonly store: { readonly kind: string; readonly state: string };
  readonly replicas: readonly {
    name: string;
    version: string;
    state: string;
    hits: number;
    share: number;
  }[];
}

const stackOf = async (program: Program) =>
  JSON.parse(await program.get('/api/v1/stack')) as Shown;
const named = async (program: Program, state: string) =>
  (await stackOf(program)).replicas
    .filter((replica) => replica.state === state)
    .map(({ name }) => name);

forEachStore((newDatabase, store) => {
  test('replicas are shown with their counts; dead and replaced ones are shown as gone, and the store’s state is shown', async () => {
    await using database = await newDatabase();
    const env = { SEEN_STORE_URL: database.url, SEEN_DRAIN_MS: '500' };
    await using program = await Program.start(env);
    const all = ['test-1', 'test-2', 'test-3'];
    await until(
      'all three to know each other',
      async () => (await named(program, 'ready')).length === 3,
    );
    for (let visit = 0; visit < 30; visit++) await program.visit();
    await until('what they have counted to be told', async () => {
      const { replicas } = await stackOf(program);
      return replicas.reduce((sum, { hits }) => sum + hits, 0) === 30;
    });
    const shown = await stackOf(program);
    expect(all).toContain(shown.replica);
    expect(shown.store).toEqual({ kind: store, state: 'up' });
    expect(shown.replicas.map(({ name }) => name)).toEqual(all);
    expect(shown.replicas.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 3);

    const [first] = await program.replicas();
    process.kill(first ?? 0, 'SIGKILL');
    await until('the dead one to be gone, and its replacement there', async () => {
      const { replicas } = await stackOf(program);
      const states = replicas.map(({ state }) => state).toSorted();
      return states.join() === 'gone,ready,ready,ready';
    });

    program.process.kill('SIGHUP');
    await until('all to be replaced', async () => (await named(program, 'gone')).length === 4);
    await until('all of the new ones to know that they are three', async () => {
      const views = await Promise.all(Array.from({ length: 12 }, () => stackOf(program)));
      const ready = views.map(
        ({ replicas }) => replicas.filter(({ state }) => state === 'ready').length,
      );
      return (
        new Set(views.map(({ replica }) => replica)).size === 3 &&
        ready.every((count) => count === 3)
      );
    });

    if (!database.server) return;
    await database.server.kill();
    await until(
      'it to be seen that the store is away',
      async () => (await stackOf(program)).store.state === 'away',
    );
    // No replica is shown as gone because the store is.
    expect((await named(program, 'ready')).length).toBe(3);
  });
});

test('nothing about replicas is shown when that is switched off', async () => {
  await using program = await Program.start({ SEEN_SHOW_STACK: 'no', SEEN_REPLICAS: '1' });
  expect((await fetch(`${program.url}/api/v1/stack`)).status).toBe(404);
  expect(await program.get('/openapi.json')).not.toContain('/api/v1/stack');
});
