/**
 * Loaded before a program (`bun --preload`): at its end it writes its peak memory in kB into the
 * file `PEAK_FILE`. The system's own figure for an ended process includes the memory of the
 * process that started it, if that was more (exec(2) keeps `ru_maxrss`).
 */
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const [, peak = ''] =
    /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeFileSync(process.env['PEAK_FILE'] ?? '', peak);
});
