/**
 * `GET /api/v1/export` and `POST /api/v1/import`: all counters as a file, and a file of counters.
 *
 * Both need the installation's token: an export has hashes of owners' tokens, and an import takes
 * memory. Not here: the limits on uploads (`http/request/body-limit.ts`), and the files themselves
 * (`archive/`), which a command connects (`commands/compose/`).
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppContext, Env } from '../context.ts';
import { headOnly } from '../request/methods.ts';
import { receiveUpload, UPLOAD_TIMES, type UploadTimes } from '../request/upload.ts';
import type { Owners } from '../visit/owners.ts';
import { archiveRoutes, ImportOptions, LINES_TYPE } from './archive-routes.ts';
import { requestInvalid } from './options.ts';
import type { Transfers } from './transfers.ts';

/** The path of imports, whose bodies are files. */
export const IMPORT_PATH = '/api/v1/import';

/** An export that has begun. */
export interface BegunExport {
  /** Milliseconds since 1970. */
  readonly moment: number;
  /** The number of counters at that moment. */
  readonly counters: number;
  /** The text of the file, piece by piece. Fails when it cannot be completed. */
  readonly pieces: AsyncGenerator<string>;
}

/** Exports and imports of the whole installation. */
export interface InstallationArchive {
  /** Begins an export, which ends early when `signal` is aborted. Fails as a store does. */
  export(signal: AbortSignal): Promise<BegunExport>;
  /**
   * Begins an import of the file. Returns the lines of its progress and its outcome. It stops when
   * `signal` is aborted, whose reason is an `AppError`. Fails with `request-invalid` for a file
   * that cannot be imported.
   */
  import(
    file: Buffer,
    options: ImportOptions,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<string>>;
}

/** What the routes need. */
export interface ArchiveOptions {
  readonly archive: InstallationArchive;
  readonly transfers: Transfers;
  readonly owners: Owners;
  /** How long an upload may take; `UPLOAD_TIMES` when not given. */
  readonly uploadTimes?: UploadTimes;
}

/** Adds the routes to the API, and their description. `headers` are those of every response. */
export function serveArchive(
  api: OpenAPIHono<Env>,
  headers: Headers,
  { archive, transfers, owners, uploadTimes = UPLOAD_TIMES }: ArchiveOptions,
): void {
  for (const route of Object.values(archiveRoutes)) api.openAPIRegistry.registerPath(route);

  api.get(archiveRoutes.export.path, async (c) => {
    owners.requireInstallation(c.req.raw.headers);
    const ours = new Headers(headers);
    ours.set('Content-Type', LINES_TYPE);
    if (c.env.isHead) return headOnly(ours);
    const transfer = transfers.begin(c);
    try {
      const { moment, counters, pieces } = await archive.export(transfer.signal);
      const day = new Date(moment).toISOString().slice(0, 'YYYY-MM-DD'.length);
      ours.set('Content-Disposition', `attachment; filename="seen-${day}.jsonl"`);
      ours.set('X-Seen-Counters', `${counters}`);
      return transfer.respond(ours, pieces);
    } catch (error) {
      transfer.end();
      throw error;
    }
  });

  api.post(archiveRoutes.import.path, async (c) => {
    owners.requireInstallation(c.req.raw.headers);
    const options = optionsIn(c);
    const transfer = transfers.begin(c);
    try {
      const file = await receiveUpload(c, uploadTimes);
      const lines = await archive.import(file, options, transfer.signal);
      const ours = new Headers(headers);
      ours.set('Content-Type', LINES_TYPE);
      // A proxy would keep the lines until there are many: as for streams.
      ours.set('Cache-Control', 'no-store, no-transform');
      ours.set('X-Accel-Buffering', 'no');
      return transfer.respond(ours, lines);
    } catch (error) {
      transfer.end();
      throw error;
    }
  });
}

/** The parameters of an import. Fails with `request-invalid`. */
function optionsIn(c: AppContext): ImportOptions {
  const result = ImportOptions.safeParse(c.req.query());
  if (result.success) return result.data;
  throw requestInvalid('query', result.error.issues);
}
