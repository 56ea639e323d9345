/**
 * The counter that an old URL of another service names, as it stands in a README or a page, so
 * that an import gives its number to the counter that the same call names here.
 */
import { invalidPart } from '../counter/name.ts';
import { counterInBusuanziUrl } from './busuanzi.ts';
import { counterInCounterapiUrl } from './counterapi.ts';
import { counterInDwylUrl } from './dwyl.ts';
import { counterInHitsShUrl } from './hits-sh.ts';
import { counterInKomarevUrl } from './komarev.ts';
import { counterInMoeCounterUrl } from './moe-counter.ts';
import { counterInSeeyoufarmUrl } from './seeyoufarm.ts';
import { isService, type Service } from './services.ts';
import { counterInVisitorBadgeUrl } from './visitor-badge.ts';

/** A service's own hosts, and how its URLs name counters. */
interface OldUrls {
  readonly hosts: readonly string[];
  readonly counterIn: (url: URL) => string | undefined;
}

const TABLE: Readonly<Record<Service, OldUrls>> = {
  abacus: { hosts: ['abacus.jasoncameron.dev'], counterIn: counterInPath },
  busuanzi: {
    hosts: ['events.vercount.one', 'cn.vercount.one', 'vercount.one'],
    counterIn: counterInBusuanziUrl,
  },
  countapi: { hosts: ['api.countapi.xyz'], counterIn: counterInPath },
  counterapi: { hosts: ['api.counterapi.dev'], counterIn: counterInCounterapiUrl },
  dwyl: { hosts: ['hits.dwyl.com', 'hits.dwyl.io'], counterIn: counterInDwylUrl },
  'hits-sh': { hosts: ['hits.sh'], counterIn: counterInHitsShUrl },
  komarev: { hosts: ['komarev.com'], counterIn: counterInKomarevUrl },
  'moe-counter': {
    hosts: ['count.getloli.com', 'moe-counter.glitch.me'],
    counterIn: counterInMoeCounterUrl,
  },
  seeyoufarm: { hosts: ['hits.seeyoufarm.com'], counterIn: counterInSeeyoufarmUrl },
  'visitor-badge': {
    hosts: ['visitor-badge.laobi.icu', 'visitor-badge.glitch.me'],
    counterIn: counterInVisitorBadgeUrl,
  },
};

/** What an old URL names. */
export type OldUrl =
  | { readonly counter: string }
  /** The service is known, but this URL of it names no counter. */
  | { readonly service: Service }
  | undefined;

/**
 * The counter of a URL: one of the service's own host, or one of any Seen, whose path begins with
 * the service's name. `undefined` when it is of neither.
 */
export function readOldUrl(text: string): OldUrl {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const [, first = ''] = url.pathname.split('/');
  const own = Object.entries(TABLE).find(([, { hosts }]) => hosts.includes(url.hostname));
  const service = own ? (own[0] as Service) : first;
  if (!isService(service)) return undefined;
  if (!own) url.pathname = url.pathname.slice(first.length + 1);
  const counter = TABLE[service].counterIn(url);
  return counter === undefined ? { service } : { counter };
}

/** The counter in a path of CountAPI or Abacus, as in `/hit/my-site/visits`. */
function counterInPath({ pathname }: URL): string | undefined {
  const [, , ...words] = pathname.replace(/\/(shield)?$/, '').split('/');
  const [namespace = '', key = '', ...more] = words.length === 1 ? ['default', ...words] : words;
  return more.length === 0 && invalidPart(namespace, key) === undefined
    ? `${namespace}/${key}`
    : undefined;
}
