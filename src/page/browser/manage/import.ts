/**
 * The section that imports counters from a file. First Seen only reads the file and reports what it
 * would do; a second button does it.
 *
 * `fetch` does not tell how much of a body was sent, so this uses XMLHttpRequest.
 */
import { fill } from '../../../languages/format.ts';
import { failureOf, type JsonAnswer, type Problem } from '../ask.ts';
import { installationToken } from '../tokens.ts';
import { el, field, section } from './elements.ts';
import { form } from './forms.ts';
import type { Message } from './messages.ts';
import { Progress } from './progress.ts';
import { lastLine } from './reports.ts';
import { megabytes, plural, words } from './texts.ts';

/** The largest file that Seen takes over HTTP. */
const BYTES_MAX = 64 * 1024 * 1024;

/** A line of Seen's report. The last one has `done` or `error`. */
interface Report {
  readonly read?: number;
  readonly counters?: number;
  readonly imported?: number;
  readonly skipped?: number;
  readonly done?: boolean;
  readonly error?: string;
  readonly code?: string;
}

/** The section with its form; `onImported` is called when counters were imported. */
export function importSection(onImported: () => void): HTMLElement {
  const { title, text, file, submit } = words().importing;
  const input = el('input', { type: 'file', required: true });
  const progress = new Progress(title);
  const made = form({
    content: [el('p', { class: 'note' }, text), field(file, input), progress.element],
    submit,
    onSubmit: async (message) => {
      const chosen = input.files?.[0];
      if (!chosen) return;
      if (chosen.size > BYTES_MAX) {
        message.warn(words().importing.tooLarge);
        return;
      }
      const signal = progress.begin();
      const answer = await sendFile('/api/v1/import', chosen, progress, signal);
      progress.end();
      if (signal.aborted) message.warn(words().importing.stopped);
      else if (report(answer, message)) onImported();
    },
  });
  return section(title, made);
}

/** Shows what came of an import, and whether it succeeded. */
function report({ data, ...failure }: JsonAnswer<Report>, message: Message): boolean {
  const { done, skipped, broken } = words().importing;
  if (data?.done) {
    const { imported = 0, skipped: left = 0 } = data;
    message.say([plural(done, imported), left > 0 && plural(skipped, left)].filter(Boolean).join(' '));
    return true;
  }
  if (data?.error !== undefined) {
    const problem = { status: 200, code: data.code ?? '', detail: data.error };
    message.fail({ failed: 'refused', problem });
  } else if (failure.failed) message.fail(failure);
  else message.warn(broken);
  return false;
}

/** Sends a file, and returns the last line of Seen's report. Never fails. */
function sendFile(
  path: string,
  file: File,
  progress: Progress,
  signal: AbortSignal,
): Promise<JsonAnswer<Report>> {
  const { sending, reading } = words().importing;
  const request = new XMLHttpRequest();
  request.open('POST', path);
  request.setRequestHeader('Authorization', `Bearer ${installationToken() ?? ''}`);
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  request.upload.addEventListener('progress', ({ loaded }) =>
    progress.to(loaded / file.size, fill(sending, { size: megabytes(loaded) })),
  );
  request.addEventListener('progress', () => {
    const { read = 0, counters = 0 } = lastLine<Report>(request.responseText) ?? {};
    progress.to(read / file.size, plural(reading, counters));
  });
  signal.addEventListener('abort', () => request.abort());
  return new Promise((resolve) => {
    request.addEventListener('loadend', () => resolve(answerOf(request)));
    request.send(file);
  });
}

function answerOf({ status, responseText }: XMLHttpRequest): JsonAnswer<Report> {
  // It was stopped, or the connection broke.
  if (status === 0) return { failed: 'unreachable' };
  if (status === 200) return { data: lastLine<Report>(responseText) ?? {} };
  return { failed: failureOf(status), problem: lastLine<Problem>(responseText) };
}
