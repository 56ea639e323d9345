/** The schemas of an OpenAPI document as types of TypeScript. */

/** A JSON Schema, as our document uses it. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** What a document says of one method of a path. */
interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: JsonSchema }> };
}

/** A document. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** A schema as a type, with the types that it refers to written out. */
export function typeOf(schema: JsonSchema, document: Document): string {
  const type = (inner: JsonSchema) => typeOf(inner, document);
  if (schema.$ref) return type(component(schema.$ref.split('/').at(-1) ?? '', document));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf) return schema.anyOf.map(type).join(' | ');
  if (schema.allOf || schema.properties) return objectOf(fieldsOf(schema, document), document);
  if (schema.items) return `readonly (${type(schema.items)})[]`;
  if (typeof schema.additionalProperties === 'object')
    return `Record<string, ${type(schema.additionalProperties)}>`;
  return [schema.type ?? []]
    .flat()
    .map((name) => (name === 'integer' ? 'number' : name))
    .join(' | ');
}

interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

function fieldsOf(schema: JsonSchema, document: Document): Field[] {
  const { $ref, allOf = [], properties = {}, required = [] } = schema;
  if ($ref) return fieldsOf(component($ref.split('/').at(-1) ?? '', document), document);
  return [
    ...allOf.flatMap((part) => fieldsOf(part, document)),
    ...Object.entries(properties).map(([name, its]) => ({
      name,
      required: required.includes(name),
      schema: its,
    })),
  ];
}

function objectOf(fields: readonly Field[], document: Document): string {
  const lines = fields.map(
    ({ name, required, schema }) =>
      `readonly ${JSON.stringify(name)}${required ? '' : '?'}: ${typeOf(schema, document)};`,
  );
  return `{ ${lines.join(' ')} }`;
}

/** The schema of a component. */
export function component(name: string, { components }: Document): JsonSchema {
  const schema = components.schemas[name];
  if (!schema) throw new Error(`there is no component ${name}`);
  return schema;
}

/** The body of a request, as a type. */
export function bodyOf(method: string, path: string, document: Document): string {
  const { requestBody } = operation(method, path, document);
  return typeOf(requestBody?.content['application/json']?.schema ?? {}, document);
}

/** The parameters of a request's query, as a type, without some of them. */
export function queryOf(
  method: string,
  path: string,
  without: readonly string[],
  document: Document,
): string {
  const { parameters = [] } = operation(method, path, document);
  const fields = parameters
    .filter((parameter) => parameter.in === 'query' && !without.includes(parameter.name))
    .map(({ name, required = false, schema }) => ({ name, required, schema: notNull(schema) }));
  return objectOf(fields, document);
}

/** A query has no null: it is described where zod would turn one into a number. */
function notNull(schema: JsonSchema): JsonSchema {
  const type = [schema.type ?? []].flat().filter((name) => name !== 'null');
  return { ...schema, type };
}

function operation(method: string, path: string, { paths }: Document): Operation {
  const found = paths[path]?.[method];
  if (!found) throw new Error(`there is no ${method} ${path}`);
  return found;
}
