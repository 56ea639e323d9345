/** Numbers, durations and plurals in the texts of a language. */
import { describe, expect, test } from 'bun:test';
import {
  counted,
  fill,
  formatDuration,
  formatNumber,
  formatPercent,
  formatShort,
  labelFor,
} from '../../../src/languages/format.ts';
import { wordsIn } from '../../../src/languages/languages.ts';

describe('a text', () => {
  test('gets values for its placeholders, and keeps those without a value', () => {
    expect(fill('{a} and {b}, {a}', { a: '1' })).toBe('1 and {b}, 1');
    // A value is not read as a text again.
    expect(fill('{a} {b}', { a: '{b}', b: '2' })).toBe('{b} 2');
  });

  test('gets its number in the plural form and with the separators of the language', () => {
    const { visits } = wordsIn('ru').counterPage.script;
    const said = [1, 2, 5, 21, 111, 1_234_567].map((count) => counted(visits, count, 'ru'));
    expect(said).toEqual([
      '1 посещение',
      '2 посещения',
      '5 посещений',
      '21 посещение',
      '111 посещений',
      '1\u00a0234\u00a0567 посещений',
    ]);
    const spanish = wordsIn('es').counterPage.script.visits;
    expect(counted(spanish, 1_000_000, 'es')).toBe('1.000.000 de visitas');
  });

  test('can be shown after its number, without it', () => {
    const label = (language: 'en' | 'ja', count: number) =>
      labelFor(wordsIn(language).counterPage.script.visits, count, language);
    expect([label('en', 1), label('en', 2), label('ja', 2)]).toEqual([
      'visit',
      'visits',
      '回の訪問',
    ]);
  });
});

describe('numbers', () => {
  test('are written as in the language', () => {
    expect(formatNumber(-1234.5, 'en')).toBe('-1,234.5');
    expect(formatNumber(1_234_567, 'de')).toBe('1.234.567');
    expect(formatNumber(Number.MAX_SAFE_INTEGER, 'fr')).toBe(
      '9\u202f007\u202f199\u202f254\u202f740\u202f991',
    );
    expect(formatShort(1200, 'en')).toBe('1.2K');
    expect(formatShort(12_000, 'ja')).toBe('1.2万');
    expect(formatPercent(0.334, 'en')).toBe('33%');
  });

  test('of time are in the largest unit', () => {
    const said = (seconds: number) => formatDuration(seconds * 1000, 'en');
    expect([-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 172_800].map(said)).toEqual([
      '0 sec',
      '0 sec',
      '59 sec',
      '1 min',
      '59 min',
      '1 hr',
      '23 hr',
      '1 day',
      '2 days',
    ]);
    expect(formatDuration(3000, 'zh-Hans')).toBe('3秒');
  });
});
