/**
 * The script of the page for owners. It starts when loaded. Not here: which view is shown
 * (`manage/shell.ts`), and where tokens are kept (`tokens.ts`).
 */
import { Shell } from './manage/shell.ts';

start();

function start(): void {
  const place = document.getElementById('manage');
  const heading = document.getElementById('title');
  if (place && heading) new Shell(place, heading).start();
}
