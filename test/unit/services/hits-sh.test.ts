/** Which counters the old URLs of hits.sh name. */
import { expect, test } from 'bun:test';
import { counterInHitsShUrl } from '../../../src/services/hits-sh.ts';

test('an old URL names the counter of its address', () => {
  for (const [path, name] of [
    ['/github.com/octocat/hello.svg?view=today-total', 'github.com/octocat..hello'],
    ['/github.com/octocat/hello.preview', 'github.com/octocat..hello'],
    ['/github.com/octocat/hello/', 'github.com/octocat..hello'],
    ['/api/urns/github.com/octocat/hello', 'github.com/octocat..hello'],
    ['/api/urns/https%3A%2F%2Fgithub.com%2Foctocat%2Fhello/', 'github.com/octocat..hello'],
    ['/https://GitHub.com/octocat/hello/.svg', 'github.com/octocat..hello'],
    ['/example.com.svg', 'example.com/...'],
    ['/github.com/octocat/hello', undefined],
    ['/localhost/page.svg', undefined],
    ['/.svg', undefined],
    ['/', undefined],
    ['/api/urns/', undefined],
    [`/example.com/${'x'.repeat(239)}.svg`, undefined],
  ] as const)
    expect({ path, name: counterInHitsShUrl(new URL(path, 'https://hits.sh')) }).toEqual({
      path,
      name,
    });
  expect(counterInHitsShUrl(new URL('https://hits.sh/example.com/%C3%BCber.svg'))).toMatch(
    /^example\.com\/-ber-[0-9a-f]{16}$/,
  );
});
