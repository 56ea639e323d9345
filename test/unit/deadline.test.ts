/** Waiting up to a time limit. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { within } from '../../src/deadline.ts';
import { ROOT } from '../support/program.ts';

const LONG_MS = 3_600_000;
const never = new Promise<never>(() => undefined);
const fails = (words: string) => () => {
  throw new Error(words);
};

test('work that ends in time gives its result or its error', async () => {
  expect(await within(LONG_MS, Promise.resolve(1), fails('late'))).toBe(1);
  await expect(within(LONG_MS, Promise.reject(new Error('broken')), () => 2)).rejects.toThrow(
    'broken',
  );
});

test('late work gives the result or the error that its caller chose', async () => {
  expect(await within(1, never, () => 2)).toBe(2);
  expect(await within(1, never, () => Promise.resolve(3))).toBe(3);
  await expect(within(1, never, fails('late'))).rejects.toThrow('late');
  await expect(within(1, never, () => Promise.reject(new Error('later')))).rejects.toThrow(
    'later',
  );
});

test('a limit that has passed is late at once, without a warning about it', async () => {
  const script = `
    import { within } from ${JSON.stringify(join(ROOT, 'src/deadline.ts'))};
    const never = new Promise(() => undefined);
    console.log(await within(-5, never, () => 'late'), await within(-5, Promise.resolve('there'), () => 'late'));
  `;
  const ended = await Bun.$`${process.execPath} -e ${script}`.nothrow().quiet();
  expect({ stdout: ended.stdout.toString(), stderr: ended.stderr.toString() }).toEqual({
    stdout: 'late there\n',
    stderr: '',
  });
});

test('an error after the deadline is ignored, and no timer keeps the process alive', async () => {
  const script = `
    import { within } from ${JSON.stringify(join(ROOT, 'src/deadline.ts'))};
    const work = Promise.withResolvers();
    console.log(await within(1, work.promise, () => 'late'));
    work.reject(new Error('broken'));
    console.log(await within(${LONG_MS}, Promise.resolve('there'), () => 'late'));
  `;
  const ended = await Bun.$`${process.execPath} -e ${script}`.nothrow().quiet();
  const [stdout, stderr] = [ended.stdout.toString(), ended.stderr.toString()];
  expect({ exitCode: ended.exitCode, stdout, stderr }).toEqual({
    exitCode: 0,
    stdout: 'late\nthere\n',
    stderr: '',
  });
});
