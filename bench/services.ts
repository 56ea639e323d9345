/**
 * Starts a service on a free port, with a folder and, if it needs one, a database server of its
 * own. The services: peers.ts and seen.ts.
 */
import { freePort, temporaryFolder, until } from '../test/support/folder.ts';

/** A running service and its processes. */
export interface Running extends AsyncDisposable {
  readonly url: string;
  /** The processes that the service was started with; their children count too. */
  readonly pids: readonly number[];
}

/** Something that can be measured. */
export interface Service {
  readonly name: string;
  /** Programs it needs; without them it is not run, and the bench says so. */
  readonly needs: readonly string[];
  start(): Promise<Running>;
}

/** The command of a service, its environment, and the path of its visits. */
export interface Started {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** A database server that was started for a service. */
export interface DatabaseServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}

/** Starts no server: for a service that keeps its data in a file, or none. */
export const NO_SERVER = async (): Promise<undefined> => undefined;

/** Starts the command that `build` returns; resolves when the service answers. */
export async function startService<Server extends DatabaseServer | undefined>(
  startServer: () => Promise<Server>,
  build: (port: number, server: Server, folder: string) => Started,
): Promise<Running> {
  const folder = temporaryFolder();
  const database = await startServer();
  const port = await freePort();
  const { command, env = {}, path = '/' } = build(port, database, folder.path);
  const server = Bun.spawn([...command], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder.path, ...env },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  const stop = async () => {
    server.kill('SIGTERM');
    await server.exited;
    await database?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
  const url = `http://127.0.0.1:${port}${path}`;
  try {
    await until(`${command[0]} to answer`, async () => (await fetch(url)).ok);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    pids: [server.pid, ...(database ? [database.pid] : [])],
    [Symbol.asyncDispose]: stop,
  };
}
