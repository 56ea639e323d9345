/**
 * What Seen is measured against, each as its own users would run it, with three workers where it
 * has workers, and each on a Redis of its own with `appendfsync always`, where it uses one.
 *
 * nginx answers a constant and stores nothing: the floor below which no HTTP server on this
 * machine gets. Moe-Counter answers before it stores: what an answer costs without the promise.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RedisServer } from '../test/support/redis-server.ts';
import { NO_SERVER, type Service, startService } from './services.ts';

const here = (path: string) => join(import.meta.dir, 'peers', path);

/** With the settings that Seen wants. */
const startRedis = () => RedisServer.start();

/** The packages of the peers are no part of Seen and are not installed with it. */
async function installPackages(): Promise<void> {
  if (!existsSync(here('node_modules/better-sqlite3'))) await Bun.$`npm ci`.cwd(here('.')).quiet();
}

/** The floor. */
export const NGINX: Service = {
  name: 'nginx, a constant',
  needs: ['nginx'],
  start: () =>
    startService(NO_SERVER, (port, _, folder) => {
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
};

/** What a user would pick instead. */
export const PEERS: readonly Service[] = [
  {
    name: 'webdis',
    needs: ['webdis', 'redis-server'],
    start: () =>
      startService(startRedis, (port, redis, folder) => {
        writeFileSync(
          join(folder, 'webdis.json'),
          JSON.stringify({
            redis_host: '127.0.0.1',
            redis_port: redis.port,
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
      await installPackages();
      return startService(startRedis, (port, redis) => ({
        command: ['node', here('fastify.js')],
        env: { PORT: `${port}`, REDIS_PORT: `${redis.port}` },
      }));
    },
  },
  {
    name: 'Moe-Counter’s way: stored later',
    needs: ['node', 'npm'],
    start: async () => {
      await installPackages();
      return startService(NO_SERVER, (port) => ({
        command: ['node', here('moe-counter.js')],
        env: { PORT: `${port}` },
        path: '/record/hits',
      }));
    },
  },
  {
    name: 'the guide’s application',
    needs: ['gunicorn', 'redis-server'],
    start: () =>
      startService(startRedis, (port, redis) => ({
        command: [
          'gunicorn',
          '--workers=3',
          `--bind=127.0.0.1:${port}`,
          `--chdir=${here('.')}`,
          'guide:app',
        ],
        env: { REDIS_PORT: `${redis.port}`, PYTHONDONTWRITEBYTECODE: '1' },
      })),
  },
];
