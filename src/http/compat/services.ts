/** The table of other services: each answers its calls as a surface under `/NAME/…`. */
import { SERVICES, type Service } from '../../services/services.ts';
import type { Surface } from '../context.ts';
import { type AbacusOptions, createAbacus } from './abacus/abacus.ts';
import type { BadgeParts } from './badge.ts';
import { createBusuanzi } from './busuanzi/busuanzi.ts';
import type { BusuanziOptions } from './busuanzi/views.ts';
import type { CountapiOptions } from './countapi/calls.ts';
import { createCountapi } from './countapi/countapi.ts';
import { createKomarev } from './komarev/komarev.ts';

/** What the services need, taken together. */
export type ServicesOptions = AbacusOptions & BusuanziOptions & CountapiOptions & BadgeParts;

const TABLE: Readonly<Record<Service, (options: ServicesOptions) => Surface>> = {
  abacus: createAbacus,
  busuanzi: createBusuanzi,
  countapi: createCountapi,
  komarev: createKomarev,
};

/** The surfaces of all services. */
export function createServices(options: ServicesOptions): Surface[] {
  return SERVICES.map((service) => TABLE[service](options));
}
