/** The one stylesheet of all pages: the chart library's, and ours (`page.css`). */
import chartStyle from 'uplot/dist/uPlot.min.css' with { type: 'text' };
import { type Asset, assetOf } from './bundle.ts';
import ours from './page.css' with { type: 'text' };

let made: Asset | undefined;

/** The stylesheet. */
export function styles(): Asset {
  made ??= assetOf(`${chartStyle}\n${withoutComments(ours)}`);
  return made;
}

/** Comments are not sent. */
function withoutComments(css: string): string {
  return css.replaceAll(/\/\*[\s\S]*?\*\/\n?/g, '').replaceAll(/^ +/gm, '');
}
