/**
 * Loaded before a program (`bun --preload`): at its end it writes into the file `PEAK_FILE` how
 * many kB of memory it had at the most. What the system says of a process that has ended counts
 * the memory of the process that started it too, if that was more (exec(2) keeps `ru_maxrss`).
 */
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const [, peak = ''] =
    /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeFileSync(process.env['PEAK_FILE'] ?? '', peak);
});
