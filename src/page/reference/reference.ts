/**
 * The page about the API, made of its OpenAPI document: contents, what all routes have in common,
 * the routes, and the objects that they return.
 *
 * A pure function. Not here: the document (`http/api/api.ts`), and its types (`description.ts`).
 */
import { escaped, frame, type Links } from '../frame.ts';
import { type Description, fieldsOf } from './description.ts';
import { fieldList, prose } from './fields.ts';
import { callOf, idOf, type Route, routeSection, routesOf } from './route.ts';

/** The codes of errors, by their HTTP status. */
export type ErrorCodes = ReadonlyMap<number, readonly string[]>;

/** The page as the text of an HTML document. */
export function referencePage(links: Links, description: Description, codes: ErrorCodes): string {
  const routes = routesOf(description);
  return frame(links, {
    title: 'The API of Seen',
    description:
      'Every route of the API with its parameters, a command to try, and its responses.',
    main: [
      `<header class="hero notice">
<h1>The API</h1>
<p>${escaped(description.info.description ?? '')} Version ${escaped(description.info.version)}. Programs read the same from <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
</header>`,
      contents(routes, description),
      AUTHENTICATION,
      rateLimits(description),
      errors(codes),
      ...routes.map((route) => routeSection(route, description)),
      ...objects(description),
    ].join('\n'),
    footer:
      '<a href="/">The counter</a> <a href="/own-visits">Your own visits</a> <a href="/openapi.json">OpenAPI</a> <span>Counted by Seen</span>',
  });
}

function contents(routes: readonly Route[], description: Description): string {
  const topics = [
    '<a href="#authentication">Authentication</a>',
    '<a href="#rate-limits">Rate limits</a>',
    '<a href="#errors">Errors</a>',
    ...Object.keys(description.components.schemas).map(
      (name) => `<a href="#${escaped(name)}">${escaped(name)}</a>`,
    ),
  ];
  const items = routes.map(
    (route) =>
      `<li><a href="#${idOf(route)}"><span>${escaped(route.operation.summary ?? '')}</span> ${callOf(route)}</a></li>`,
  );
  return `<nav class="contents" aria-label="Contents">
<ul class="routes">
${items.join('\n')}
</ul>
<p class="topics">${topics.join(' ')}</p>
</nav>`;
}

const AUTHENTICATION = `<section class="route" id="authentication">
<h2>Authentication</h2>
<p>Counting and reading need no token. A counter that was created here has an owner: whoever has the token that the response showed. The installation’s token has all rights on all counters. A token is sent as a header, and never in a URL:</p>
<pre><code>Authorization: Bearer TOKEN</code></pre>
</section>`;

function rateLimits({ components }: Description): string {
  const items = Object.entries(components.headers).map(([name, { description, schema }]) => {
    const example =
      typeof schema.example === 'string'
        ? ` Example: <code>${escaped(schema.example)}</code>`
        : '';
    return `<dt><code>${escaped(name)}</code></dt>\n<dd>${prose(description)}${example}</dd>`;
  });
  return `<section class="route" id="rate-limits">
<h2>Rate limits</h2>
<p>Limits apply to each address. Beyond a limit the response is 429, and nothing was counted or done. Every response reports the limits that its request has used, in these headers:</p>
<dl class="fields">
${items.join('\n')}
</dl>
</section>`;
}

function errors(codes: ErrorCodes): string {
  const items = [...codes].map(
    ([status, those]) =>
      `<dt><code>${status}</code></dt>\n<dd>${those.map((each) => `<code>${escaped(each)}</code>`).join(', ')}</dd>`,
  );
  return `<section class="route" id="errors">
<h2>Errors</h2>
<p>An error is a problem document (RFC 9457), <code>application/problem+json</code>, with the fields of <a href="#Problem">Problem</a>. Its <code>code</code> belongs to its status:</p>
<dl class="fields">
${items.join('\n')}
</dl>
</section>`;
}

function objects(description: Description): string[] {
  return Object.entries(description.components.schemas).map(([name, schema]) => {
    const fields = fieldsOf(schema, description);
    return `<section class="route" id="${escaped(name)}">
<h2>${escaped(name)}</h2>
${fieldList(fields, description)}
</section>`;
  });
}
