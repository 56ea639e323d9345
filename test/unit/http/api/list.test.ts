/** The list of all counters over the API, in any order, and the deletion of many. */
import { describe, expect, test } from 'bun:test';
import { DAY_MS } from '../../../../src/contract/history.ts';
import { INSTALLATION, setUp } from '../../../support/app.ts';

const OWNER = { Authorization: `Bearer ${INSTALLATION}` };
const NOON = Date.UTC(2026, 10, 22, 12);

/** An app of whose time the test is the owner, and lists as names or as JSON. */
function begin() {
  let now = NOON;
  const app = setUp({ now: () => now });
  const list = async (query = '') => {
    const { status, body } = await app.ask(`/api/v1/counters?${query}`, OWNER);
    return { status, json: JSON.parse(body) };
  };
  const names = async (query = '') =>
    (await list(query)).json.counters.map(({ name }: { name: string }) => name.slice(8));
  /** All names, from as many pages as there are. */
  const pages = async (query: string) => {
    const all: string[] = [];
    let after: string | undefined = '';
    for (let page = 0; after !== undefined && page < 20; page++) {
      const { json } = await list(`${query}&after=${encodeURIComponent(after)}`);
      all.push(...json.counters.map(({ name }: { name: string }) => name.slice(8)));
      after = json.next;
    }
    return all;
  };
  return {
    ...app,
    list,
    names,
    pages,
    at: (ms: number) => {
      now = ms;
    },
    hit: async (key: string, times: number) => {
      for (let n = 0; n < times; n++) await app.ask(`/hit/my-site/${key}`);
    },
    remove: async (query: string, headers: Record<string, string> = OWNER) => {
      const { status, body } = await app.ask(`/api/v1/counters?${query}`, headers, 'DELETE');
      return { status, json: JSON.parse(body) };
    },
  };
}

/** Counters whose orders by name, total, today and creation all differ. */
async function some() {
  const app = begin();
  const { registry } = app.store;
  const make = (key: string, total: number, madeAt: number) =>
    registry.create(`my-site/${key}`, { total, madeAt, owner: key });
  await make('aaa', 5, NOON - 3);
  await make('bbb', 70, NOON - 1);
  await make('ccc', -6, NOON - 2);
  await make('ddd', 70, NOON - 5);
  app.at(NOON - DAY_MS);
  await app.hit('ccc', 9);
  app.at(NOON);
  await app.hit('aaa', 2);
  await app.hit('ccc', 1);
  return app;
}

describe('a list of counters', () => {
  test('is in the order that is asked for', async () => {
    const { names } = await some();
    for (const [query, expected] of [
      ['', 'aaa bbb ccc ddd'],
      ['sort=name', 'aaa bbb ccc ddd'],
      ['sort=name&order=desc', 'ddd ccc bbb aaa'],
      ['sort=total', 'bbb ddd aaa ccc'],
      ['sort=total&order=asc', 'ccc aaa bbb ddd'],
      ['sort=today', 'aaa ccc bbb ddd'],
      ['sort=today&order=asc', 'bbb ddd ccc aaa'],
      ['sort=created', 'bbb ccc aaa ddd'],
      ['sort=created&order=asc', 'ddd aaa ccc bbb'],
      ['sort=total&search=c', 'ccc'],
      ['sort=today&prefix=my-site/b', 'bbb'],
      ['prefix=my-site/b', 'bbb'],
      ['prefix=my-site/&search=d', 'ddd'],
      ['search=none&sort=total', ''],
    ] as const) {
      expect({ query, names: (await names(query)).join(' ') }).toEqual({ query, names: expected });
    }
  });

  test('has each counter once, whatever the size of its pages', async () => {
    const { pages } = await some();
    for (const sort of ['name', 'total', 'today', 'created']) {
      for (const order of ['asc', 'desc']) {
        const query = `sort=${sort}&order=${order}`;
        const whole = await pages(query);
        expect(whole.toSorted()).toEqual(['aaa', 'bbb', 'ccc', 'ddd']);
        for (const limit of [1, 2, 3, 4]) {
          expect({ query, limit, names: await pages(`${query}&limit=${limit}`) }).toEqual({
            query,
            limit,
            names: whole,
          });
        }
      }
    }
  });

  test('tells the number of all counters, and whether there is another page', async () => {
    const { list } = await some();
    for (const sort of ['total', 'today', 'created']) {
      const { json } = await list(`sort=${sort}&limit=3&search=my-site`);
      expect(json).toMatchObject({ size: 4, next: expect.any(String) });
      expect((await list(`sort=${sort}&limit=4`)).json.next).toBeUndefined();
    }
    expect((await list('search=none')).json).toEqual({ counters: [], size: 4 });
  });

  test('has the visits of the last days, of which the last is today', async () => {
    const { list, at } = await some();
    const first = async (query: string) => (await list(`search=ccc&${query}`)).json.counters[0];
    expect(await first('days=3')).toMatchObject({ value: 4, today: 1, days: [0, 9, 1] });
    expect(await first('days=1')).toMatchObject({ today: 1, days: [1] });
    const long = await first('days=90');
    expect(long.days).toEqual([...Array.from({ length: 88 }, () => 0), 9, 1]);
    const today = await first('sort=today');
    expect([today.today, 'days' in today]).toEqual([1, false]);
    expect(await first('sort=today&days=2')).toMatchObject({ today: 1, days: [9, 1] });
    const plain = await first('sort=total');
    expect(['today' in plain, 'days' in plain]).toEqual([false, false]);
    // A folded day counts as one whose hours are known.
    at(NOON + 60 * DAY_MS);
    expect((await first('days=62')).days.slice(0, 2)).toEqual([9, 1]);
  });

  test('is refused with a query that it does not know', async () => {
    const { list } = await some();
    for (const query of [
      'sort=size',
      'order=up',
      'days=91',
      'days=-1',
      'days=1.5',
      'limit=0',
      'limit=101',
      'sort=total&after=my-site/aaa',
      'sort=total&after=x:my-site/aaa',
      'sort=total&after=99999999999999999:my-site/aaa',
      `after=${'x'.repeat(148)}`,
      'sort=total&sort=name',
    ]) {
      const { status, json } = await list(query);
      expect({ query, status, code: json.code }).toEqual({
        query,
        status: 400,
        code: 'request-invalid',
      });
    }
  });

  test('needs the installation’s token in any order', async () => {
    const { ask } = await some();
    for (const query of ['', 'sort=today', 'days=3'])
      expect((await ask(`/api/v1/counters?${query}`)).status).toBe(401);
  });
});

describe('a deletion by prefix', () => {
  const many = async (app: ReturnType<typeof begin>, count: number) => {
    for (let n = 0; n < count; n++)
      await app.store.registry.create(`flood/${n}`.padEnd(9, '-'), {
        total: 1,
        madeAt: 1,
        owner: 'o',
      });
  };

  test('deletes at most 100 counters, and tells whether there are more', async () => {
    const app = await some();
    await many(app, 225);
    for (const expected of [
      { deleted: 100, more: true },
      { deleted: 100, more: true },
      { deleted: 25, more: false },
      { deleted: 0, more: false },
    ]) {
      expect(await app.remove('prefix=flood/')).toEqual({ status: 200, json: expected });
    }
    expect(await app.names()).toEqual(['aaa', 'bbb', 'ccc', 'ddd']);
  });

  test('never deletes the default counter, and no more than 100 next to it', async () => {
    const app = await some();
    await app.ask('/');
    expect((await app.remove('prefix=hits')).json).toEqual({ deleted: 0, more: false });
    for (let n = 0; n < 120; n++)
      await app.store.registry.create(`hits-${n}/page`, { total: 1, madeAt: 1, owner: 'o' });
    // The default counter takes a place in the first step.
    expect((await app.remove('prefix=hits')).json).toEqual({ deleted: 99, more: true });
    expect((await app.remove('prefix=hits')).json).toEqual({ deleted: 21, more: false });
    expect(await app.hits()).toBe(1);
  });

  test('needs the installation’s token, and a prefix', async () => {
    const app = await some();
    expect((await app.remove('prefix=my-site/', {})).json.code).toBe('token-missing');
    const another = { Authorization: 'Bearer seen_another' };
    expect((await app.remove('prefix=my-site/', another)).json.code).toBe('token-refused');
    for (const query of ['', 'prefix=', `prefix=${'x'.repeat(130)}`, 'prefix=a&search=b'])
      expect((await app.remove(query)).json.code).toBe('request-invalid');
    expect(await app.names()).toEqual(['aaa', 'bbb', 'ccc', 'ddd']);
  });
});
