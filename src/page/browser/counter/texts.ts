/** The texts that the server wrote into a page for the parts of a counter (`page/page.ts`). */
import type { Words } from '../../../languages/languages.ts';
import { pageData } from '../data.ts';

/** The texts of the number, the chart and the visitors. */
export type CounterTexts = Words['counterPage']['script'];
/** The texts of the stack. */
export type StackTexts = Words['counterPage']['stackScript'];

interface Data {
  readonly counterPage: CounterTexts;
  readonly stack: StackTexts;
}

export function counterTexts(): CounterTexts {
  return pageData<Data>().counterPage;
}

/** Only in a page that shows the stack. */
export function stackTexts(): StackTexts {
  return pageData<Data>().stack;
}
