/** Reads reports that Seen sends line by line, each a JSON object, while they arrive. */

/** The last complete line of a report; `undefined` before the first, or if it is not JSON. */
export function lastLine(text: string): unknown {
  const end = text.endsWith('}') ? text.length : text.lastIndexOf('\n');
  const line = text.slice(text.lastIndexOf('\n', end - 1) + 1, end);
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
