/** Buttons that copy a text to the clipboard. */
import { copyText } from '../clipboard.ts';
import { byId } from './elements.ts';
import type { Texts } from './texts.ts';

/** How long the message stays. */
const SAID_MS = 6000;

/**
 * Makes a button copy the text of an element, and say so in another element. Where the browser
 * forbids it (over http, for example), the text is selected for the visitor to copy.
 */
export function bindCopy(button: string, text: string, status: string, words: Texts): void {
  const said = byId(status);
  let ending: ReturnType<typeof setTimeout> | undefined;
  const copy = async () => {
    const source = byId(text);
    clearTimeout(ending);
    // Screen readers read a text again only if it was away.
    said.textContent = '';
    const copied = await copyText(source.textContent);
    if (!copied) getSelection()?.selectAllChildren(source);
    said.textContent = copied ? words.copied : words.selected;
    ending = setTimeout(() => {
      said.textContent = '';
    }, SAID_MS);
  };
  byId(button).addEventListener('click', () => void copy());
}
