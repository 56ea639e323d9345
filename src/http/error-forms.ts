/**
 * The form of an error for a client, by the path that it requests and the types that it accepts.
 * Not here: writing the error (`errors.ts`).
 */
import type { Service } from '../services/services.ts';
import type { AppContext } from './context.ts';
import { acceptedBy } from './request/reading.ts';

/**
 * The form of an error: JSON with its code, without it or with its status, text, a page, or a
 * problem document (RFC 9457).
 */
export type ErrorForm = 'json' | 'bare' | 'status' | 'text' | 'page' | 'problem';

/**
 * The forms of errors, by the first segment of the path, for paths that only programs and images
 * request. All other paths have pages, for clients that prefer HTML.
 */
const FORMS: Readonly<Record<Service, ErrorForm> & Record<string, ErrorForm>> = {
  hit: 'json',
  get: 'json',
  live: 'json',
  api: 'problem',
  'openapi.json': 'problem',
  badge: 'problem',
  chart: 'problem',
  pixel: 'problem',
  'logos.json': 'problem',
  abacus: 'bare',
  busuanzi: 'bare',
  countapi: 'bare',
  counterapi: 'status',
  dwyl: 'problem',
  'hits-sh': 'problem',
  komarev: 'problem',
  'moe-counter': 'problem',
  seeyoufarm: 'problem',
  'visitor-badge': 'problem',
};

/** The form of an error for this client: the one it accepts among those of the path. */
export function formOf(c: AppContext): ErrorForm {
  const [, first = ''] = c.req.path.split('/', 2);
  const form = (Object.hasOwn(FORMS, first) ? FORMS[first] : undefined) ?? 'page';
  // The client is a program.
  if (form === 'problem' || form === 'bare' || form === 'status') return form;
  const types = ['application/json', 'text/plain', 'text/html'];
  const type = acceptedBy(c, types, form === 'page' ? 'text' : form);
  if (type === 'text/html' && form === 'page') return 'page';
  if (type === 'json' || type === 'text') return type;
  return type === 'application/json' ? 'json' : 'text';
}
