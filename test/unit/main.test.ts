/**
 * What the program does before it knows which command it is: help, the version, and what is no
 * command.
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import project from '../../package.json' with { type: 'json' };
import { ROOT } from '../support/program.ts';

async function seen(...words: readonly string[]) {
  const program = Bun.spawn([process.execPath, join(ROOT, 'src/main.ts'), ...words], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, error, status] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  return { status, out, error };
}

describe('seen', () => {
  test('prints its version, with every flag for it', async () => {
    const version = {
      status: 0,
      out: `seen ${project.version} (bun ${Bun.version})\n`,
      error: '',
    };
    for (const word of ['version', '--version', '-V', '-v'])
      expect(await seen(word)).toEqual(version);
  });

  test('lists its commands without arguments, and has a manual for each', async () => {
    const list = await seen();
    expect(list).toMatchObject({ status: 0, error: '' });
    for (const word of ['help', '--help', '-h']) expect(await seen(word)).toEqual(list);
    const commands = [...list.out.matchAll(/^ {2}seen (\w+) /gm)].map(([, name = '']) => name);
    expect(commands).toContain('verify');
    const manuals = await Promise.all(commands.map((command) => seen('help', command)));
    expect(
      manuals.map(({ status, out }) => [
        status,
        out.split('\n')[0]?.split(' ').slice(0, 3).join(' '),
      ]),
    ).toEqual(commands.map((command) => [0, `Usage: seen ${command}`]));
    const lines = [list, ...manuals].flatMap(({ out }) => out.split('\n'));
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(await seen('version', '--help')).toEqual(manuals.at(-1) as (typeof manuals)[number]);
  });

  test('refuses an unknown command, and lists the existing ones', async () => {
    for (const words of [
      ['nothing'],
      ['help', 'nothing'],
      ['constructor'],
      ['help', 'constructor'],
      ['--versions'],
    ]) {
      expect(await seen(...words)).toEqual({
        status: 2,
        out: '',
        error: expect.stringMatching(/“\S+” is not a command of seen\.\n\nUsage: seen COMMAND/),
      });
    }
  });
});
