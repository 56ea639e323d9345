/** What a registry repeats while its store is unavailable, and what it does not. */
import { expect, test } from 'bun:test';
import type { Registry } from '../../../src/contract/registry.ts';
import { AppError, type ErrorCode } from '../../../src/counter/errors.ts';
import { retryingRegistry } from '../../../src/counter/retrying.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { createMemoryStore } from '../../support/memory-store/store.ts';

const PAGE = 'my-site/page';
const WAIT_MS = 2000;

/** A registry whose first call fails with `code`; after `hit-unconfirmed` it is applied. */
function failingOnce(registry: Registry, code: ErrorCode): Registry {
  let failed = false;
  const ask = async <T>(apply: () => Promise<T>): Promise<T> => {
    if (failed) return apply();
    failed = true;
    if (code === 'hit-unconfirmed') await apply();
    throw new AppError(code, 'made by the test');
  };
  return {
    create: (...args) => ask(() => registry.create(...args)),
    describe: (...args) => ask(() => registry.describe(...args)),
    change: (...args) => ask(() => registry.change(...args)),
    delete: (...args) => ask(() => registry.delete(...args)),
    list: (...args) => ask(() => registry.list(...args)),
    size: () => ask(() => registry.size()),
  };
}

/** A counter with a visit, and a registry that fails once. */
async function begin(code: ErrorCode) {
  const { counting, registry } = createMemoryStore();
  const clock = new ManualClock();
  let sequence = 0;
  const visit = async () => {
    const changes = [{ counter: PAGE, amount: 1 }];
    const [number] = await counting.commit({ writer: 'writer', sequence: ++sequence, changes });
    return number;
  };
  await visit();
  return { registry: retryingRegistry(failingOnce(registry, code), clock, WAIT_MS), clock, visit };
}

type Operation = (registry: Registry) => Promise<unknown>;

const SETS: readonly [string, Operation][] = [
  ['a change of a total', (registry) => registry.change(PAGE, { total: 0 })],
  ['a deletion', (registry) => registry.delete([PAGE])],
];
const OTHERS: readonly [string, Operation][] = [
  ['a change of a title', (registry) => registry.change(PAGE, { title: 'My page' })],
  ['a description', (registry) => registry.describe(PAGE)],
  ['a list', (registry) => registry.list({ search: '', after: '', limit: 10 })],
  ['the number of counters', (registry) => registry.size()],
  [
    'a creation',
    (registry) => registry.create('my-site/new', { total: 0, madeAt: 0, owner: 'o' }),
  ],
];

test.each(SETS)('%s whose reply was lost does not undo later visits', async (_, operation) => {
  const { registry, clock, visit } = await begin('hit-unconfirmed');
  const outcome = operation(registry).catch((error: AppError) => error.code);
  const numbers = [await visit(), await visit()];
  await clock.pass(WAIT_MS);
  expect(await outcome).toBe('hit-unconfirmed');
  expect([...numbers, await visit()]).toEqual([1, 2, 3]);
});

test.each([...SETS, ...OTHERS])('%s that was not applied is repeated', async (_, operation) => {
  const { registry, clock } = await begin('store-unavailable');
  const outcome = operation(registry);
  await clock.pass(WAIT_MS);
  await outcome;
});

test.each(OTHERS)('%s whose reply was lost is repeated', async (_, operation) => {
  const { registry, clock } = await begin('hit-unconfirmed');
  const outcome = operation(registry);
  await clock.pass(WAIT_MS);
  await outcome;
});
