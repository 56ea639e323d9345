/**
 * The live stream without a port: what it sends, in which form, and what it does not repeat to a
 * returning client.
 */
import { describe, expect, test } from 'bun:test';
import { PROXY, setUp } from '../../../support/app.ts';

type App = ReturnType<typeof setUp>;

/** Listens for a while; answers what came so far, and how to end it. */
async function listen(app: App, counters: string, lastEventId?: string) {
  const headers: Record<string, string> =
    lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
  const url = `http://seen.test/live?counters=${counters}`;
  const response = await app.app.fetch(new Request(url, { headers }), PROXY);
  let text = '';
  const reader = response.body?.getReader();
  const reading = (async () => {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return;
      text += decoder.decode(value, { stream: true });
    }
  })();
  return {
    response,
    /** The events so far: their data, and the id of the last. */
    events: () =>
      [...text.matchAll(/^data: (.*)$/gm)].map(
        ([, data]) => JSON.parse(data ?? '') as { name: string; value: number | null },
      ),
    text: () => text,
    lastId: () => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1],
    end: async () => {
      await reader?.cancel();
      await reading;
    },
  };
}

/** Lets time pass until a reading has certainly been. */
async function pass(app: App) {
  await app.clock.pass(250);
  await Bun.sleep(2);
  await app.clock.pass(0);
}

describe('/live', () => {
  test('sends each total first, and again when it has changed', async () => {
    const app = setUp();
    for (let n = 0; n < 3; n++) await app.ask('/hit/my-site/page');
    const { response, events, text, lastId, end } = await listen(app, 'hits,my-site/page');
    expect(response.headers.get('Content-Type')).toBe('text/event-stream');
    expect(response.headers.get('Cache-Control')).toBe('no-store, no-transform');
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
    await pass(app);
    expect(events()).toEqual([
      { name: 'hits', value: null },
      { name: 'my-site/page', value: 3 },
    ]);
    expect(text()).toContain('retry: 1000\nid: _.\n');
    expect(lastId()).toBe('_.3');
    await app.ask('/');
    await app.ask('/hit/my-site/page');
    await pass(app);
    expect(events().slice(2)).toEqual([
      { name: 'hits', value: 1 },
      { name: 'my-site/page', value: 4 },
    ]);
    expect(lastId()).toBe('1.4');
    await pass(app);
    expect(events()).toHaveLength(4);
    expect(text().match(/retry:/g)).toHaveLength(1);
    await app.store.registry.delete(['my-site/page']);
    await pass(app);
    expect(events().at(-1)).toEqual({ name: 'my-site/page', value: null });
    expect(lastId()).toBe('1._');
    await end();
    expect(app.watch.subscribers).toBe(0);
  });

  test('sends nothing that a returning client already knows', async () => {
    const app = setUp();
    await app.ask('/');
    for (let n = 0; n < 7; n++) await app.ask('/hit/my-site/page');
    const known = await listen(app, 'hits,my-site/page', '1.7');
    const half = await listen(app, 'hits,my-site/page', '1._');
    const older = await listen(app, 'hits,my-site/page', '1.5');
    await pass(app);
    expect(known.events()).toEqual([]);
    expect(half.events()).toEqual([{ name: 'my-site/page', value: 7 }]);
    expect(older.events()).toEqual([{ name: 'my-site/page', value: 7 }]);
    await app.ask('/hit/my-site/page');
    await pass(app);
    for (const { events, lastId } of [known, half, older]) {
      expect(events().at(-1)).toEqual({ name: 'my-site/page', value: 8 });
      expect(lastId()).toBe('1.8');
    }
    for (const { end } of [known, half, older]) await end();
  });

  test('tells a returning client that a counter was deleted meanwhile, and not again', async () => {
    const app = setUp();
    const gone = { name: 'my-site/page', value: null };
    for (const [id, events] of [
      ['7', [gone]],
      // The connection was lost before the first event of this counter.
      ['', [gone]],
      ['_', []],
    ] as const) {
      const returning = await listen(app, 'my-site/page', id);
      await pass(app);
      expect({ id, events: returning.events() }).toEqual({ id, events: [...events] });
      await returning.end();
    }
  });

  test('ignores an id that is not its own', async () => {
    const app = setUp();
    await app.ask('/');
    for (const id of ['', 'x', '1.2', '1e3', '99999999999999999', '__proto__', '1.', '-']) {
      const { events, end } = await listen(app, 'hits', id);
      await pass(app);
      expect({ id, events: events() }).toEqual({ id, events: [{ name: 'hits', value: 1 }] });
      await end();
    }
  });

  test('sends totals below 0, and recognises them again', async () => {
    const app = setUp();
    await app.store.registry.create('my-site/page', { total: -5, madeAt: 0, owner: '' });
    const first = await listen(app, 'my-site/page');
    await pass(app);
    expect(first.lastId()).toBe('-5');
    const again = await listen(app, 'my-site/page', '-5');
    await pass(app);
    expect(again.events()).toEqual([]);
    await first.end();
    await again.end();
  });

  test('never sends the number of a private counter', async () => {
    const app = setUp();
    const rules = { lowest: 0, highest: 1, settable: false, private: true, windowMs: 0 };
    await app.store.registry.create('my-site/page', { total: 41, madeAt: 0, owner: '', rules });
    const { events, text, end } = await listen(app, 'my-site/page');
    await app.ask('/hit/my-site/page');
    await pass(app);
    expect(events()).toEqual([{ name: 'my-site/page', value: null }]);
    expect(text()).not.toContain('4');
    await end();
  });

  test('accepts 1 to 20 counters, each once, and reports an error before the stream begins', async () => {
    const app = setUp();
    const names = (count: number) =>
      Array.from({ length: count }, (_, n) => `my-site/page-${n}`).join(',');
    for (const query of ['', '?counters=', '?counters=,', `?counters=${names(21)}`]) {
      const { status: refused, body } = await app.ask(`/live${query}`);
      expect({ query, refused, code: JSON.parse(body).code }).toEqual({
        query,
        refused: 400,
        code: 'request-invalid',
      });
    }
    for (const name of ['no', 'a/b', 'my-site/page/more', 'my-site/']) {
      expect(JSON.parse((await app.ask(`/live?counters=${name}`)).body).code).toBe('name-invalid');
    }
    for (const counters of [names(20), `${names(20)},${names(20)}`]) {
      const { response, end } = await listen(app, counters);
      expect(response.status).toBe(200);
      await end();
    }
    expect((await app.ask('/live?counters=hits', {}, 'HEAD')).headers.get('Content-Type')).toBe(
      'text/event-stream',
    );
    expect(app.watch.subscribers).toBe(0);
  });

  test('is refused while the replica stops', async () => {
    const app = setUp();
    app.streams.end();
    expect(JSON.parse((await app.ask('/live?counters=hits')).body).code).toBe('draining');
  });
});
