/**
 * Opens the source of `seen import`: a file, or another Redis. A source can be read twice, with
 * the same result.
 */
import { createHash } from 'node:crypto';
import { readBusuanzi } from '../../archive/formats/busuanzi.ts';
import { Names, readNames } from '../../archive/formats/busuanzi-names.ts';
import { readRedisKeys } from '../../archive/formats/plain.ts';
import {
  COUNTERS_MAX,
  type Item,
  readName,
  SourceError,
  withoutRepeats,
} from '../../archive/item.ts';
import { linesOf } from '../../archive/reading/bytes.ts';
import { type FileKind, readFile, recognise } from '../../archive/recognise.ts';
import type { Config } from '../../config/config.ts';
import { redisUrlMistake } from '../../config/store-url.ts';
import { AppError } from '../../counter/errors.ts';
import { COUNTER_PART } from '../../counter/name.ts';
import { RedisSource } from '../../stores/redis/source.ts';
import { requireFile } from '../files.ts';

/** The flags about the source. */
export interface SourceFlags {
  readonly from: FileKind | 'redis' | 'busuanzi' | undefined;
  readonly namespace: string | undefined;
  readonly as: string | undefined;
  readonly keys: string | undefined;
  readonly names: string | undefined;
}

/** A source of `seen import`. */
export interface Source {
  /** A description for people. */
  readonly what: string;
  /** The items of the source. */
  read(): AsyncIterable<Item>;
  /**
   * Identifies the source by its content; available after it has been read completely. Fails with
   * `usage-invalid` when it has changed.
   */
  digest(): string;
}

const WHAT = {
  seen: 'an export of Seen',
  list: 'a list of counters',
  goatcounter: 'an export of GoatCounter',
  badge: 'a badge',
} as const;
/** 128 bits of a digest. */
const DIGEST_LENGTH = 22;

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
  if (!isRedis) return openFile(place, from, flags.namespace, as);
  if (from !== undefined)
    throw new AppError(
      'usage-invalid',
      `--from ${from} needs a file, and ${place.split('@').at(-1)} is a Redis.`,
    );
  return openRedis(place, 'redis', flags, config);
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

async function openFile(
  path: string,
  from: keyof typeof WHAT | undefined,
  namespace: string | undefined,
  as: string | undefined,
): Promise<Source> {
  requireFile(path);
  const kind = await recognise(path, from);
  let known: string | undefined;
  let hash = createHash('sha256');
  return {
    what: `${path}: ${WHAT[kind]}`,
    read() {
      hash = createHash('sha256');
      return withoutRepeats(readFile(path, kind, { namespace, as }, hash));
    },
    digest() {
      const digest = hash.copy().digest('base64url').slice(0, DIGEST_LENGTH);
      known ??= digest;
      if (digest === known) return digest;
      throw new AppError(
        'usage-invalid',
        `${path} was changed while it was read. Counters that were imported stay. Run the import again with a file that does not change.`,
      );
    },
  };
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
  const known = from === 'busuanzi' ? await namesFrom(names) : undefined;
  const redis = new RedisSource({ url, ca: config.storeCa, timeoutMs: config.storeTimeoutMs });
  try {
    // Read once, so that the import equals the preview.
    const items: Item[] = [];
    const all = atMost(COUNTERS_MAX, redis.numbers(keys ?? (known ? 'bsz:*' : 'hits')));
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
