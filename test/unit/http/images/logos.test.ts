/** The list of logos over HTTP: for pages of any site, cached for a day, compressed. */
import { describe, expect, test } from 'bun:test';
import { logoNames } from '../../../../src/images/logo-files.ts';
import { PROXY, setUp } from '../../../support/app.ts';

const PATH = '/logos.json';

describe('the list of logos', () => {
  test('has the slug and the title of each, and can be read by every page', async () => {
    const { ask } = setUp();
    const { status, headers, body } = await ask(PATH);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'public, max-age=86400',
      vary: 'Accept-Encoding',
    });
    const list = JSON.parse(body) as { slug: string; title: string }[];
    expect(list.length).toBe((await logoNames()).length);
    expect(list).toContainEqual({ slug: 'dotnet', title: '.NET' });
  });

  test('is compressed, and not sent again to a browser that has it', async () => {
    const { app, ask } = setUp();
    const { headers, body } = await ask(PATH);
    const response = await app.fetch(
      new Request(`http://seen.test${PATH}`, { headers: { 'Accept-Encoding': 'gzip' } }),
      PROXY,
    );
    expect(response.headers.get('Content-Encoding')).toBe('gzip');
    const zipped = new Uint8Array(await response.arrayBuffer());
    expect(zipped.length).toBeLessThan(body.length / 2);
    expect(new TextDecoder().decode(Bun.gunzipSync(zipped))).toBe(body);
    const etag = headers.get('ETag') ?? '';
    const again = await ask(PATH, { 'If-None-Match': etag });
    expect([again.status, again.body]).toEqual([304, '']);
  });

  test('answers HEAD, no other method, and counts nothing', async () => {
    const { ask, hits } = setUp();
    expect((await ask(PATH, {}, 'HEAD')).status).toBe(200);
    const refused = await ask(PATH, {}, 'POST');
    expect([refused.status, refused.headers.get('Content-Type')]).toEqual([
      405,
      'application/problem+json',
    ]);
    expect(await hits()).toBe(0);
  });
});
