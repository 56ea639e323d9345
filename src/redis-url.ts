/**
 * The form of URLs of Redis. `redis+cluster://` and `rediss+cluster://` name some nodes of a Redis
 * Cluster: `redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT`.
 *
 * Not here: checking a URL (`config/store-url.ts`).
 */

/** `redis` or `rediss`, whether it is a cluster, what stands before an `@`, and the hosts. */
const FORM = /^(rediss?)(\+cluster)?:\/\/([^@]*@)?(.*)$/s;

/** Whether `url` names a Redis Cluster. */
export function isClusterUrl(url: string): boolean {
  return FORM.exec(url)?.[2] !== undefined;
}

/** A URL for each node that `url` names, without `+cluster`; none when it is no URL of Redis. */
export function nodeUrls(url: string): string[] {
  const [, protocol, , user = '', hosts] = FORM.exec(url) ?? [];
  return hosts?.split(',').map((host) => `${protocol}://${user}${host}`) ?? [];
}
