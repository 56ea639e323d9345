/** Requests and responses of exports and imports over HTTP. Not here: handlers (`archive.ts`). */
import { createRoute, z } from '@hono/zod-openapi';
import { COUNTER_PART } from '../../counter/name.ts';
import { LIMITS, name, PROBLEMS, problem, SECURITY, TOKENS } from './schemas.ts';

/** The kinds of files that are recognised; `FILE_KINDS` of `archive/recognise.ts` are the same. */
const KINDS = ['seen', 'list', 'goatcounter', 'badge'] as const;
const BUSY = {
  ...PROBLEMS[429],
  description: 'This replica works on another export or import, or a limit is used up.',
};
/** Lines of JSON (https://github.com/ndjson/ndjson-spec). */
export const LINES_TYPE = 'application/x-ndjson';

/** The parameters of an import: those of `seen import` with the same names. */
export const ImportOptions = z.strictObject({
  from: z
    .enum(KINDS)
    .optional()
    .openapi({ description: 'The kind of the file, if it is not recognised.' }),
  existing: z.enum(['keep', 'add', 'replace']).default('keep').openapi({
    description:
      'For existing counters: keep them, add to them (total and history), or replace them.',
  }),
  namespace: z
    .string()
    .regex(COUNTER_PART, 'is not a namespace, such as my-site')
    .optional()
    .openapi({ description: 'The namespace of names that have none.' }),
  as: name.optional().openapi({ description: 'The name of the only counter.' }),
  dryRun: z
    .enum(['yes', 'no'])
    .default('no')
    .openapi({ description: 'Whether to say only what an import would do.' }),
});
export type ImportOptions = z.output<typeof ImportOptions>;

const lines = (description: string) => ({
  description,
  headers: LIMITS,
  content: { [LINES_TYPE]: { schema: z.string() } },
});

/** The routes. */
export const archiveRoutes = {
  export: createRoute({
    method: 'get',
    path: '/api/v1/export',
    summary: 'Export all counters',
    description:
      'The file of seen export as JSON Lines, while Seen keeps counting. Each counter is consistent, and has every visit that was answered before. The last line, {"seen":"end","counters":N}, shows that nothing is missing; otherwise the last line is {"error":…,"code":…}, and the connection is broken. Needs the installation’s token.',
    security: SECURITY,
    responses: {
      200: {
        ...lines('The file.'),
        headers: {
          ...LIMITS,
          'X-Seen-Counters': {
            schema: { type: 'integer', minimum: 0 },
            description: 'The number of counters when the export began.',
          },
          'Content-Disposition': {
            schema: { type: 'string' },
            description: 'The name of the file.',
          },
        },
      },
      ...TOKENS,
      429: BUSY,
      503: PROBLEMS[503],
    },
  }),
  import: createRoute({
    method: 'post',
    path: '/api/v1/import',
    summary: 'Import counters from a file',
    description:
      'The body is any file that seen import recognises, up to 64 MiB. It is checked first, and with a mistake nothing is imported. Each counter remembers the file, so that sending it again counts nothing twice. A line tells the progress at once and every half second: {"read":BYTES,"counters":N,"imported":N,"skipped":N}. The last line is {"done":true,…}, or {"error":…,"code":…}. Needs the installation’s token.',
    security: SECURITY,
    request: {
      query: ImportOptions,
      body: {
        required: true,
        content: {
          'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
        },
      },
    },
    responses: {
      200: lines('The progress, and at the end the outcome.'),
      400: PROBLEMS[400],
      ...TOKENS,
      408: problem('The file did not arrive whole, or not in time.'),
      413: problem('The file is larger than 64 MiB.'),
      429: BUSY,
      503: PROBLEMS[503],
    },
  }),
};
