/** Opens the source of `seen import`: a file (`file-source.ts`), or another Redis. */
import { createHash } from 'node:crypto';
import { readBusuanzi } from '../../archive/formats/busuanzi.ts';
import { Names, readNames } from '../../archive/formats/busuanzi-names.ts';
import { readRedisKeys } from '../../archive/formats/plain.ts';
import { type Item, readName, SourceError, withoutRepeats } from '../../archive/item.ts';
import { COMMAND_LIMITS } from '../../archive/limits.ts';
import { linesOf } from '../../archive/reading/bytes.ts';
import type { FileKind } from '../../archive/recognise.ts';
import type { Config } from '../../config/config.ts';
import { redisUrlMistake } from '../../config/store-url.ts';
import { AppError } from '../../counter/errors.ts';
import { COUNTER_PART } from '../../counter/name.ts';
import { RedisSource } from '../../stores/redis/source.ts';
import { requireFile } from '../files.ts';
import { DIGEST_LENGTH, openFile, type Source } from './file-source.ts';

/** The flags about the source. */
export interface SourceFlags {
  readonly from: FileKind | 'redis' | 'busuanzi' | undefined;
  readonly namespace: string | undefined;
  readonly as: string | undefined;
  readonly keys: string | undefined;
  readonly names: string | undefined;
}

/** Opens a source. Fails with `usage-invalid`; a Redis also fails as a store does. */
export async function openSource(
  place: string,
  flags: SourceFlags,
  config: Config,
): Promise<Source> {
  const as = flags.as === undefined ? undefined : nameFrom(flags.as);
  if (flags.namespace !== undefined && !COUNTER_PART.test(flags.namespace)) {
    throw new AppError(
      'usage-invalid',
      `--namespace is not valid: use 3 to 64 letters, digits, "_", "." or "-", as in my-site.`,
    );
  }
  if (/^(rediss?\+cluster|postgres(ql)?):/i.test(place)) {
    throw new AppError(
      'usage-invalid',
      'seen import reads a single Redis (redis://), not a Redis Cluster or PostgreSQL. To move counters from another Seen, export them there: seen export --store-url.',
    );
  }
  const isRedis = /^rediss?:\/\//.test(place);
  const { from } = flags;
  if (from === 'redis' || from === 'busuanzi') {
    if (!isRedis)
      throw new AppError(
        'usage-invalid',
        `--from ${from} needs a Redis, as in redis://HOST:PORT/0`,
      );
    return openRedis(place, from, flags, config);
  }
  if (!isRedis) {
    requireFile(place);
    refuse('keys', flags.keys, `is for a Redis, and ${place} is a file`);
    refuse('names', flags.names, `is for a busuanzi, and ${place} is a file`);
    return openFile(place, from, { namespace: flags.namespace, as });
  }
  if (from !== undefined)
    throw new AppError(
      'usage-invalid',
      `--from ${from} needs a file, and ${place.split('@').at(-1)} is a Redis.`,
    );
  return openRedis(place, 'redis', flags, config);
}

/** Fails with `usage-invalid` when a flag that does not apply has a value. */
function refuse(flag: keyof SourceFlags, value: string | undefined, why: string): void {
  if (value !== undefined) throw new AppError('usage-invalid', `--${flag} ${why}. Leave it out.`);
}

/** The counter's name in a flag. Fails with `usage-invalid`. */
function nameFrom(text: string): string {
  try {
    return readName(text);
  } catch (error) {
    if (error instanceof SourceError)
      throw new AppError('usage-invalid', `--as: ${error.message}.`);
    throw error;
  }
}

async function openRedis(
  url: string,
  from: 'redis' | 'busuanzi',
  { namespace, names, keys }: SourceFlags,
  config: Config,
): Promise<Source> {
  const mistake = redisUrlMistake(url);
  if (mistake !== undefined)
    throw new AppError('usage-invalid', `The URL to import from ${mistake}.`);
  if (from === 'redis') refuse('names', names, 'is for a busuanzi, with --from busuanzi');
  const known = from === 'busuanzi' ? await namesFrom(names) : undefined;
  const redis = new RedisSource({ url, ca: config.storeCa, timeoutMs: config.storeTimeoutMs });
  try {
    // Read once, so that the import equals the preview.
    const items: Item[] = [];
    const all = atMost(COMMAND_LIMITS.counters, redis.numbers(keys ?? (known ? 'bsz:*' : 'hits')));
    const found = known ? readBusuanzi(all, known, namespace) : readRedisKeys(all, namespace);
    for await (const item of withoutRepeats(found)) items.push(item);
    return {
      what: `${redis.place}: ${known ? 'a busuanzi' : 'numbers in a Redis'}`,
      read: async function* () {
        yield* items;
      },
      // Without the numbers, which grow: each counter is imported only once.
      digest: () =>
        createHash('sha256')
          .update(`${from} ${redis.place}`)
          .digest('base64url')
          .slice(0, DIGEST_LENGTH),
      // It was read once.
      requireUnchanged: () => undefined,
    };
  } finally {
    redis.close();
  }
}

/** Yields all items. Fails with `usage-invalid` when there are more than `max`. */
async function* atMost<T>(max: number, all: AsyncIterable<T>): AsyncGenerator<T> {
  let count = 0;
  for await (const one of all) {
    if (++count > max) {
      const many = max.toLocaleString('en');
      throw new AppError(
        'usage-invalid',
        `More than ${many} keys hold numbers: select fewer with --keys.`,
      );
    }
    yield one;
  }
}

async function namesFrom(path: string | undefined): Promise<Names> {
  if (path === undefined) return new Names();
  requireFile(path);
  try {
    return await readNames(linesOf(path));
  } catch (error) {
    if (error instanceof SourceError)
      throw new AppError('usage-invalid', `${path}: ${error.message}.`);
    throw error;
  }
}
