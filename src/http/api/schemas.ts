/**
 * Schemas of the native API: counters, values and problems. They validate requests and describe
 * the API.
 */
import { z } from '@hono/zod-openapi';
import { isTitle, LINK_LENGTH_MAX, normalLink, TITLE_LENGTH_MAX } from '../../counter/label.ts';
import { COUNTER_NAME, COUNTER_PART } from '../../counter/name.ts';
import { WINDOW_MAX_MS } from '../../counter/rules.ts';

/** The maximum number of counters in one response. */
export const COUNTERS_AT_ONCE = 100;
/** A name has 3 to 64 characters on each side of its slash. */
export const NAME_LENGTH_MAX = 129;

const part = (what: string, example: string) =>
  z
    .string()
    .regex(COUNTER_PART)
    .openapi({ param: { name: what, in: 'path' }, example });
/** The path of one counter. */
export const counter = z.object({
  namespace: part('namespace', 'my-site'),
  key: part('key', 'front-page'),
});
/** A number that can be a counter's total. */
export const total = z
  .int()
  .openapi({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, example: 42 });
/** A counter's name: `ns/key`, or that of the default counter. */
export const name = z
  .string()
  .regex(COUNTER_NAME, 'is not a counter name: use NAMESPACE/KEY, or hits')
  .openapi({ example: 'my-site/front-page' });

/** The rules of a counter that the API shows and sets. */
export const rules = {
  private: z.boolean().openapi({
    description: 'Only its owner may read it. Everybody counts, without getting the number.',
  }),
  window: z
    .int()
    .min(0)
    .max(WINDOW_MAX_MS / 1000)
    .openapi({
      description:
        'Seconds in which the visits of one visitor count once, at most until the day (UTC) ends; 0 counts each visit.',
      example: 1800,
    }),
};

const title = z.string().openapi({
  minLength: 1,
  maxLength: TITLE_LENGTH_MAX,
  description: 'What pages show instead of the name.',
  example: 'My site',
});
const link = z.string().openapi({
  maxLength: LINK_LENGTH_MAX,
  description: 'The http or https URL to which pages link.',
  example: 'https://my-site.example/',
});
/** The title and the link of a counter in a request; null for none. */
export const label = {
  title: title
    .refine(isTitle, `is not one line of 1 to ${TITLE_LENGTH_MAX} characters`)
    .nullable()
    .optional(),
  link: link
    .transform((text, { issues }) => {
      const url = normalLink(text);
      if (url !== undefined) return url;
      const message = `is not an http or https URL of at most ${LINK_LENGTH_MAX} characters`;
      issues.push({ code: 'custom', message, input: text });
      return z.NEVER;
    })
    .nullable()
    .optional(),
};

/** A counter in a response. */
export const Counter = z
  .object({
    name,
    value: total,
    created: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'When it was made; null when another program made it.' }),
    ...rules,
    title: title.nullable(),
    link: link.nullable(),
  })
  .openapi('Counter');
/** A counter in the response that creates it: the only one with its token. */
export const CreatedCounter = Counter.extend({
  token: z.string().openapi({ description: 'Its owner’s token, which is not shown again.' }),
}).openapi('MadeCounter');
/** The new token of a counter. */
export const Token = z.object({ name, token: CreatedCounter.shape.token }).openapi('Token');
/** The name and the number of a counter. */
export const Value = z
  .object({
    name,
    value: total.nullable().openapi({
      description: 'null where the counter is private and the token is not its owner’s.',
    }),
  })
  .openapi('Value');
/** An error as a problem document. */
export const Problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: 'What was wrong and what to do.' }),
    code: z.string().openapi({ example: 'counter-missing' }),
  })
  .openapi('Problem', { description: 'RFC 9457.' });

/** Headers of responses, by their names in the description. */
export const HEADERS = {
  'RateLimit-Policy': {
    description:
      'The rate limits, if there are any: the number of requests (q) in a number of seconds (w).',
    schema: { type: 'string', example: '"requests";q=600;w=60' },
  },
  RateLimit: {
    description:
      'What remains of a limit for this visitor (r), and the seconds until there is one more (t).',
    schema: { type: 'string', example: '"requests";r=599;t=1' },
  },
  'Retry-After': {
    description: 'The seconds after which to try again.',
    schema: { type: 'integer', minimum: 1 },
  },
} as const;
const header = (called: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${called}` });
/** The rate limit headers, for every response. */
export const LIMITS = {
  RateLimit: header('RateLimit'),
  'RateLimit-Policy': header('RateLimit-Policy'),
};
/** An error after which a client may try again. */
const again = (description: string) => ({
  ...problem(description),
  headers: { ...LIMITS, 'Retry-After': header('Retry-After') },
});

/** A successful response, for the description. */
export const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  headers: LIMITS,
  content: { 'application/json': { schema } },
});
/** An error response, for the description. */
export const problem = (description: string) => ({
  description,
  headers: LIMITS,
  content: { 'application/problem+json': { schema: Problem } },
});
/** Errors that any route may return. */
export const PROBLEMS = {
  400: problem('The request is not as described here.'),
  404: problem('There is no such counter.'),
  429: again('Your address has used up a limit.'),
  503: again('The store is unavailable, or a maximum is reached.'),
} as const;
/** The error of routes that need a token. */
export const TOKENS = { 401: problem('The token is missing, or not the right one.') } as const;
/** The security of routes that need a token. */
export const SECURITY = [{ token: [] }];
