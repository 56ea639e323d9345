/** The pods that objects start, and what is given to their container. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../program.ts';
import type { ObjectOf, Objects } from './objects.ts';

type Template = NonNullable<NonNullable<ObjectOf<'Deployment'>['spec']>['template']>;
/** What a pod is made of. */
export type PodSpec = NonNullable<Template['spec']>;
export type Container = PodSpec['containers'][number];

/** The pods of one controller, or a pod by itself. */
export interface PodOf {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly container: Container;
}

/** The pods of all controllers, and those by themselves. Each has one container. */
export function podsOf(objects: Objects): PodOf[] {
  const controllers = [...objects.every('Deployment'), ...objects.every('StatefulSet')].map(
    ({ metadata, spec }) => ({ name: metadata?.name, template: spec?.template }),
  );
  const alone = objects.every('Pod').map((pod) => ({ name: pod.metadata?.name, template: pod }));
  return [...controllers, ...alone].map(({ name = '', template }) => {
    const { metadata, spec } = template ?? {};
    const [container, ...more] = spec?.containers ?? [];
    if (spec === undefined || container === undefined || more.length > 0)
      throw new Error(`${name} has not one container`);
    return { name, labels: metadata?.labels ?? {}, spec, container };
  });
}

/** The variables that a container gets: those of the ConfigMaps and its own. */
export function environmentOf(objects: Objects, container: Container): Record<string, string> {
  const shared = (container.envFrom ?? []).map(
    ({ configMapRef }) => objects.the('ConfigMap', configMapRef?.name ?? '').data ?? {},
  );
  const own = (container.env ?? []).map(({ name, value = '' }) => [name, value]);
  return Object.assign({}, ...shared, Object.fromEntries(own)) as Record<string, string>;
}

/** The variables that the image sets. */
export function environmentOfImage(): Record<string, string> {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const [, text = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(dockerfile) ?? [];
  return Object.fromEntries(text.split(/\s+\\?\s*/).map((pair) => pair.split('=')));
}
