/**
 * `GET /c/NAMESPACE/KEY`: the page of a counter, which never counts.
 *
 * A private counter and a missing one have the same page. (The API tells them apart: a private one
 * needs a token.) The script in it asks the API with the owner's token, if the tab has it.
 */
import type { Registry } from '../../contract/registry.ts';
import { counterNotPublic } from '../../counter/errors.ts';
import { counterName } from '../../counter/name.ts';
import { counterPage, missingPage } from '../../page/page.ts';
import type { AppHandler } from '../context.ts';
import { formOf } from '../error-forms.ts';
import { errorPageHeaders, pageHeaders, pageLinks } from './assets.ts';
import { languageFor, queryFor } from './language.ts';
import { originOf } from './origin.ts';

/** The handler of a counter's page. `headers` are those of every response. */
export function createCounterPage(
  registry: Pick<Registry, 'describe'>,
  headers: Headers,
): AppHandler {
  const found = { headers: pageHeaders(headers) };
  const missing = { status: 404, headers: errorPageHeaders(headers) };
  return async (c) => {
    const counter = counterName(c.req.param('ns') ?? '', c.req.param('key') ?? '');
    const links = await pageLinks('page');
    const description = await registry.describe(counter);
    const [language, query] = [languageFor(c), queryFor(c)];
    if (!description || description.rules.private) {
      // Programs get the error in their own form.
      if (formOf(c) !== 'page') throw counterNotPublic(counter);
      return new Response(missingPage(links, language, { counter, query }), missing);
    }
    const { total, title, link } = description;
    const origin = originOf(c);
    const url = origin && `${origin}/c/${counter}`;
    const page = { counter, total, title, link, url, query };
    return new Response(counterPage(links, language, page), found);
  };
}
