/**
 * The services whose calls Seen answers, by name: each under the path `/NAME/…` of every host, and
 * at the root of a host of its own (`SEEN_HOSTS`).
 *
 * Not here: their calls (`http/compat/`).
 */

export const SERVICES = [
  'abacus',
  'busuanzi',
  'countapi',
  'counterapi',
  'dwyl',
  'hits-sh',
  'komarev',
  'moe-counter',
  'seeyoufarm',
  'visitor-badge',
] as const;

/** The name of a service. */
export type Service = (typeof SERVICES)[number];

/** Host names in lower case without port, each with the service that it serves. */
export type Hosts = ReadonlyMap<string, Service>;

/** Whether the text is the name of a service. */
export function isService(text: string): text is Service {
  return (SERVICES as readonly string[]).includes(text);
}
