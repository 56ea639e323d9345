/**
 * Fields, parameters and their types as HTML: lists that fit on a phone. Pure functions. Not here:
 * the routes that have them (`route.ts`).
 */
import { escaped } from '../frame.ts';
import {
  componentIn,
  type Description,
  type Field,
  fieldsOf,
  resolved,
  type Schema,
} from './description.ts';

/** Text with code between backticks, as HTML. */
export function prose(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

/** The list of fields; `place` says where a field stands, such as `in the path`. */
export function fieldList(
  fields: readonly (Field & { readonly place?: string })[],
  description: Description,
): string {
  const items = fields.map(({ name, required, place = '', schema }) => {
    const { default: usual, description: text, example } = schema;
    const notes = [
      typeOf(schema, description),
      place,
      required ? 'required' : '',
      usual === undefined || usual === '' ? '' : `default ${code(usual)}`,
    ].filter(Boolean);
    const shown = example === undefined ? '' : ` Example: ${code(example)}`;
    return `<dt><code>${escaped(name)}</code> <span class="type">${notes.join(', ')}</span></dt>
<dd>${text === undefined ? '' : prose(text)}${shown}${partsOf(schema, description)}</dd>`;
  });
  return `<dl class="fields">\n${items.join('\n')}\n</dl>`;
}

/** The fields of an object within an object or a list. A component has its own section. */
function partsOf(schema: Schema, description: Description): string {
  const inner = schema.items ?? schema;
  if (componentIn(inner)) return '';
  const fields = fieldsOf(inner, description);
  return fields.length === 0 ? '' : `\n${fieldList(fields, description)}`;
}

/** A type with its limits in words, as HTML. */
export function typeOf(schema: Schema, description: Description): string {
  const component = componentIn(schema);
  if (component && fieldsOf(schema, description).length > 0)
    return `<a href="#${escaped(component)}">${escaped(component)}</a>`;
  const {
    enum: values,
    const: only,
    anyOf,
    items,
    type,
    additionalProperties,
  } = resolved(schema, description);
  if (values) return values.map(code).join(' or ');
  if (only !== undefined) return code(only);
  if (anyOf) return anyOf.map((one) => typeOf(one, description)).join(' or ');
  if (items) return `list of ${typeOf(items, description)}`;
  if (typeof additionalProperties === 'object')
    return `object with values of the type ${typeOf(additionalProperties, description)}`;
  // The limits belong to the first type; another one is null.
  const [first = 'string', ...others] = [type ?? 'string']
    .flat()
    .map((name) => NAMES[name] ?? name);
  return [first + limitsOf(schema), ...others].join(' or ');
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: 'true or false',
};

function limitsOf({ minimum, maximum, minLength, maxLength, pattern, format }: Schema): string {
  const most = maxLength === undefined ? '' : `${number(maxLength)} characters`;
  return [
    format === 'date-time' ? ' (ISO 8601)' : '',
    range(minimum, maximum),
    most && (minLength ? ` of ${minLength} to ${most}` : ` of at most ${most}`),
    pattern === undefined ? '' : ` like ${code(pattern)}`,
  ].join('');
}

function range(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && most !== undefined)
    return ` from ${number(least)} to ${number(most)}`;
  if (least !== undefined) return ` of at least ${number(least)}`;
  return most === undefined ? '' : ` of at most ${number(most)}`;
}

/** The largest number that JSON carries exactly is written as a power. */
function number(value: number): string {
  if (value === Number.MAX_SAFE_INTEGER) return '2^53-1';
  if (value === Number.MIN_SAFE_INTEGER) return '-(2^53-1)';
  return value.toLocaleString('en');
}

function code(value: unknown): string {
  return `<code>${escaped(typeof value === 'string' ? value : JSON.stringify(value))}</code>`;
}
