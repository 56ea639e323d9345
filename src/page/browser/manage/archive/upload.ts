/**
 * Sends a file to Seen and reads its report, which comes line by line while Seen works.
 *
 * `fetch` does not tell how much of a body was sent, so this uses XMLHttpRequest.
 */
import { failureOf, type JsonAnswer, type Problem } from '../../ask.ts';
import { lastLine } from './reports.ts';

/** A line of the report. The last one has `done` or `error`. */
export interface Report {
  readonly read?: number;
  readonly counters?: number;
  readonly imported?: number;
  readonly skipped?: number;
  readonly refused?: number;
  readonly done?: boolean;
  /** What happened to which counters, in English, a line for each outcome. */
  readonly summary?: string;
  readonly notes?: string;
  /** Whether the maximum number of counters was reached, or would be. */
  readonly full?: boolean;
  readonly error?: string;
  readonly code?: string;
}

/** A file to send. */
export interface Upload {
  readonly path: string;
  readonly file: File;
  readonly token: string | undefined;
  /** Stops it. */
  readonly signal: AbortSignal;
  /** Called while the file is being sent, with the number of bytes. */
  readonly onSent: (bytes: number) => void;
  /** Called while Seen works. */
  readonly onReport: (report: Report) => void;
}

/** Sends the file, and returns the last line of Seen's report. Never fails. */
export function upload(what: Upload): Promise<JsonAnswer<Report>> {
  const { path, file, token, signal, onSent, onReport } = what;
  const request = new XMLHttpRequest();
  request.open('POST', path);
  if (token !== undefined) request.setRequestHeader('Authorization', `Bearer ${token}`);
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  request.upload.addEventListener('progress', ({ loaded }) => onSent(loaded));
  request.addEventListener('progress', () => {
    const report = lastLine(request.responseText) as Report | undefined;
    if (report) onReport(report);
  });
  signal.addEventListener('abort', () => request.abort());
  return new Promise((resolve) => {
    request.addEventListener('loadend', () => resolve(answerOf(request)));
    request.send(file);
  });
}

function answerOf(request: XMLHttpRequest): JsonAnswer<Report> {
  const { status, responseText } = request;
  // It was stopped, or the connection broke.
  if (status === 0) return { failed: 'unreachable' };
  if (status === 200) return { data: lastLine(responseText) ?? {} };
  const againMs = 1000 * Number(request.getResponseHeader('Retry-After') ?? 0) || undefined;
  const problem = lastLine(responseText) as Problem | undefined;
  return { failed: failureOf(status), againMs, problem };
}
