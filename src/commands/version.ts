/** `seen version`: which Seen this is. */
import { version as number } from '../../package.json' with { type: 'json' };
import type { Command } from './command.ts';

export const version: Command = {
  summary: 'print the version',
  manual: () =>
    'Usage: seen version\n\nPrints the version of Seen and of Bun, on which it runs.\n',
  run: async ({ print }) => {
    print(`seen ${number} (bun ${Bun.version})\n`);
    return 0;
  },
};
