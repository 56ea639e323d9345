/** Errors as pages, in the language of the reader; and programs get what they always got. */
import { describe, expect, test } from 'bun:test';
import { BROWSER, setUp, textOf } from '../../support/app.ts';
import { settle } from '../../support/manual-clock.ts';

const browser = { Accept: BROWSER };
const german = { ...browser, 'Accept-Language': 'de' };

describe('a browser', () => {
  test('gets each error that it can navigate to as a page, which offers a retry where one may help', async () => {
    const { ask, store } = setUp({ requestsPerMinute: 20 });
    const got = async (path: string, method = 'GET') => {
      const { status, headers, body } = await ask(path, browser, method);
      return {
        status,
        type: headers.get('Content-Type'),
        code: /<p class="note">(.*)<\/p>/.exec(body)?.[1],
        again: body.includes('<a href="">Try again</a>'),
      };
    };
    const page = (code: string, again = false) => ({
      status: Number(code.split(' ')[0]),
      type: 'text/html; charset=utf-8',
      code,
      again,
    });
    expect(await got('/nothing')).toEqual(page('404 route-missing'));
    expect(await got('/a/b/c/d')).toEqual(page('404 route-missing'));
    expect(await got('/c/a/b')).toEqual(page('400 name-invalid'));
    expect(await got('/c/my-site/nothing')).toEqual(page('404 counter-missing', true));
    expect(await got('/', 'POST')).toEqual(page('405 method-not-allowed'));
    expect(await got('/own-visits', 'DELETE')).toEqual(page('405 method-not-allowed'));
    expect(await got(`/${'x'.repeat(3000)}`)).toEqual(page('414 url-too-long'));
    expect(await got(`/own-visits?${'x'.repeat(3000)}`)).toEqual(page('414 url-too-long'));
    store.counting.steps.push('bug');
    expect(await got('/')).toEqual(page('500 internal', true));
    for (let request = 0; request < 20; request++) await ask('/own-visits', browser);
    expect(await got('/')).toEqual(page('429 rate-limited', true));
  });

  test('gets text, JSON or a problem from addresses that only programs request', async () => {
    const { ask } = setUp();
    const typeOf = async (path: string) =>
      (await ask(path, browser)).headers.get('Content-Type')?.split(';')[0];
    expect(await typeOf('/hit/a/b')).toBe('text/plain');
    expect(await typeOf('/get/a/b')).toBe('text/plain');
    expect(await typeOf('/api/v1/nothing')).toBe('application/problem+json');
    expect(await typeOf('/badge/a/b.svg')).toBe('image/svg+xml');
    expect(await typeOf('/live')).toBe('text/plain');
    expect(await typeOf('/countapi/nothing')).toBe('application/json');
  });

  test('reads them in its language, or in English marked as such', async () => {
    const { ask, store } = setUp({ waitingMax: 1 });
    const { body } = await ask('/nichts', german);
    expect(body).toContain('<html lang="de">');
    expect(textOf(body)).toContain('Unter /nichts gibt es keine Seite');
    const other = await ask('/', { ...german, 'Idempotency-Key': 'ä b' });
    expect(other.body).toContain('<p lang="en">This Idempotency-Key is not valid.');
    expect((await ask('/', { ...browser, 'Idempotency-Key': 'ä b' })).body).toContain(
      '<p>This Idempotency-Key is not valid.',
    );
    store.counting.steps.push(new Promise(() => undefined));
    void ask('/');
    await settle();
    const busy = await ask('/', german);
    expect([busy.status, busy.headers.get('Retry-After')]).toEqual([503, '1']);
    expect(textOf(busy.body)).toContain('Bitte gleich noch einmal versuchen');
    expect(textOf(busy.body)).toContain('Erneut versuchen');
  });

  test('reads when it may try again', async () => {
    const { ask } = setUp({ requestsPerMinute: 1 });
    await ask('/own-visits', german);
    const { headers, body } = await ask('/own-visits', german);
    const seconds = headers.get('Retry-After');
    expect(textOf(body)).toMatch(
      seconds === '60' ? /in 1 Min\. möglich/ : new RegExp(`in ${seconds} Sek\\. möglich`),
    );
  });

  test('sees the beginning of the address as text', async () => {
    const { ask } = setUp();
    const { body } = await ask(`/%3Cb%3E%26${'x'.repeat(200)}`, browser);
    expect(body).toContain(`<strong>/&#60;b&#62;&#38;${'x'.repeat(75)}</strong>`);
    expect((await ask('/%ff%', browser)).body).toContain('<strong>/%ff%</strong>');
  });
});

describe('a program', () => {
  test('gets no page, with any Accept that does not name HTML', async () => {
    const { ask } = setUp({ requestsPerMinute: 100 });
    for (const path of ['/nothing', '/c/my-site/nothing', '/c/a/b', `/${'x'.repeat(3000)}`]) {
      for (const [accept, type] of [
        [undefined, 'text/plain; charset=utf-8'],
        ['*/*', 'text/plain; charset=utf-8'],
        ['image/png', 'text/plain; charset=utf-8'],
        ['application/json', 'application/json'],
        ['application/json, text/html;q=0.9', 'application/json'],
      ] as const) {
        const { headers } = await ask(path, {
          'Accept-Language': 'de',
          ...(accept === undefined ? {} : { Accept: accept }),
        });
        expect({ path, accept, type: headers.get('Content-Type') }).toEqual({
          path,
          accept,
          type,
        });
        expect(headers.get('Vary')).toBeNull();
      }
    }
  });
});
