/** The table of other services: each answers its calls as a surface under `/NAME/…`. */
import { SERVICES, type Service } from '../../services/services.ts';
import type { Surface } from '../context.ts';
import { type AbacusOptions, createAbacus } from './abacus/abacus.ts';
import type { BadgeParts } from './badge.ts';
import { createBusuanzi } from './busuanzi/busuanzi.ts';
import type { BusuanziOptions } from './busuanzi/views.ts';
import type { CountapiOptions } from './countapi/calls.ts';
import { createCountapi } from './countapi/countapi.ts';
import type { CounterapiOptions } from './counterapi/calls.ts';
import { createCounterapi } from './counterapi/counterapi.ts';
import { createDwyl } from './dwyl/dwyl.ts';
import { createHitsSh } from './hits-sh/hits-sh.ts';
import { createKomarev } from './komarev/komarev.ts';
import { createMoeCounter, type MoeCounterOptions } from './moe-counter/moe-counter.ts';
import { createSeeyoufarm } from './seeyoufarm/seeyoufarm.ts';
import { createVisitorBadge } from './visitor-badge/visitor-badge.ts';

/** What the services need, taken together. */
export type ServicesOptions = AbacusOptions &
  BusuanziOptions &
  CountapiOptions &
  CounterapiOptions &
  BadgeParts &
  MoeCounterOptions;

const TABLE: Readonly<Record<Service, (options: ServicesOptions) => Surface>> = {
  abacus: createAbacus,
  busuanzi: createBusuanzi,
  countapi: createCountapi,
  counterapi: createCounterapi,
  dwyl: createDwyl,
  'hits-sh': createHitsSh,
  komarev: createKomarev,
  'moe-counter': createMoeCounter,
  seeyoufarm: createSeeyoufarm,
  'visitor-badge': createVisitorBadge,
};

/** The surfaces of all services. */
export function createServices(options: ServicesOptions): Surface[] {
  return SERVICES.map((service) => TABLE[service](options));
}
