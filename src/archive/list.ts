/** A plain list of counters, as people write them: a name and a total a line. Blank lines, comments (#) and a first line of headings are skipped. */
import { cellsOf } from './csv.ts';
import { bare, type Item, itemOf, readName, readWhole, shown, Wrong } from './item.ts';
import type { Line } from './lines.ts';

/** What stands in a list. Names without a namespace are of `namespace`, if there is one. */
export async function* readList(
  lines: AsyncIterable<Line>,
  namespace: string | undefined,
): AsyncGenerator<Item> {
  let first = true;
  for await (const line of lines) {
    if (line.wrong !== undefined) {
      yield { wrong: line.wrong, line: line.number };
      continue;
    }
    const text = line.text.trim();
    if (text === '' || text.startsWith('#')) continue;
    const cells = cellsIn(text);
    // A heading has no digit where the totals are.
    const heading = first && cells.length === 2 && !/\d/.test(cells[1] ?? '');
    first = false;
    if (!heading) yield itemOf(line.number, () => counterOf(cells, text, namespace));
  }
}

function cellsIn(text: string): string[] {
  const separator = [',', ';', '\t'].find((one) => text.includes(one)) ?? ',';
  const cells = cellsOf(text, separator);
  return typeof cells === 'string' ? [] : cells.map((cell) => cell.trim());
}

function counterOf(cells: readonly string[], text: string, namespace: string | undefined) {
  const [name = '', total = ''] = cells;
  if (cells.length !== 2)
    throw new Wrong(
      `${shown(text)} is no name and total: write NAMESPACE/KEY,TOTAL, as in my-site/page,1234`,
    );
  const whole =
    namespace !== undefined && name !== 'hits' && !name.includes('/') ? `${namespace}/${name}` : name;
  return bare(readName(whole), readWhole(total, 'total'));
}
