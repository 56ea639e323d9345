/** Visitors and history over HTTP: how visits are recorded, with the test's own clock. */
import { describe, expect, test } from 'bun:test';
import { BROWSER, setUp } from '../../../support/app.ts';

const START = Date.UTC(2026, 10, 22, 12);
const HOUR = 3600_000;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
const from = (address: string, userAgent = FIREFOX) => ({
  'X-Forwarded-For': address,
  'User-Agent': userAgent,
  Accept: BROWSER,
});

function begin() {
  let now = START;
  const app = setUp({ now: () => now });
  return {
    ...app,
    later: (ms: number) => {
      now += ms;
    },
    json: async (path: string) => JSON.parse((await app.ask(path)).body),
  };
}

describe('visitors', () => {
  test('are counted once a day on each counter, on every surface', async () => {
    const { ask, json, later } = begin();
    for (const path of ['/', '/', '/hit/my-site/page']) await ask(path, from('192.0.2.1'));
    await ask('/', from('192.0.2.2'));
    await ask('/api/v1/default/hit', from('192.0.2.2'), 'POST');
    expect(await json('/api/v1/default/visitors')).toMatchObject({
      name: 'hits',
      today: 2,
      total: 2,
      error: 0,
    });
    expect(await json('/api/v1/counters/my-site/page/visitors')).toMatchObject({
      today: 1,
      total: 1,
    });
    later(12 * HOUR);
    await ask('/', from('192.0.2.1'));
    expect(await json('/api/v1/default/visitors')).toMatchObject({ today: 1, total: 3 });
  });

  test('are identified by X-Forwarded-For only from a trusted proxy', async () => {
    const { ask, json } = begin();
    for (const forged of ['198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      // The proxy adds whom it was asked by: the visitor, who has written the rest.
      await ask('/', from(`${forged}, 203.0.113.9`));
    }
    expect((await json('/api/v1/default/visitors')).today).toBe(1);
  });

  test('are recorded by kind, and all kinds count', async () => {
    const { ask, hits, json } = begin();
    for (const userAgent of [
      FIREFOX,
      'curl/8.5.0',
      'github-camo (x)',
      'Twitterbot/1.0',
      'Twitterbot/1.0',
    ]) {
      await ask('/', from('192.0.2.1', userAgent));
    }
    expect(await hits()).toBe(5);
    expect(await json('/api/v1/default/visitors')).toMatchObject({
      today: 2,
      visits: { person: 1, program: 1, proxy: 1, bot: 2 },
    });
  });

  test('stay unknown while the store does not return the day’s salt, and count all the same', async () => {
    const { ask, hits, json, store, clock } = begin();
    const { history } = store;
    const salt = history.salt.bind(history);
    history.salt = async () => {
      throw new Error('away');
    };
    await ask('/', from('192.0.2.1'));
    expect(await hits()).toBe(1);
    history.salt = salt;
    await ask('/', from('192.0.2.1'));
    expect((await json('/api/v1/default/visitors')).today).toBe(0);
    clock.jump(1000);
    await ask('/', from('192.0.2.1'));
    expect((await json('/api/v1/default/visitors')).today).toBe(1);
    expect((await json('/api/v1/default/visitors')).visits.person).toBe(3);
  });
});

test('a visit waits briefly for the day’s salt, the next ones do not, and visitors are known once it arrives', async () => {
  const { ask, hits, json, store, clock } = begin();
  const told = Promise.withResolvers<string>();
  store.history.salt = () => told.promise;
  const first = ask('/', from('192.0.2.1'));
  await clock.pass(250);
  expect((await first).status).toBe(200);
  expect((await ask('/', from('192.0.2.1'))).status).toBe(200);
  expect((await json('/api/v1/default/visitors')).today).toBe(0);
  told.resolve('the salt');
  await clock.pass(0);
  expect((await ask('/', from('192.0.2.1'))).status).toBe(200);
  expect((await json('/api/v1/default/visitors')).today).toBe(1);
  expect(await hits()).toBe(3);
});

describe('history', () => {
  async function withHistory() {
    const app = begin();
    await app.ask('/hit/my-site/page', from('192.0.2.1'));
    await app.ask('/hit/my-site/page', from('192.0.2.2', 'curl/8.5.0'));
    app.later(11 * HOUR);
    await app.ask('/hit/my-site/page', from('192.0.2.1'));
    app.later(HOUR);
    await app.ask('/hit/my-site/page', from('192.0.2.1'));
    return app;
  }
  const PATH = '/api/v1/counters/my-site/page/history';
  const none = { person: 0, program: 0, proxy: 0, bot: 0 };

  test('can be read by day in a time zone, and by hour', async () => {
    const { json } = await withHistory();
    expect(await json(PATH)).toEqual({
      name: 'my-site/page',
      by: 'day',
      zone: 'UTC',
      periods: [
        { time: '2026-11-22', ...none, person: 2, program: 1, visitors: 2 },
        { time: '2026-11-23', ...none, person: 1, visitors: 1 },
      ],
    });
    expect(
      (await json(`${PATH}?zone=Asia/Tokyo`)).periods.map(
        ({ person }: { person: number }) => person,
      ),
    ).toEqual([1, 2]);
    const { periods } = await json(`${PATH}?by=hour&from=2026-11-22T13&to=2026-11-22`);
    expect(periods).toEqual([{ time: '2026-11-22T23', ...none, person: 1 }]);
  });

  test('begins and ends with the periods that contain `from` and `to`, however exact these are', async () => {
    const { json } = await withHistory();
    const timesOf = async (query: string) =>
      (await json(`${PATH}?${query}`)).periods.map(({ time }: { time: string }) => time);
    const hours = ['2026-11-22T12', '2026-11-22T23', '2026-11-23T00'];
    const days = ['2026-11-22', '2026-11-23'];
    for (const [query, times] of [
      ['by=hour&from=2026&to=2026', hours],
      ['by=hour&from=2026-11-22&to=2026-11-22', hours.slice(0, 2)],
      ['by=hour&from=2026-11-22T23', hours.slice(1)],
      ['by=hour&to=2026-11-22T23', hours.slice(0, 2)],
      ['by=day&from=2026-11&to=2026-11', days],
      ['by=day&from=2026-11-22&to=2026-11-22', days.slice(0, 1)],
      ['by=day&from=2026-11-22T13', days],
      ['by=day&to=2026-11-22T13', days.slice(0, 1)],
      ['by=day&from=2026-11-23T13', days.slice(1)],
      ['by=month&from=2026&to=2026', ['2026-11']],
      ['by=month&from=2026-11&to=2026-11', ['2026-11']],
      ['by=month&from=2026-11-23&to=2026-11-23', ['2026-11']],
      ['by=month&from=2026-11-22T13&to=2026-11-22T13', ['2026-11']],
      ['by=month&from=2026-12-01', []],
      ['by=month&to=2026-10-31T23', []],
    ] as const) {
      expect({ query, times: await timesOf(query) }).toEqual({ query, times: [...times] });
    }
  });

  test('can be read as CSV', async () => {
    const { ask } = await withHistory();
    const { headers, body } = await ask(`${PATH}?format=csv`);
    expect(headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
    expect(body).toBe(
      'time,person,program,proxy,bot,visitors\r\n2026-11-22,2,1,0,0,2\r\n2026-11-23,1,0,0,0,1\r\n',
    );
  });

  test('gets an error with the valid values when the request is wrong', async () => {
    const { ask } = await withHistory();
    for (const [query, words] of [
      ['zone=Europe/Atlantis', 'is not a time zone'],
      ['by=year', 'query.by'],
      ['from=yesterday', 'is not a time, such as 2026'],
      ['format=xml', 'query.format'],
    ] as const) {
      const { status, body } = await ask(`${PATH}?${query}`);
      expect({ status, detail: JSON.parse(body).detail }).toEqual({
        status: 400,
        detail: expect.stringContaining(words),
      });
    }
    expect((await ask('/api/v1/counters/my-site/none/history')).status).toBe(404);
    expect((await ask('/api/v1/default/history')).status).toBe(200);
  });
});
