/**
 * The log: one JSON object per line, pretty on a terminal. Each line names the replica. A leaf:
 * imports nothing of ours.
 */
import { type Logger, pino } from 'pino';
import type PrettyPrinter from 'pino-pretty';

export type Log = Logger;

export interface LogOptions {
  level: string;
  format: 'auto' | 'json' | 'pretty';
  /** The name of the process in every line. */
  replica: string;
}

/** Loaded only for a terminal: it takes each process more than 1 MB. */
const prettyPrinter = (): typeof PrettyPrinter => require('pino-pretty');

/**
 * A log on standard output. It writes synchronously, so that the last lines of a process are not
 * lost.
 */
export function createLog({ level, format, replica }: LogOptions): Log {
  const options = {
    level,
    base: { replica },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    errorKey: 'error',
  };
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY);
  if (!pretty) return pino(options);
  return pino(
    options,
    prettyPrinter()({
      sync: true,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'replica',
      messageFormat: '{replica}: {msg}',
      errorLikeObjectKeys: ['error'],
    }),
  );
}
