/** Moe-Counter: the counters that its paths and old URLs name. */
import { expect, test } from 'bun:test';
import { COUNTER_NAME } from '../../../src/counter/name.ts';
import { counterInMoeCounterUrl, moeCallIn } from '../../../src/services/moe-counter.ts';

const counterIn = (path: string) =>
  counterInMoeCounterUrl(new URL(path, 'https://count.getloli.com'));

test('a path names a counter by what follows its @, decoded once', () => {
  for (const [path, form, name] of [
    ['/@octocat', 'picture', 'octocat'],
    ['/@octocat/', 'picture', 'octocat'],
    ['/get/@octocat', 'picture', 'octocat'],
    ['/record/@octocat', 'json', 'octocat'],
    ['/get/@:octocat', 'picture', ':octocat'],
    ['/get/@user@repo', 'picture', 'user@repo'],
    ['/@%E4%BD%A0%E5%A5%BD', 'picture', '你好'],
    ['/@a%252Fb', 'picture', 'a%2Fb'],
    ['/@a%2Fb', 'picture', 'a/b'],
  ] as const) {
    expect({ path, call: moeCallIn(path) }).toEqual({ path, call: { form, name } });
  }
  for (const path of ['', '/', '/@', '/octocat', '/x/@a', '/get/get/@a', '/@a/b', '/@%FF', '/@%'])
    expect({ path, call: moeCallIn(path) }).toEqual({ path, call: undefined });
});

test('old URLs name the counters in which their visits are counted', () => {
  for (const [path, counter] of [
    ['/@octocat?theme=rule34', 'moe-counter/octocat'],
    ['/get/@octocat', 'moe-counter/octocat'],
    ['/record/@octocat', 'moe-counter/octocat'],
    ['/@Octocat', 'moe-counter/Octocat'],
  ] as const) {
    expect({ path, counter: counterIn(path) }).toEqual({ path, counter });
  }
  // Not shown there, but counted.
  expect(counterIn(`/record/@${'x'.repeat(33)}`)).toBe(`moe-counter/${'x'.repeat(33)}`);
  for (const path of ['/@demo', '/heart-beat', '/', `/@${'x'.repeat(33)}`])
    expect({ path, counter: counterIn(path) }).toEqual({ path, counter: undefined });
});

test('names that differ are different counters, also when their names are not valid in Seen', () => {
  const names = ['abc', 'Abc', ':abc', 'ab', 'a@b', '你好', '你们', 'a.b', 'a..b', '%C0%', '-'];
  const counters = names.map((name) => counterIn(`/@${encodeURIComponent(name)}`) ?? '');
  expect(new Set(counters).size).toBe(names.length);
  for (const counter of counters) expect(counter).toMatch(COUNTER_NAME);
});
