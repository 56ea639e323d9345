/** The section that exports all counters to a file. */
import { send } from '../../ask.ts';
import { installationToken } from '../../tokens.ts';
import { el, section } from '../elements.ts';
import { form } from '../forms.ts';
import type { Message } from '../messages.ts';
import { plural, words } from '../texts.ts';
import { save } from './downloads.ts';
import { Progress } from './progress.ts';

/** The section with its button. */
export function exportSection(): HTMLElement {
  const { title, text, submit } = words().exporting;
  const progress = new Progress(title);
  const made = form({
    content: [el('p', { class: 'note' }, text), progress.element],
    submit,
    onSubmit: async (message) => {
      await exportAll(progress, message);
      progress.end();
    },
  });
  return section(title, made);
}

async function exportAll(progress: Progress, message: Message): Promise<void> {
  const { done, stopped, broken } = words().exporting;
  const signal = progress.begin();
  const answer = await send('/api/v1/export', { token: installationToken(), signal });
  if (signal.aborted) {
    message.say(stopped);
    return;
  }
  if (!answer.data?.body) {
    message.fail(answer);
    return;
  }
  const size = Number(answer.data.headers.get('X-Seen-Counters'));
  let counters = 0;
  const watched = linesOf((lines) => {
    // The first line is a head, and the last one an end.
    counters = Math.max(0, lines - 2);
    progress.to(size > 0 ? counters / size : undefined, plural(done, counters));
  });
  try {
    const file = await new Response(answer.data.body.pipeThrough(watched)).blob();
    // An export that fails half-way breaks the connection, but some proxies hide that.
    if (!(await isWhole(file))) throw new Error('The export has no end.');
    save(file, `seen-${new Date().toISOString().slice(0, 10)}.jsonl`);
    message.say(plural(done, counters));
  } catch {
    if (signal.aborted) message.say(stopped);
    else message.warn(broken);
  }
}

/** Longer than the last line of an export. */
const END_BYTES = 200;

/** Whether the file has the line with which every whole export ends. */
async function isWhole(file: Blob): Promise<boolean> {
  return /\n\{"seen":"end",[^\n]*\}\n$/.test(await file.slice(-END_BYTES).text());
}

const NEWLINE = 10;

/** Passes a file on, and reports how many lines of it have passed. */
function linesOf(
  onLines: (lines: number) => void,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let lines = 0;
  return new TransformStream({
    transform(chunk, controller) {
      for (const byte of chunk) if (byte === NEWLINE) lines++;
      onLines(lines);
      controller.enqueue(chunk);
    },
  });
}
