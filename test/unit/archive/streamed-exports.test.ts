/** Exports whose number of counters is at their end, and files in memory. */
import { describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { readJsonLines, writeJsonLines } from '../../../src/archive/formats/json-lines.ts';
import { counterWithTotal, withoutRepeats } from '../../../src/archive/item.ts';
import { REPLICA_LIMITS } from '../../../src/archive/limits.ts';
import { PageSums } from '../../../src/archive/page-sums.ts';
import { bytesOf, linesOf, type MemoryFile } from '../../../src/archive/reading/bytes.ts';
import { AppError } from '../../../src/counter/errors.ts';
import { countersIn, itemsOf, mistakesIn, notesIn } from '../../support/archive.ts';

const NOW = Date.UTC(2026, 10, 22, 12);

async function streamed(count: number): Promise<string> {
  const all = Array.from({ length: count }, (_, index) =>
    counterWithTotal(`my-site/page-${index}`, index),
  );
  async function* each() {
    yield* all;
  }
  return (await Array.fromAsync(writeJsonLines({ moment: NOW }, each()))).join('');
}

function memoryFile(bytes: Buffer, more: Partial<MemoryFile> = {}): MemoryFile {
  return { name: 'The file', bytes, unpackedMax: 1e9, turn: async () => undefined, ...more };
}

describe('an export with the number of counters at its end', () => {
  test('is imported like one that has it at the beginning', async () => {
    for (const count of [0, 1, 12]) {
      const items = await itemsOf(await streamed(count));
      expect(mistakesIn(items)).toEqual([]);
      expect(countersIn(items).map(({ total }) => total)).toEqual(
        Array.from({ length: count }, (_, index) => index),
      );
      expect(notesIn(items)).toHaveLength(count === 0 ? 1 : 0);
    }
  });

  test('is refused when it was cut off at any line, or changed', async () => {
    const lines = (await streamed(3)).trimEnd().split('\n');
    for (let kept = 1; kept < lines.length; kept++) {
      const mistakes = mistakesIn(await itemsOf(lines.slice(0, kept).join('\n')));
      expect({ kept, mistakes }).toEqual({
        kept,
        mistakes: [expect.stringContaining(`${kept}: is the last`)],
      });
    }
    const without = lines.toSpliced(2, 1).join('\n');
    expect(mistakesIn(await itemsOf(without))).toEqual([
      expect.stringContaining('there are 2 counters where it says 3'),
    ]);
    const after = `${lines.join('\n')}\n{"counter":"my-site/more","total":1}\n\n`;
    expect(mistakesIn(await itemsOf(after))).toEqual([
      '6: comes after the end of the export: remove it',
    ]);
    const failed = `${lines.slice(0, 3).join('\n')}\n{"error":"The store is away.","code":"store-unavailable"}\n`;
    expect(mistakesIn(await itemsOf(failed)).length).toBeGreaterThan(0);
  });

  test('has no end of another kind', async () => {
    const lines = (await streamed(1)).trimEnd().split('\n');
    const wrong = [...lines.slice(0, 2), '{"seen":"end","counters":"1"}'].join('\n');
    async function* each() {
      for (const [index, text] of wrong.split('\n').entries()) yield { number: index + 1, text };
    }
    const items = await Array.fromAsync(readJsonLines(each()));
    expect(mistakesIn(items)).toEqual([expect.stringContaining('cut off')]);
  });
});

describe('a file in memory', () => {
  test('is read like one on disk, plain and packed', async () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `line ${index}`).join('\n');
    for (const bytes of [Buffer.from(text), gzipSync(text)]) {
      const lines = await Array.fromAsync(linesOf(memoryFile(bytes)));
      expect(lines.map((line) => line.text).join('\n')).toBe(text);
    }
  });

  test('tells how far it was read, and fails as its reader asks', async () => {
    const read: number[] = [];
    const turn = async (at: number) => {
      read.push(at);
      if (at > 100_000) throw new AppError('draining', 'stop');
    };
    const file = memoryFile(Buffer.alloc(300_000, 'x'), { turn });
    const reading = Array.fromAsync(bytesOf(file));
    await expect(reading).rejects.toThrow('stop');
    expect(read).toEqual([0, 65_536, 131_072]);
  });

  test('is refused when it is too large unpacked', async () => {
    const file = memoryFile(gzipSync(Buffer.alloc(3 * 1024 ** 2)), { unpackedMax: 1024 ** 2 });
    await expect(Array.fromAsync(bytesOf(file))).rejects.toThrow(
      'The file is larger than 1 MiB when it is unpacked.',
    );
  });
});

describe('the limits of a replica', () => {
  test('are below those of seen import, and each is kept', async () => {
    const limits = { ...REPLICA_LIMITS, counters: 2, pages: 2, figures: 5 };
    async function* items(count: number) {
      for (let index = 0; index < count; index++)
        yield { archived: counterWithTotal(`my-site/page-${index}`, 1), line: index + 1 };
    }
    expect(await Array.fromAsync(withoutRepeats(items(2), limits.counters))).toHaveLength(2);
    await expect(Array.fromAsync(withoutRepeats(items(3), limits.counters))).rejects.toThrow(
      'more than 2 counters',
    );
    const visit = (path: string, at: number) =>
      ({ path, kind: 'person', at, amount: 1, visitors: 0 }) as const;
    const sums = new PageSums(limits);
    sums.add(visit('/a', NOW), 1);
    sums.add(visit('/b', NOW), 2);
    expect(() => sums.add(visit('/c', NOW), 3)).toThrow(
      /more than 2 pages\. Split it so that all visits of a page are in one part/,
    );
    const figures = new PageSums(limits);
    for (let hour = 0; hour < 5; hour++) figures.add(visit('/a', NOW + hour * 3_600_000), 1);
    expect(() => figures.add(visit('/a', NOW + 5 * 3_600_000), 1)).toThrow('more than 5 figures');
  });
});
