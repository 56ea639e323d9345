/**
 * What Seen is measured against, each as its own users would run it, with three workers where it has workers, and each on
 * a Redis of its own with `appendfsync always`.
 *
 * nginx answers a constant and stores nothing: the floor below which no HTTP server on this machine gets.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from '../test/support/folder.ts';
import { RedisServer } from '../test/support/redis-server.ts';

/** A running service and its processes. */
export interface Running extends AsyncDisposable {
  readonly url: string;
  /** The processes that the service was started with; their children count too. */
  readonly pids: readonly number[];
}

export interface Peer {
  readonly name: string;
  /** Programs it needs; without them it is not run, and the bench says so. */
  readonly needs: readonly string[];
  start(): Promise<Running>;
}

const ROOT = join(import.meta.dir, '..');
const here = (path: string) => join(import.meta.dir, 'peers', path);

interface Started {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** Starts a service on a port of its own, with a folder and, where it wants one, a Redis. */
async function start(
  withRedis: boolean,
  build: (port: number, redisPort: number, folder: string) => Started,
): Promise<Running> {
  const folder = temporaryFolder();
  const redis = withRedis ? await RedisServer.start() : undefined;
  const port = await freePort();
  const { command, env = {}, path = '/' } = build(port, redis?.port ?? 0, folder.path);
  const server = Bun.spawn([...command], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder.path, ...env },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  const url = `http://127.0.0.1:${port}${path}`;
  await until(`${command[0]} to answer`, async () => (await fetch(url)).ok);
  return {
    url,
    pids: [server.pid, ...(redis ? [redis.pid] : [])],
    [Symbol.asyncDispose]: async () => {
      server.kill('SIGTERM');
      await server.exited;
      await redis?.[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function seen(withRedis: boolean): Promise<Running> {
  const operationsPort = await freePort();
  return start(withRedis, (port, redisPort, folder) => ({
    command: [process.execPath, join(ROOT, 'src/main.ts'), 'serve'],
    env: {
      SEEN_STORE_URL: withRedis ? `redis://127.0.0.1:${redisPort}` : `sqlite:${folder}/seen.db`,
      SEEN_HOST: '127.0.0.1',
      SEEN_PORT: `${port}`,
      SEEN_OPERATIONS_PORT: `${operationsPort}`,
    },
  }));
}

export const peers: readonly Peer[] = [
  {
    name: 'nginx, a constant',
    needs: ['nginx'],
    start: () =>
      start(false, (port, _, folder) => {
        writeFileSync(
          join(folder, 'nginx.conf'),
          `daemon off; worker_processes 3; pid ${folder}/pid; error_log ${folder}/error.log;
           events { worker_connections 4096; }
           http {
             access_log off; keepalive_requests 1000000000;
             client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
             uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
             server {
               listen 127.0.0.1:${port} reuseport;
               location / {
                 default_type text/plain; add_header Cache-Control no-store;
                 return 200 "Hello World! I have been seen 1234567 times.\\n";
               }
             }
           }`,
        );
        return { command: ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')] };
      }),
  },
  { name: 'Seen on Redis', needs: ['redis-server'], start: () => seen(true) },
  { name: 'Seen on SQLite', needs: [], start: () => seen(false) },
  {
    name: 'webdis',
    needs: ['webdis', 'redis-server'],
    start: () =>
      start(true, (port, redisPort, folder) => {
        writeFileSync(
          join(folder, 'webdis.json'),
          JSON.stringify({
            redis_host: '127.0.0.1',
            redis_port: redisPort,
            http_host: '127.0.0.1',
            http_port: port,
            threads: 3,
            pool_size: 20,
            daemonize: false,
            verbosity: 0,
            logfile: '/dev/null',
          }),
        );
        return { command: ['webdis', join(folder, 'webdis.json')], path: '/INCR/hits' };
      }),
  },
  {
    name: 'Fastify and ioredis',
    needs: ['node', 'npm', 'redis-server'],
    start: async () => {
      // Its packages are no part of Seen and are not installed with it.
      if (!existsSync(here('node_modules'))) await Bun.$`npm ci`.cwd(here('.')).quiet();
      return start(true, (port, redisPort) => ({
        command: ['node', here('fastify.js')],
        env: { PORT: `${port}`, REDIS_PORT: `${redisPort}` },
      }));
    },
  },
  {
    name: 'the guide’s application',
    needs: ['gunicorn', 'redis-server'],
    start: () =>
      start(true, (port, redisPort) => ({
        command: ['gunicorn', '--workers=3', `--bind=127.0.0.1:${port}`, `--chdir=${here('.')}`, 'guide:app'],
        env: { REDIS_PORT: `${redisPort}`, PYTHONDONTWRITEBYTECODE: '1' },
      })),
  },
];
