/** The owner's themes in a started program. */
import { expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/folder.ts';
import { GIF, writeTheme } from '../support/pictures.ts';
import { Program } from '../support/program.ts';

test('are read at the start by every replica, and embedded in pictures', async () => {
  using folder = temporaryFolder();
  writeTheme(folder.path, 'rule34', 'gif', GIF);
  await using program = await Program.start({ SEEN_THEMES: folder.path, SEEN_REPLICAS: '2' });
  for (let visit = 1; visit <= 6; visit++) {
    const svg = await program.get('/moe-counter/@octocat?theme=rule34');
    expect(svg).toContain(`aria-label="000000${visit}"`);
    expect(svg).toContain(`data:image/gif;base64,${GIF.toString('base64')}`);
  }
});

test('stop a start when they are wrong, with one or several replicas', async () => {
  using folder = temporaryFolder();
  writeTheme(folder.path, 'rule34');
  rmSync(join(folder.path, 'rule34/7.png'));
  for (const SEEN_REPLICAS of ['1', '2']) {
    await using program = await Program.prepare({ SEEN_THEMES: folder.path, SEEN_REPLICAS });
    program.spawn();
    expect(await program.process.exited).toBe(2);
    expect(program.err + program.out).toContain(
      `SEEN_THEMES: ${folder.path}/rule34 has no picture of 7.`,
    );
  }
});
