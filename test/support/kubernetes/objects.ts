/**
 * The objects in `deploy/kubernetes/`: rendered by kubectl, and checked against the schemas of
 * Kubernetes' API. kubernetes-models has those of Kubernetes 1.36.0, as functions.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Pod } from 'kubernetes-models/v1/Pod';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { ROOT } from '../program.ts';
import { kubectl } from './kubectl.ts';

/** The kinds that we use. */
const MODELS = [
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  Namespace,
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodMonitor,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
] as const;

type Model = InstanceType<(typeof MODELS)[number]>;
/** The name of a kind. */
export type Kind = Model['kind'];
/** An object of this kind. */
export type ObjectOf<K extends Kind> = Extract<Model, { kind: K }>;
/** An object of any kind. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The folder of the objects. */
export const FOLDER = 'deploy/kubernetes';
/** The overlays that people deploy. */
export const OVERLAYS = ['sqlite', 'redis', 'postgres'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** Several objects. */
export class Objects {
  readonly all: readonly AnyObject[];

  constructor(all: readonly AnyObject[]) {
    this.all = all;
  }

  /** What `kubectl kustomize` makes of a folder. */
  static async render(folder: string): Promise<Objects> {
    const text = await Bun.$`${await kubectl()} kustomize ${folder}`.cwd(ROOT).quiet().text();
    return new Objects(objectsIn(text));
  }

  /** What is deployed with an overlay. */
  static of(overlay: Overlay): Promise<Objects> {
    return Objects.render(`${FOLDER}/overlays/${overlay}`);
  }

  /** The objects in a file that is applied by itself. */
  static file(path: string): Objects {
    return new Objects(objectsIn(readFileSync(join(ROOT, path), 'utf8')));
  }

  /** All objects of a kind. */
  every<K extends Kind>(kind: K): readonly ObjectOf<K>[] {
    return this.all.filter((object) => object.kind === kind) as unknown as ObjectOf<K>[];
  }

  /** The object of this kind and name. */
  the<K extends Kind>(kind: K, name: string): ObjectOf<K> {
    const found = this.every(kind).find(({ metadata }) => metadata?.name === name);
    if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
    return found;
  }

  /** The names of the objects of a kind. */
  names(kind: Kind): string[] {
    return this.all.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  }
}

/** The objects in a text of YAML. */
export function objectsIn(text: string): AnyObject[] {
  const parsed = Bun.YAML.parse(text) as AnyObject | AnyObject[];
  return Array.isArray(parsed) ? parsed : [parsed];
}

/** What Kubernetes would refuse in an object: wrong values, what is missing, unknown fields. */
export function mistakesIn(object: AnyObject): string[] {
  const model = MODELS.find(
    ({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind,
  );
  if (model === undefined) return [`no schema for ${object.apiVersion} ${object.kind}`];
  const unread = new Set<string>();
  try {
    model.prototype.validate.call(watched(object, '', unread));
  } catch (error) {
    return [String(error)];
  }
  return [...unread].map((path) => `${path} is not known`);
}

/**
 * Each field whose value nobody has read is in `unread`, by its path. The functions of
 * kubernetes-models let unknown fields pass, but they read every field that they know.
 */
function watched<T extends object>(object: T, path: string, unread: Set<string>): T {
  for (const key of Object.keys(object)) unread.add(`${path}/${key}`);
  return new Proxy(object, {
    get(target, key, receiver) {
      const at = `${path}/${String(key)}`;
      unread.delete(at);
      const value: unknown = Reflect.get(target, key, receiver);
      return typeof value === 'object' && value !== null ? watched(value, at, unread) : value;
    },
  });
}
