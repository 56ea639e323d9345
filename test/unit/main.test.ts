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

  test('does not show a password in the URL of a store that stands in the wrong place', async () => {
    for (const url of [
      'redis://:secret@127.0.0.1:1',
      'redis+cluster://:secret@127.0.0.1:1,127.0.0.1:2',
      'postgres://user:secret@127.0.0.1:1/seen',
    ]) {
      const commands = ['', 'help', 'serve', 'export', 'backup', 'import', 'token', 'migrate'];
      const ends = await Promise.all(
        commands.map((command) => seen(...command.split(' ').filter(Boolean), url)),
      );
      for (const [index, { status, error }] of ends.entries()) {
        const command = commands[index];
        expect({ command, failed: status > 0, error }).toEqual({
          command,
          failed: true,
          error: expect.not.stringContaining('secret'),
        });
      }
    }
  });

  test('fails when its output cannot be written, but not when its reader has ended', async () => {
    const shell = async (command: string) => {
      const words = [process.execPath, join(ROOT, 'src/main.ts')];
      const run = Bun.spawn(['bash', '-c', command, 'bash', ...words], {
        env: { PATH: process.env['PATH'] ?? '' },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      });
      return {
        out: await new Response(run.stdout).text(),
        error: await new Response(run.stderr).text(),
      };
    };
    for (const words of ['version', 'help', 'help delete', 'serve --help'])
      expect(await shell(`"$@" ${words} > /dev/full; echo $?`)).toEqual({
        out: '74\n',
        error: expect.stringMatching(
          /^seen: The output could not be written: no space left on device\. /,
        ),
      });
    expect(await shell('"$@" help serve | exec 0<&-; echo ${PIPESTATUS[0]}')).toEqual({
      out: '0\n',
      error: '',
    });
  });
});
