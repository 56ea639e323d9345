/**
 * Schemas for the values of settings. A schema takes the text that a person typed. Its message
 * follows the name of the setting, as in "SEEN_PORT is not a whole number".
 *
 * Not here: the settings (`settings.ts`).
 */
import { z } from 'zod';
import { networkIn } from '../network.ts';
import { type Hosts, isService, SERVICES, type Service } from '../services/services.ts';
import { storeUrlMistake } from './store-url.ts';

/** A whole number from `min` to `max`, of up to twelve digits. */
export function numberSetting(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,12}$/, `is not a whole number`)
    .transform(Number)
    .pipe(z.number().min(min, `is less than ${min}`).max(max, `is more than ${max}`));
}

/** A value that may be left out. */
export function optional(
  schema: z.ZodType<string, string>,
): z.ZodType<string | undefined, string> {
  return schema.optional() as unknown as z.ZodType<string | undefined, string>;
}

/** One of `words`. */
export function oneOf<const T extends readonly string[]>(...words: T) {
  return z
    .string()
    .refine((word) => words.includes(word), `is not one of ${words.join(', ')}`)
    .transform((word) => word as T[number]);
}

/** The URL of a store. */
export const storeUrl = z.string().superRefine((text, context) => {
  const mistake = storeUrlMistake(text);
  if (mistake !== undefined) context.addIssue({ code: 'custom', message: mistake });
});

/** Certificates in PEM. */
export const certificates = z
  .string()
  .refine(
    (pem) => pem.includes('-----BEGIN CERTIFICATE-----'),
    'holds no certificate (PEM). To name a file, use SEEN_STORE_CA_FILE',
  );

/** Any text that is not empty. */
export const text = z.string().min(1, 'is empty');

/** Addresses and networks, with commas between them. They become an array. */
export const networks = z
  .string()
  .transform((list) => list.split(',').flatMap((entry) => entry.trim() || []))
  .refine(
    (list) => list.every((entry) => networkIn(entry) !== undefined),
    'is not a list of addresses and networks, as in 10.0.0.2,10.1.0.0/24',
  );

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/** Host names and their services, as in `count.example.com=countapi,hits.example.com=abacus`. */
export const hosts = z.string().transform((list, context): Hosts => {
  const found = new Map<string, Service>();
  for (const entry of list.split(',').flatMap((part) => part.trim() || [])) {
    const [, host = '', service = ''] = /^([^=]*)=?([^=]*)$/.exec(entry.toLowerCase()) ?? [];
    const mistake = mistakeInHost(host, service, found);
    if (mistake !== undefined) context.addIssue({ code: 'custom', message: mistake });
    else if (isService(service)) found.set(host, service);
  }
  return found;
});

function mistakeInHost(host: string, service: string, found: Hosts): string | undefined {
  if (!HOST_NAME.test(host))
    return 'is not a list of HOST=SERVICE, with host names without ports, as in count.example.com=countapi,hits.example.com=abacus';
  if (!isService(service))
    return `gives ${host} no service that Seen knows. Use one of ${SERVICES.join(', ')}`;
  return found.has(host) ? `has ${host} twice. A host serves one service` : undefined;
}

/** Room for the longest name that Swarm gives a task: service (63), slot and id (25). */
export const REPLICA_NAME_MAX = 128;

/** The name of a replica. */
export const replicaName = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9_.-]{1,${REPLICA_NAME_MAX}}$`),
    `is not a name: use up to ${REPLICA_NAME_MAX} letters, digits, "_", "." and "-"`,
  );

/** The installation's token. It may be left out. */
export const token = optional(
  z
    .string()
    .regex(
      /^[\u0021-\u007E]{16,255}$/,
      'is not a token: use 16 to 255 visible characters without blanks',
    ),
);

/** The path of the script for other pages. */
export const scriptPath = z.string().regex(
  // `/page.js`, `/new.js` and `/manage.js` are scripts of Seen's own pages.
  /^(?!\/(?:page|new|manage)\.js$)\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,59}\.js$/,
  'is not a valid path: use / and up to 60 letters, digits, "_", "." and "-", then .js',
);
