/**
 * What a JavaScript developer would write first: Fastify and ioredis, one INCR per visit, three
 * processes. Node runs it.
 */
import cluster from 'node:cluster';
import process from 'node:process';

if (cluster.isPrimary) {
  for (let n = 0; n < 3; n++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  const { default: Fastify } = await import('fastify');
  const { Redis } = await import('ioredis');
  const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1');
  const app = Fastify();
  app.get('/', async (_, reply) => {
    reply.type('text/plain; charset=utf-8').header('Cache-Control', 'no-store');
    return `Hello World! I have been seen ${await redis.incr('hits')} times.\n`;
  });
  await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
}
