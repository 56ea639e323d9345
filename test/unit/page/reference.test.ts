/** The page about the API: it says all that the OpenAPI document says, and escapes it. */
import { describe, expect, test } from 'bun:test';
import type { Description, Schema } from '../../../src/page/reference/description.ts';
import { exampleOf, fieldsOf } from '../../../src/page/reference/description.ts';
import { fieldList, prose, typeOf } from '../../../src/page/reference/fields.ts';
import { referencePage } from '../../../src/page/reference/reference.ts';
import { commandOf, idOf, routesOf } from '../../../src/page/reference/route.ts';
import { setUp, textOf } from '../../support/app.ts';

const described = async () => JSON.parse((await setUp().ask('/openapi.json')).body) as Description;
const EMPTY: Description = {
  info: { version: '1' },
  paths: {},
  components: { schemas: {}, headers: {} },
};
const page = (description: Description) =>
  referencePage({ style: '/page.css' }, description, new Map([[404, ['counter-missing']]]));
/** Text as HTML shows it. */
const shown = (html: string) =>
  textOf(html).replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

describe('the reference', () => {
  test('has a section for each route, with all that the document says of it', async () => {
    const description = await described();
    const sections = page(description).split('<section class="route" id="');
    const routes = routesOf(description);
    expect(routes.length).toBeGreaterThan(15);
    for (const route of routes) {
      const { summary, description: text = '', parameters = [], responses } = route.operation;
      const section = shown(sections.find((each) => each.startsWith(`${idOf(route)}"`)) ?? '');
      const wanted = [
        `${summary} ${route.method} ${route.path}`,
        text.replaceAll('`', ''),
        `curl ${route.method === 'GET' ? '' : `-X ${route.method} `}'https://seen.example.com/api/`,
        ...parameters.flatMap(({ name, schema }) => [name, schema.description ?? '']),
        ...Object.entries(responses).flatMap(([status, response]) => [
          status,
          response.description.replaceAll('`', ''),
        ]),
      ];
      for (const words of wanted)
        expect({
          route: idOf(route),
          words,
          said: section.includes(words.replaceAll('`', '')),
        }).toEqual({
          route: idOf(route),
          words,
          said: true,
        });
    }
  });

  test('every link in the page leads to a place in it, and no two places have one name', async () => {
    const html = page(await described());
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    const links = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(links.filter((link) => !ids.includes(link))).toEqual([]);
    // The contents name all of them, each in other words.
    const [, contents = ''] = /<nav([\s\S]*?)<\/nav>/.exec(html) ?? [];
    const words = [...contents.matchAll(/<a [^>]*>(.*?)<\/a>/g)].map(([, text = '']) =>
      shown(text),
    );
    expect(new Set(words).size).toBe(ids.length);
    expect(new Set(links)).toEqual(new Set(ids));
  });

  test('shows texts of the document as text, never as HTML', () => {
    const evil = '<img src=x onerror=alert(1)>"\'';
    const schema: Schema = {
      type: 'object',
      properties: { [evil]: { enum: [evil], example: evil, description: evil } },
    };
    const html = page({
      info: { version: evil, description: evil },
      paths: {
        [`/${evil}`]: {
          get: {
            summary: evil,
            description: evil,
            parameters: [
              {
                name: evil,
                in: 'query',
                required: true,
                schema: { type: 'string', pattern: evil, example: evil },
              },
            ],
            responses: {
              200: {
                description: evil,
                content: { [evil]: { schema }, 'text/plain': { schema } },
              },
            },
          },
        },
      },
      components: {
        schemas: { [evil]: schema },
        headers: { [evil]: { description: evil, schema: { example: evil } } },
      },
    });
    expect(html).not.toContain('<img');
    expect(html).not.toMatch(/\son\w+=alert\(1\)>(?!&#34;)/);
    expect(shown(html)).toContain(evil);
  });
});

describe('a schema', () => {
  const types: readonly (readonly [Schema, string])[] = [
    [{ type: 'string', maxLength: 129 }, 'text of at most 129 characters'],
    [{ type: 'string', minLength: 1, maxLength: 255 }, 'text of 1 to 255 characters'],
    [{ type: 'string', pattern: '^a+$' }, 'text like ^a+$'],
    [{ type: ['string', 'null'], format: 'date-time' }, 'text (ISO 8601) or null'],
    [{ type: 'integer', minimum: 0, maximum: 86_400 }, 'whole number from 0 to 86,400'],
    [{ type: 'integer', minimum: 0 }, 'whole number of at least 0'],
    [{ type: 'number', maximum: 1 }, 'number of at most 1'],
    [
      { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      'whole number from -(2^53-1) to 2^53-1',
    ],
    [{ type: 'boolean' }, 'true or false'],
    [{ type: 'string', enum: ['hour', 'day'] }, 'hour or day'],
    [{ const: 'about:blank' }, 'about:blank'],
    [{ type: 'array', items: { type: 'integer' } }, 'list of whole number'],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, 'whole number or null'],
    [
      { type: 'object', additionalProperties: { type: 'integer' } },
      'object with values of the type whole number',
    ],
  ];
  for (const [schema, words] of types) {
    test(`is described as “${words}”`, () => expect(shown(typeOf(schema, EMPTY))).toBe(words));
  }

  test('has the fields of the schemas that it extends, and an example of each', () => {
    const schemas: Record<string, Schema> = {
      Base: {
        type: 'object',
        properties: { name: { type: 'string', example: 'my-site/page' } },
        required: ['name'],
      },
      More: {
        allOf: [
          { $ref: '#/components/schemas/Base' },
          { type: 'object', properties: { at: { type: 'integer' } } },
        ],
      },
    };
    const description = { ...EMPTY, components: { schemas, headers: {} } };
    const more = { $ref: '#/components/schemas/More' };
    expect(fieldsOf(more, description).map(({ name, required }) => [name, required])).toEqual([
      ['name', true],
      ['at', false],
    ]);
    expect(exampleOf(more, description)).toEqual({ name: 'my-site/page', at: 0 });
    expect(typeOf(more, description)).toBe('<a href="#More">More</a>');
    const list = { type: 'object', properties: { list: { type: 'array', items: more } } };
    expect(fieldList(fieldsOf(list, description), description)).toContain(
      'list of <a href="#More">',
    );
    expect(prose('the `next` page')).toBe('the <code>next</code> page');
  });

  test('is sent with its required fields, or else with its first one', () => {
    const command = (schema: Schema, required = true) =>
      commandOf(
        {
          method: 'POST',
          path: '/x/{name}',
          operation: {
            parameters: [{ name: 'name', in: 'path', schema: { example: 'my-site' } }],
            requestBody: { required, content: { 'application/json': { schema } } },
            security: [{ token: [] }],
            responses: {},
          },
        },
        EMPTY,
      );
    const properties = { one: { type: 'integer' }, two: { type: 'boolean' } };
    expect(
      command({ properties, required: ['two'] }),
    ).toBe(`curl -X POST 'https://seen.example.com/x/my-site' \\
  -H 'Authorization: Bearer TOKEN' \\
  -H 'Content-Type: application/json' \\
  -d '{"two":false}'`);
    expect(command({ properties })).toContain(`-d '{"one":0}'`);
    expect(command({ properties }, false)).not.toContain('-d');
  });
});
