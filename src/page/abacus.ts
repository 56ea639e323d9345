/**
 * The page that lists the calls of Abacus. Abacus redirects unknown requests to it. A pure
 * function.
 */
import { pageWith, policyWith } from './simple.ts';

const STYLE = `:root{color-scheme:light dark}
body{max-width:60rem;margin:2rem auto;padding:0 1.5rem;font:1rem/1.5 system-ui,sans-serif}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.3rem 1rem .3rem 0}
code{font:.95em ui-monospace,monospace;overflow-wrap:anywhere}
@media(max-width:40rem){thead{display:none}tr,td{display:block;padding:0}tr{margin-bottom:1rem}}`;

/** The Content-Security-Policy of the page. It allows only the page's own style. */
export const ABACUS_PAGE_POLICY = policyWith(STYLE);

const CALLS = [
  [
    'GET',
    '/hit/NAMESPACE/KEY',
    'counts, and returns the number; creates the counter if it does not exist',
  ],
  ['GET', '/hit/NAMESPACE/KEY/shield', 'the same as a badge'],
  ['GET', '/get/NAMESPACE/KEY', 'reads, and never counts'],
  ['GET', '/get/NAMESPACE/KEY/shield', 'the same as a badge'],
  ['GET', '/stream/NAMESPACE/KEY', 'the number whenever it changes, as server-sent events'],
  ['GET', '/info/NAMESPACE/KEY', 'whether the counter exists, and whether it has an owner'],
  [
    'GET or POST',
    '/create/NAMESPACE/KEY?initializer=0',
    'creates a counter; only this response contains its admin_key',
  ],
  ['GET or POST', '/create/', 'creates a counter with a random name'],
  ['POST', '/set/NAMESPACE/KEY?value=42', 'sets it, with its admin_key'],
  ['POST', '/reset/NAMESPACE/KEY', 'sets it to 0, with its admin_key'],
  ['POST', '/update/NAMESPACE/KEY?value=5', 'adds an amount, with its admin_key'],
  ['POST', '/delete/NAMESPACE/KEY', 'deletes it, with its admin_key'],
  ['GET', '/stats', 'figures of this replica'],
  ['GET', '/healthcheck', 'whether this replica runs, and for how long'],
] as const;

/** The page. The paths of the calls begin with `root`. */
export function abacusPage(root: string): string {
  const rows = CALLS.map(
    ([method, path, what]) =>
      `<tr><td>${method}</td><td><code>${root}${path.replaceAll('&', '&amp;')}</code></td><td>${what}</td></tr>`,
  );
  const body = `<p>This is Seen, a visit counter, which answers the calls of Abacus. Your request was none of these calls, or it was for this page.</p>
<table>
<thead><tr><th>Method</th><th>Path</th><th>What it does</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
<p>Names are 3 to 64 letters, digits, <code>_</code>, <code>.</code> and <code>-</code>. An admin_key is sent as
<code>Authorization: Bearer ADMIN_KEY</code>.</p>`;
  return pageWith(STYLE, 'The calls of Abacus', body);
}
