/**
 * One route of the API as HTML: what it does, its parameters and body, a command to try, and its
 * responses. Pure functions. Not here: the page around it (`reference.ts`).
 */
import { escaped } from '../frame.ts';
import {
  type Content,
  type Description,
  exampleOf,
  fieldsOf,
  type Operation,
  resolved,
  type Schema,
} from './description.ts';
import { fieldList, prose, typeOf } from './fields.ts';

/** A route: a method of a path. */
export interface Route {
  /** In upper case. */
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The address of Seen in commands. */
const SERVER = 'https://seen.example.com';
const JSON_TYPE = 'application/json';

/** All routes, in the order of the document. */
export function routesOf({ paths }: Description): Route[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
}

/** The id of a route's section: `get-api-v1-counters`. */
export function idOf({ method, path }: Route): string {
  return `${method}${path}`.toLowerCase().replaceAll(/[^a-z\d]+/g, '-');
}

/** A route's method and path as HTML. */
export function callOf({ method, path }: Route): string {
  return `<code class="call"><b>${method}</b> ${escaped(path)}</code>`;
}

/** The section of a route. */
export function routeSection(route: Route, description: Description): string {
  const { summary = '', description: text = '', parameters = [] } = route.operation;
  const fields = parameters.map(({ required = false, ...parameter }) => ({
    name: parameter.name,
    required: required && parameter.in !== 'path',
    place: PLACES[parameter.in] ?? '',
    schema: { ...parameter.schema, type: typesOf(parameter.schema) },
  }));
  return [
    `<section class="route" id="${idOf(route)}">`,
    `<h2>${escaped(summary)} ${callOf(route)}</h2>`,
    `<p>${prose(text)} ${tokenText(route.operation)}</p>`,
    fields.length === 0 ? '' : `<h3>Parameters</h3>\n${fieldList(fields, description)}`,
    bodyOf(route.operation, description),
    `<h3>Example</h3>\n<pre><code>${escaped(commandOf(route, description))}</code></pre>`,
    `<h3>Responses</h3>\n${responsesOf(route.operation, description)}`,
    '</section>',
  ]
    .filter(Boolean)
    .join('\n');
}

/** A parameter has no null: it is described where zod would turn one into a number. */
function typesOf({ type = 'string' }: Schema): string[] {
  return [type].flat().filter((name) => name !== 'null');
}

const PLACES: Readonly<Record<string, string>> = {
  path: 'in the path',
  query: 'in the query',
  header: 'as a header',
};

/** A route that works without a token says by itself when one matters. */
function tokenText({ security = [{}] }: Operation): string {
  return needsToken(security) ? '<a href="#authentication">How to send a token</a>.' : '';
}

function needsToken(security: readonly object[]): boolean {
  return !security.some((tokens) => Object.keys(tokens).length === 0);
}

function bodyOf({ requestBody }: Operation, description: Description): string {
  if (!requestBody) return '';
  const schema = requestBody.content[JSON_TYPE]?.schema;
  if (!schema) {
    const [type = ''] = Object.keys(requestBody.content);
    return `<h3>Body</h3>\n<p>The file as it is (<code>${escaped(type)}</code>).</p>`;
  }
  const optional = requestBody.required ? '' : ', which may be missing';
  return `<h3>Body</h3>\n<p>JSON (<code>Content-Type: ${JSON_TYPE}</code>)${optional}.</p>
${fieldList(fieldsOf(schema, description), description)}`;
}

function responsesOf({ responses }: Operation, description: Description): string {
  const items = Object.entries(responses).map(([status, { description: text, content = {} }]) => {
    const [, media] = Object.entries(content)[0] ?? [];
    const type = media && typeOf(media.schema, description);
    const others = Object.keys(content).slice(1);
    const more = others.length === 0 ? '' : ` Or <code>${escaped(others.join())}</code>.`;
    const shown =
      content[JSON_TYPE] === undefined
        ? ''
        : `\n<pre><code>${escaped(inJson(content[JSON_TYPE].schema, description))}</code></pre>`;
    return `<dt><code>${status}</code>${type === undefined ? '' : ` <span class="type">${type}</span>`}</dt>
<dd>${prose(text)}${more}${shown}</dd>`;
  });
  return `<dl class="fields">\n${items.join('\n')}\n</dl>`;
}

function inJson(schema: Schema, description: Description): string {
  return JSON.stringify(exampleOf(schema, description), undefined, 1).replaceAll(/\n\s*/g, ' ');
}

/** A command that makes the request, with an example in each place that needs a value. */
export function commandOf({ method, path, operation }: Route, description: Description): string {
  const { parameters = [], requestBody, security = [{}] } = operation;
  const example = (schema: Schema) => `${exampleOf(schema, description) as string | number}`;
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map(({ name, schema }) => `${name}=${example(schema)}`);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    example(parameters.find((parameter) => parameter.name === name)?.schema ?? {}),
  );
  const url = `${SERVER}${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  return [
    `curl ${method === 'GET' ? '' : `-X ${method} `}'${url}'`,
    ...(needsToken(security) ? [`-H 'Authorization: Bearer TOKEN'`] : []),
    ...(requestBody?.required ? sentBody(requestBody.content, description) : []),
  ].join(' \\\n  ');
}

/** The options of curl that send a body: JSON, or a file. */
function sentBody(content: Content, description: Description): string[] {
  if (content[JSON_TYPE] === undefined) return ['--data-binary @counters.jsonl'];
  return [`-H 'Content-Type: ${JSON_TYPE}'`, `-d '${bodyExample(content, description)}'`];
}

/** The required fields of a body; of a body without any, its first field. */
function bodyExample(content: Content, description: Description): string {
  const schema = resolved(content[JSON_TYPE]?.schema ?? {}, description);
  const fields = fieldsOf(schema, description);
  const required = fields.filter((field) => field.required);
  const sent = required.length === 0 ? fields.slice(0, 1) : required;
  return JSON.stringify(
    Object.fromEntries(sent.map(({ name, schema: its }) => [name, exampleOf(its, description)])),
  );
}
