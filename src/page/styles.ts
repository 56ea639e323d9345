/** The one stylesheet of all pages: the chart library's own, and ours (`page.css`). */
import chartStyle from 'uplot/dist/uPlot.min.css' with { type: 'text' };
import { type Asset, assetOf } from './bundle.ts';
import ours from './page.css' with { type: 'text' };

let made: Asset | undefined;

/** The stylesheet. */
export function styles(): Asset {
  made ??= assetOf(`${chartStyle}\n${withoutComments(ours)}`);
  return made;
}

/** What is written for people who change it is not sent. */
function withoutComments(css: string): string {
  return css.replaceAll(/\/\*[\s\S]*?\*\/\n?/g, '').replaceAll(/^ +/gm, '');
}
