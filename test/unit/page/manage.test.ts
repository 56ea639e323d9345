/** What the page for owners computes in the browser. */
import { describe, expect, test } from 'bun:test';
import { isName } from '../../../src/page/browser/counters.ts';
import { lastLine } from '../../../src/page/browser/manage/archive/reports.ts';
import { barsOf } from '../../../src/page/browser/manage/bars.ts';
import { counterOf } from '../../../src/page/browser/tokens.ts';

describe('a small chart', () => {
  test('has a bar for each day with visits, the highest for the most', () => {
    expect(barsOf([0, 4, 8])).toBe('M4 24v-12h3v12zM8 24v-24h3v24z');
    expect(barsOf([])).toBe('');
    expect(barsOf([0, 0])).toBe('');
  });

  test('shows a single visit beside a million, and nothing below the line', () => {
    expect(barsOf([1, 1_000_000])).toBe('M0 24v-1h3v1zM4 24v-24h3v24z');
    expect(barsOf([-5, 1])).toBe('M4 24v-24h3v24z');
  });
});

describe('a report that arrives line by line', () => {
  test('is read up to its last complete line', () => {
    const [one, two] = ['{"read":1}', '{"read":2}'];
    expect(lastLine('')).toBeUndefined();
    expect(lastLine('{"rea')).toBeUndefined();
    expect(lastLine(`${one}\n`)).toEqual({ read: 1 });
    expect(lastLine(`${one}\n{"rea`)).toEqual({ read: 1 });
    expect(lastLine(`${one}\n${two}\n`)).toEqual({ read: 2 });
    // Without the end of a line, as a problem comes.
    expect(lastLine(`${one}\n${two}`)).toEqual({ read: 2 });
    expect(lastLine('<html>')).toBeUndefined();
  });
});

describe('a token', () => {
  test('names its counter, if it is a new one', () => {
    expect(counterOf('seen_a-B_9~my-site/front.page')).toBe('my-site/front.page');
    expect(counterOf('seen_a~hits')).toBe('hits');
    for (const other of ['seen_a', 'the-installation-s', 'seen_a~other', 'seen_a~a/b/c', '~a/b'])
      expect({ other, counter: counterOf(other) }).toEqual({ other, counter: undefined });
  });
});

describe('the name of a counter in a URL', () => {
  test('is one that the API takes', () => {
    for (const name of [
      'hits',
      'my-site/front-page',
      'a.b/_._',
      `${'n'.repeat(64)}/${'k'.repeat(64)}`,
      '__proto__/constructor',
    ])
      expect({ name, is: isName(name) }).toEqual({ name, is: true });
    for (const name of [
      '',
      'hit',
      'a/b',
      '../..',
      'abc/def/ghi',
      'abc/de f',
      'ab\u00e9/def',
      'hits/',
      `${'n'.repeat(65)}/key`,
    ])
      expect({ name, is: isName(name) }).toEqual({ name, is: false });
  });
});
