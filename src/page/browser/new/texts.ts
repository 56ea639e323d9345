/** The types of the page's data (`page/new.ts`). */
import type { Words } from '../../../languages/languages.ts';

/** The texts that the script writes. */
export type Texts = Words['new']['script'];

/** What the server wrote into the page. */
export interface Data {
  readonly words: Texts;
  /** The path of the script for other pages. */
  readonly embedPath: string;
}
