/** Names of counters: just valid, and just invalid. */
import { expect, test } from 'bun:test';
import { isAppError } from '../../../src/counter/errors.ts';
import { counterIn, counterName } from '../../../src/counter/name.ts';

const long = (length: number) => 'x'.repeat(length);

test('a part has 3 to 64 letters, digits, "_", "." and "-"', () => {
  for (const part of ['abc', 'A.b-c_9', '...', long(64)]) {
    expect(counterName(part, part)).toBe(`${part}/${part}`);
  }
});

test('any other part is refused, and the message says which one', () => {
  for (const part of ['', 'ab', long(65), 'a b c', 'a/bc', 'abc\n', 'äbc', 'ab%63']) {
    for (const [namespace, key, what] of [
      [part, 'good', 'namespace'],
      ['good', part, 'key'],
    ] as const) {
      const error = (() => {
        try {
          return counterName(namespace, key);
        } catch (reason) {
          return reason;
        }
      })();
      expect(isAppError(error, 'name-invalid')).toBe(true);
      expect(String(error)).toContain(what);
    }
  }
});

test('a whole name is that of the default counter, or two parts with one slash between', () => {
  for (const name of ['hits', 'abc/def', `${long(64)}/${long(64)}`, '.../---']) {
    expect(counterIn(name)).toBe(name);
  }
  for (const [name, what] of [
    ['', 'namespace ""'],
    ['hit', 'key ""'],
    ['hits/', 'key ""'],
    ['/hits', 'namespace ""'],
    ['abc/de', 'key "de"'],
    ['abc/def/ghi', 'key "def/ghi"'],
    ['abc/def\n', String.raw`key "def\n"`],
  ] as const) {
    expect(() => counterIn(name)).toThrow(`The ${what} is not a valid name.`);
  }
});
