/**
 * The parts of an OpenAPI document (https://spec.openapis.org/oas/v3.1.0) that our own one has, as
 * types, with the fields and an example of each schema. Not here: the page (`reference.ts`).
 */

/** A JSON Schema, as our own document uses it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly description?: string;
}

/** A header, or a parameter of a request. */
export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

/** A body by its media type. */
export type Content = Readonly<Record<string, { readonly schema: Schema }>>;

/** What one method of a path does. */
export interface Operation {
  readonly summary?: string;
  readonly description?: string;
  /** Each entry is a set of tokens that suffices; an empty one means that none is needed. */
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Content }>
  >;
}

/** The document. */
export interface Description {
  readonly info: { readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly headers: Readonly<Record<string, { description: string; schema: Schema }>>;
  };
}

/** A field of an object. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
}

/** The name of the component that a schema refers to. */
export function componentIn({ $ref }: Schema): string | undefined {
  return $ref?.split('/').at(-1);
}

/** The schema that a reference leads to; other schemas as they are. */
export function resolved(schema: Schema, { components }: Description): Schema {
  return components.schemas[componentIn(schema) ?? ''] ?? schema;
}

/** The fields of an object, with those that it takes over from others. */
export function fieldsOf(schema: Schema, description: Description): Field[] {
  const { allOf = [], properties = {}, required = [] } = resolved(schema, description);
  const own = Object.entries(properties).map(([name, its]) => ({
    name,
    required: required.includes(name),
    schema: its,
  }));
  return [...allOf.flatMap((part) => fieldsOf(part, description)), ...own];
}

/** A value that fits a schema: its own example, or one made of those of its parts. */
export function exampleOf(schema: Schema, description: Description): unknown {
  const {
    example,
    default: usual,
    enum: values,
    const: only,
    anyOf,
    items,
    type,
    format,
  } = resolved(schema, description);
  const known = [example, only, values?.[0], usual].find((value) => value !== undefined);
  if (known !== undefined) return known;
  if (anyOf?.[0]) return exampleOf(anyOf[0], description);
  if (items) return [exampleOf(items, description)];
  const fields = fieldsOf(schema, description);
  if (fields.length > 0)
    return Object.fromEntries(
      fields.map(({ name, schema: its }) => [name, exampleOf(its, description)]),
    );
  switch (Array.isArray(type) ? type[0] : type) {
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    case 'object':
      return {};
    default:
      return format === 'date-time' ? '2026-11-22T13:00:00.000Z' : '…';
  }
}
