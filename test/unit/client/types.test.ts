/** The types of the client are those of `/openapi.json`. */
import { expect, test } from 'bun:test';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from '../../support/app.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { bodyOf, component, type Document, queryOf, typeOf } from '../../support/openapi-types.ts';
import { ROOT } from '../../support/program.ts';

const ONE = '/api/v1/counters/{namespace}/{key}';

const described = async () => JSON.parse((await setUp().ask('/openapi.json')).body) as Document;

/** For each type of the client, the same type made of the document. */
function typesIn(document: Document): Record<string, string> {
  const of = (name: string) => typeOf(component(name, document), document);
  return {
    Counter: of('Counter'),
    CreatedCounter: of('MadeCounter'),
    ListedCounter: of('ListedCounter'),
    Page: of('Page'),
    Token: of('Token'),
    Deleted: of('Deleted'),
    History: of('History'),
    Value: of('Value'),
    Values: of('Values'),
    Visitors: of('Visitors'),
    NewCounter: bodyOf('post', '/api/v1/counters', document),
    CounterChanges: bodyOf('patch', ONE, document),
    HitBody: bodyOf('post', `${ONE}/hit`, document),
    // The client reads JSON.
    HistoryQuery: queryOf('get', `${ONE}/history`, ['format'], document),
    // The client asks for one page after the other.
    ListQuery: queryOf('get', '/api/v1/counters', ['after'], document),
  };
}

/** What TypeScript says of the client's types, compared with those of a document. */
async function compare(document: Document): Promise<string> {
  using folder = temporaryFolder();
  symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  for (const file of ['tsconfig.json', 'client/types.ts'])
    cpSync(join(ROOT, file), join(folder.path, file.replace('client/', '')));
  // Two types are identical where they decide alike about a third one, whichever this is.
  const lines = Object.entries(typesIn(document)).map(
    ([name, type]) => `export const as${name}: Equal<ours.${name}, ${type}> = true;`,
  );
  writeFileSync(
    join(folder.path, 'compare.ts'),
    `import type * as ours from './types.ts';
type As<T, X> = (<Y>() => Y extends T ? 1 : 2) extends <Y>() => Y extends X ? 1 : 2 ? true : false;
type Deep<T> = T extends object ? { [K in keyof T]: Deep<T[K]> } : T;
type Equal<T, X> = As<Deep<T>, Deep<X>>;
${lines.join('\n')}
`,
  );
  writeFileSync(
    join(folder.path, 'project.json'),
    JSON.stringify({
      extends: './tsconfig.json',
      include: ['compare.ts'],
      compilerOptions: { types: [] },
    }),
  );
  return await Bun.$`${ROOT}/node_modules/.bin/tsc -p project.json`
    .cwd(folder.path)
    .nothrow()
    .text();
}

test('every type of the client is the one that /openapi.json describes', async () => {
  expect(await compare(await described())).toBe('');
});

test('a field that is missing, optional, or of another type is found', async () => {
  const document = await described();
  const { Counter } = document.components.schemas;
  for (const changed of [
    { ...Counter, properties: { ...Counter?.properties, added: { type: 'string' } } },
    { ...Counter, required: Counter?.required?.filter((name) => name !== 'created') ?? [] },
    { ...Counter, properties: { ...Counter?.properties, value: { type: 'string' } } },
  ]) {
    const schemas = { ...document.components.schemas, Counter: changed };
    const said = await compare({ ...document, components: { schemas } });
    expect(said).toContain("error TS2322: Type 'true' is not assignable to type 'false'");
  }
});
