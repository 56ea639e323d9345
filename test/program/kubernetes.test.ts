/**
 * The files in `deploy/kubernetes/`, as kubectl renders them: Kubernetes' API would accept them,
 * they agree with each other, with Seen's settings, and with the stack.
 *
 * Not here: whether Seen runs with them (`kubernetes-pod.test.ts`), and the document.
 */
import { beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import project from '../../package.json' with { type: 'json' };
import { type Config, readConfig } from '../../src/config/config.ts';
import { kubectl } from '../support/kubernetes/kubectl.ts';
import {
  type AnyObject,
  FOLDER,
  mistakesIn,
  Objects,
  OVERLAYS,
  type Overlay,
} from '../support/kubernetes/objects.ts';
import {
  type Container,
  environmentOf,
  environmentOfImage,
  type PodSpec,
  podsOf,
} from '../support/kubernetes/pods.ts';
import { ROOT } from '../support/program.ts';

type Labels = Readonly<Record<string, string>>;
interface Service {
  readonly command?: string;
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly deploy?: { readonly resources: { readonly limits: { readonly memory: string } } };
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const servicesIn = (path: string) =>
  (Bun.YAML.parse(read(path)) as { readonly services: Readonly<Record<string, Service>> })
    .services;
const stack = servicesIn('docker-compose.yml');

/** Applied by hand, because these outlive what is deployed. */
const BY_HAND = ['namespace.yml', 'overlays/sqlite/volume.yml'].map((file) => `${FOLDER}/${file}`);
const RESTORE = ['sqlite', 'redis'].map((overlay) => `${FOLDER}/overlays/${overlay}/restore.yml`);
/** Where there are several replicas. */
const MANY = ['redis', 'postgres'] as const;

const rendered = {} as Record<Overlay, Objects>;
let monitoring: Objects;

beforeAll(async () => {
  await kubectl();
  for (const overlay of OVERLAYS) rendered[overlay] = await Objects.of(overlay);
  // A component's own objects.
  monitoring = new Objects(
    ['pod-monitor', 'network'].flatMap(
      (name) => Objects.file(`${FOLDER}/components/monitoring/${name}.yml`).all,
    ),
  );
});

const webOf = (objects: Objects) => {
  const pod = podsOf(objects).find(({ name }) => name === 'web');
  if (pod === undefined) throw new Error('there is no pod of web');
  return pod;
};

/** Seen's settings in a container, without those in files, which are not here. */
function settingsOf(objects: Objects): Config {
  const env = { ...environmentOfImage(), ...environmentOf(objects, webOf(objects).container) };
  return readConfig({
    argv: [],
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('_FILE'))),
  });
}

describe('Kubernetes’ API accepts', () => {
  for (const overlay of OVERLAYS) {
    test(`each object of the overlay ${overlay}, in the namespace seen`, () => {
      const { all } = rendered[overlay];
      expect(all.length).toBeGreaterThan(6);
      for (const object of all) {
        const { name, namespace } = object.metadata;
        expect({ name, mistakes: mistakesIn(object) }).toEqual({ name, mistakes: [] });
        expect(namespace).toBe('seen');
      }
    });
  }

  test('the objects that are applied by hand, to restore a backup, or for Prometheus', () => {
    const files = [...BY_HAND, ...RESTORE].map((file) => Objects.file(file));
    const objects = [...files, monitoring].flatMap(({ all }) => all);
    expect(objects).toHaveLength(6);
    for (const object of objects) {
      const { name } = object.metadata;
      expect({ name, mistakes: mistakesIn(object) }).toEqual({ name, mistakes: [] });
    }
  });

  test('nothing that has a wrong value, an unknown field, or lacks one', () => {
    const broken: [string, (spec: PodSpec, container: Container) => unknown][] = [
      ['livenessProb', (_, container) => Object.assign(container, { livenessProb: {} })],
      [
        'runAsNonroot',
        (spec) => Object.assign(spec.securityContext ?? {}, { runAsNonroot: true }),
      ],
      [
        'containerPort',
        (_, container) => Object.assign(container.ports?.[0] ?? {}, { containerPort: 'x' }),
      ],
      ['name', (_, container) => Reflect.deleteProperty(container, 'name')],
      ['restartPolicy', (spec) => Object.assign(spec, { restartPolicy: 'Sometimes' })],
    ];
    for (const [word, breakIt] of broken) {
      const objects = new Objects(structuredClone(rendered.redis.all) as AnyObject[]);
      const { spec, container } = webOf(objects);
      breakIt(spec, container);
      const mistakes = objects.all.flatMap(mistakesIn);
      expect({ word, said: mistakes.join() }).toEqual({
        word,
        said: expect.stringContaining(word),
      });
    }
    expect(mistakesIn({ apiVersion: 'v2', kind: 'Pod', metadata: { name: 'x' } })).not.toEqual([]);
  });
});

/** The names that a selector selects among the pods. */
const selected = (objects: Objects, wanted: Labels = {}) =>
  podsOf(objects)
    .filter(({ labels }) => Object.entries(wanted).every(([key, value]) => labels[key] === value))
    .map(({ name }) => name);

describe('objects name each other as they are', () => {
  test('controllers, Services, budgets and the spreading select the pods of their name', () => {
    for (const overlay of OVERLAYS) {
      const objects = rendered[overlay];
      for (const { metadata, spec } of [
        ...objects.every('Deployment'),
        ...objects.every('StatefulSet'),
        ...objects.every('PodDisruptionBudget'),
      ])
        expect(selected(objects, spec?.selector?.matchLabels)).toEqual([metadata?.name ?? '']);
      for (const { metadata, spec } of objects.every('Service'))
        expect(selected(objects, spec?.selector)).toEqual([metadata?.name ?? '']);
      for (const { name, spec } of podsOf(objects))
        for (const { labelSelector } of spec.topologySpreadConstraints ?? [])
          expect(selected(objects, labelSelector?.matchLabels)).toEqual([name]);
    }
    const [monitor] = monitoring.every('PodMonitor');
    expect(selected(rendered.redis, monitor?.spec.selector.matchLabels)).toEqual(['web']);
  });

  test('the Ingress leads to a port of the Service, and that to a port of the container', () => {
    for (const objects of Object.values(rendered)) {
      for (const { metadata, spec } of objects.every('Service')) {
        const pod = podsOf(objects).find(({ name }) => name === metadata?.name);
        const named = pod?.container.ports?.map(({ name }) => name) ?? [];
        for (const { targetPort } of spec?.ports ?? []) expect(named).toContain(`${targetPort}`);
      }
      const { spec } = objects.the('Ingress', 'web');
      const backend = spec?.rules?.[0]?.http?.paths[0]?.backend.service;
      const ports = objects.the('Service', backend?.name ?? '').spec?.ports ?? [];
      expect(ports.map(({ name }) => name)).toEqual([backend?.port?.name]);
      expect(spec?.tls?.flatMap(({ hosts }) => hosts)).toEqual(
        spec?.rules?.map(({ host }) => host),
      );
    }
    const [endpoint] = monitoring.every('PodMonitor')[0]?.spec.podMetricsEndpoints ?? [];
    const ports = webOf(rendered.redis).container.ports ?? [];
    expect(ports.map(({ name }) => name)).toContain(endpoint?.port);
  });

  test('each mount has its volume, and each volume its claim or secret, or deploy/secrets.sh makes it', () => {
    const secrets = new Set(
      [...read('deploy/secrets.sh').matchAll(/\bkeep (\w+)/g)].map(([, key]) => key),
    );
    for (const overlay of OVERLAYS) {
      for (const { spec, container } of podsOf(rendered[overlay])) {
        const volumes = spec.volumes?.map(({ name }) => name) ?? [];
        const templates = rendered[overlay]
          .every('StatefulSet')
          .flatMap((set) => set.spec?.volumeClaimTemplates ?? []);
        const claims = new Set(templates.map(({ metadata }) => metadata?.name ?? ''));
        const mounted = container.volumeMounts?.map(({ name }) => name) ?? [];
        expect(mounted.filter((name) => !claims.has(name)).toSorted()).toEqual(volumes.toSorted());
        for (const { secret } of spec.volumes ?? []) {
          if (secret?.secretName === undefined) continue;
          const [, key = ''] = /^seen-(.*)-1$/.exec(secret.secretName) ?? [];
          expect([...secrets]).toContain(key.replaceAll('-', '_'));
        }
      }
    }
    const claimed = podsOf(rendered.sqlite).flatMap(({ spec }) => spec.volumes ?? []);
    expect(claimed.find(({ name }) => name === 'data')?.persistentVolumeClaim?.claimName).toBe(
      Objects.file(BY_HAND[1] ?? '').names('PersistentVolumeClaim')[0],
    );
  });

  test('a file of a setting is a key of the secret that is mounted there', () => {
    const paths = OVERLAYS.flatMap((overlay) => {
      const { spec, container } = webOf(rendered[overlay]);
      return Object.entries(environmentOf(rendered[overlay], container))
        .filter(([name]) => name.endsWith('_FILE'))
        .map(([name, path]) => {
          const mount = container.volumeMounts?.find(({ mountPath }) =>
            path.startsWith(`${mountPath}/`),
          );
          const volume = spec.volumes?.find(({ name: own }) => own === mount?.name);
          const key = path.slice(path.lastIndexOf('/') + 1);
          expect(volume?.secret?.secretName).toBe(`seen-${key.replaceAll('_', '-')}-1`);
          return name;
        });
    });
    expect(paths).toEqual(
      ['TOKEN', 'STORE_URL', 'TOKEN', 'STORE_URL', 'TOKEN'].map((name) => `SEEN_${name}_FILE`),
    );
  });

  test('the pods that restore a backup have the volume of the counts, as its user', () => {
    for (const [at, overlay] of (['sqlite', 'redis'] as const).entries()) {
      const [restore] = podsOf(Objects.file(RESTORE[at] ?? ''));
      const owner = podsOf(rendered[overlay]).find(({ container }) =>
        container.volumeMounts?.some(({ mountPath }) => mountPath === '/data'),
      );
      const claim = restore?.spec.volumes?.[0]?.persistentVolumeClaim?.claimName;
      expect(claim).toBe(overlay === 'redis' ? 'data-redis-0' : 'data');
      for (const id of ['runAsUser', 'runAsGroup', 'fsGroup'] as const)
        expect(restore?.spec.securityContext?.[id]).toBe(owner?.spec.securityContext?.[id] ?? 0);
    }
  });

  test('nothing that `kubectl delete -k` deletes holds counts, secrets or the namespace', () => {
    for (const objects of Object.values(rendered)) {
      for (const kind of ['Namespace', 'PersistentVolumeClaim', 'Secret'] as const)
        expect(objects.names(kind)).toEqual([]);
      for (const { spec } of objects.every('StatefulSet'))
        expect(spec?.persistentVolumeClaimRetentionPolicy).toEqual({
          whenDeleted: 'Retain',
          whenScaled: 'Retain',
        });
    }
  });
});

describe('Seen in a pod', () => {
  test('accepts the settings of each overlay, and its address limits are on', () => {
    for (const overlay of OVERLAYS) {
      const { addresses, trustedProxies, requestsPerMinute, replicas } = settingsOf(
        rendered[overlay],
      );
      expect({ addresses, trustedProxies, requestsPerMinute, replicas }).toEqual({
        addresses: 'known',
        trustedProxies: ['10.244.0.0/16'],
        requestsPerMinute: 600,
        replicas: 1,
      });
    }
  });

  test('is asked on the operations port', () => {
    for (const overlay of OVERLAYS) {
      const { container } = webOf(rendered[overlay]);
      const { operationsPort, operationsHost, port } = settingsOf(rendered[overlay]);
      expect(operationsHost).toBe('::');
      expect(container.ports).toEqual([
        { name: 'http', containerPort: port },
        { name: 'operations', containerPort: operationsPort },
      ]);
      const { startupProbe, livenessProbe, readinessProbe } = container;
      const asked = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet);
      expect(asked).toEqual(
        ['/healthz', '/healthz', '/readyz'].map((path) => ({ path, port: 'operations' })),
      );
    }
  });

  test('may start as long as it waits for its store, and is ready as long as visits wait', () => {
    for (const overlay of OVERLAYS) {
      const { container } = webOf(rendered[overlay]);
      const { startMs, waitMs } = settingsOf(rendered[overlay]);
      const lasts = (probe: Container['startupProbe']) =>
        1000 * (probe?.periodSeconds ?? 0) * (probe?.failureThreshold ?? 0);
      expect(lasts(container.startupProbe)).toBeGreaterThan(startMs);
      expect(lasts(container.readinessProbe)).toBeGreaterThan(waitMs);
    }
  });

  test('has time for the pause before a stop, the drain, and the visits that wait', () => {
    for (const overlay of OVERLAYS) {
      const { spec, container } = webOf(rendered[overlay]);
      const { drainMs, waitMs, stopMs } = settingsOf(rendered[overlay]);
      const pauseMs = 1000 * (container.lifecycle?.preStop?.sleep?.seconds ?? 0);
      // Swarm waits two seconds between the load balancer and SIGTERM.
      expect(pauseMs).toBeGreaterThan(2000);
      expect(stopMs).toBeGreaterThan(Math.max(waitMs, drainMs));
      expect(1000 * (spec.terminationGracePeriodSeconds ?? 0)).toBeGreaterThan(pauseMs + stopMs);
    }
  });

  test('is not given variables for Services, of which one named seen would set SEEN_PORT', () => {
    for (const objects of Object.values(rendered))
      for (const { spec } of podsOf(objects)) expect(spec.enableServiceLinks).toBe(false);
    const env = { SEEN_PORT: 'tcp://10.96.0.1:8000', SEEN_SERVICE_HOST: '10.96.0.1' };
    expect(() => readConfig({ argv: [], env })).toThrow('SEEN_PORT');
  });

  test('obeys Kubernetes’ strictest rules for pods, and has no token of the cluster', () => {
    const [label] = Objects.file(BY_HAND[0] ?? '').every('Namespace');
    expect(label?.metadata?.labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted');
    const pods = [
      ...Object.values(rendered),
      ...RESTORE.map((file) => Objects.file(file)),
    ].flatMap(podsOf);
    expect(pods).toHaveLength(6);
    for (const { spec, container } of pods) {
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      // https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
      const kinds = spec.volumes?.flatMap((volume) =>
        Object.keys(volume).filter((key) => key !== 'name'),
      );
      expect(['secret', 'persistentVolumeClaim']).toEqual(expect.arrayContaining(kinds ?? []));
      for (const key of ['hostNetwork', 'hostPID', 'hostIPC'])
        expect(spec).not.toHaveProperty(key);
    }
    for (const { automountServiceAccountToken } of rendered.redis.every('ServiceAccount'))
      expect(automountServiceAccountToken).toBe(false);
  });
});

describe('how many replicas there are', () => {
  test('several: scaled, and one at a time may be missing on purpose', () => {
    for (const overlay of MANY) {
      const { spec } = rendered[overlay].the('HorizontalPodAutoscaler', 'web');
      const { kind, name } = spec?.scaleTargetRef ?? {};
      expect({ kind, name, ...rendered[overlay].the('Deployment', 'web').spec }).toMatchObject({
        kind: 'Deployment',
        name: 'web',
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      });
      // The autoscaler's number: a file with another would reset it at each `kubectl apply`.
      expect(rendered[overlay].the('Deployment', 'web').spec).not.toHaveProperty('replicas');
      const budget = rendered[overlay].the('PodDisruptionBudget', 'web').spec;
      expect(budget?.maxUnavailable).toBeLessThan(spec?.minReplicas ?? 0);
    }
  });

  test('SQLite: one, replaced only when it has left its volume, and nothing that blocks the draining of its node', () => {
    const { spec } = rendered.sqlite.the('Deployment', 'web');
    expect(spec?.replicas).toBe(1);
    expect(spec?.strategy).toEqual({ type: 'Recreate' });
    expect(rendered.sqlite.names('HorizontalPodAutoscaler')).toEqual([]);
    expect(rendered.sqlite.names('PodDisruptionBudget')).toEqual([]);
    const { storeUrl } = settingsOf(rendered.sqlite);
    const mounts = webOf(rendered.sqlite).container.volumeMounts ?? [];
    expect(storeUrl).toBe('sqlite:/data/seen.db');
    expect(mounts.map(({ mountPath }) => mountPath)).toContain('/data');
  });

  test('Redis: one, and no budget', () => {
    expect(rendered.redis.the('StatefulSet', 'redis').spec?.replicas).toBe(1);
    expect(rendered.redis.names('PodDisruptionBudget')).toEqual(['web']);
  });
});

describe('as in the stack', () => {
  const redisOf = () =>
    podsOf(rendered.redis).find(({ name }) => name === 'redis')?.container as Container;

  test('are the image of Redis and the version of Seen', () => {
    expect(redisOf().image).toBe(stack['redis']?.image ?? '');
    for (const objects of Object.values(rendered))
      expect(webOf(objects).container.image).toBe(`seen:${project.version}`);
    for (const file of RESTORE)
      expect(podsOf(Objects.file(file))[0]?.container.image).toBe(stack['redis']?.image ?? '');
  });

  test('are the options of Redis, except that the file of its users must exist', () => {
    const [shell = '', flag = '', words = ''] = redisOf().args ?? [];
    const [, , inStack = ''] =
      /^(sh) (-fc '(.*)')$/s.exec(stack['redis']?.command?.trim() ?? '') ?? [];
    expect(`${flag} '${words}'`).toBe(inStack.replace('redis_users*', 'redis_users/redis_users'));
    expect(shell).toBe('sh');
    const mount = redisOf().volumeMounts?.find(({ name }) => name === 'redis-users');
    expect(words).toEndWith(`--include ${mount?.mountPath}/redis_users`);
  });

  test('are the limits of memory', () => {
    const limit = (name: string) =>
      stack[name]?.deploy?.resources.limits.memory.replace('M', 'Mi');
    expect(redisOf().resources?.limits?.['memory']).toBe(limit('redis') ?? '');
    for (const objects of Object.values(rendered))
      expect(webOf(objects).container.resources?.limits?.['memory']).toBe(limit('web') ?? '');
  });

  test('are the settings of Seen on Redis, and the limits of addresses of Caddy', () => {
    const given = environmentOf(rendered.redis, webOf(rendered.redis).container);
    const {
      SEEN_STORE_URL: _url,
      SEEN_REPLICA_NAME: _name,
      SEEN_ADDRESSES: _hidden,
      ...same
    } = stack['web']?.environment ?? {};
    for (const [name, value] of Object.entries(same)) expect(given[name]).toBe(`${value}`);
    const edge = servicesIn('deploy/edge.yml')['web']?.environment ?? {};
    for (const name of ['SEEN_REQUESTS_PER_MINUTE', 'SEEN_NEW_COUNTERS_PER_DAY'])
      expect(`${edge[name]}`).toContain(`:-${given[name]}}`);
    const wait = servicesIn('deploy/high-availability.yml')['web']?.environment?.['SEEN_WAIT_MS'];
    expect(settingsOf(rendered.postgres).waitMs).toBe(Number(wait));
  });
});

interface Peer {
  readonly namespaceSelector?: { readonly matchLabels?: Labels };
  readonly podSelector?: { readonly matchLabels?: Labels };
}

/** What the policies allow, a line each: who, with whom, and on which ports. */
function allowed(objects: Objects): string[] {
  const peers = (list: readonly Peer[] | undefined) =>
    list?.map(({ namespaceSelector, podSelector }) =>
      Object.values({ ...namespaceSelector?.matchLabels, ...podSelector?.matchLabels }).join('/'),
    ) ?? ['anybody'];
  return objects
    .every('NetworkPolicy')
    .flatMap(({ spec }) => {
      const pods = Object.values(spec?.podSelector?.matchLabels ?? {}).join() || 'all';
      const ports = (list: readonly { port?: number | string; protocol?: string }[] = []) =>
        list.map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`).join('+');
      return [
        ...(spec?.ingress ?? []).flatMap((rule) =>
          peers(rule.from).map((from) => `${from} → ${pods} ${ports(rule.ports)}`),
        ),
        ...(spec?.egress ?? []).flatMap((rule) =>
          peers(rule.to).map((to) => `${pods} → ${to} ${ports(rule.ports)} (out)`),
        ),
      ];
    })
    .toSorted();
}

describe('the network', () => {
  const always = [
    'ingress-nginx/controller/ingress-nginx → true 8089/TCP',
    'ingress-nginx/controller/ingress-nginx → web 8000/TCP',
    'web → kube-system/kube-dns 53/UDP+53/TCP (out)',
  ];

  test('allows visits and names, and with each store what it needs, and nothing else', () => {
    expect(allowed(rendered.sqlite)).toEqual(always);
    expect(allowed(rendered.redis)).toEqual(
      [...always, 'web → redis 6379/TCP', 'web → redis 6379/TCP (out)'].toSorted(),
    );
    expect(allowed(rendered.postgres)).toEqual(
      [...always, 'web → anybody 5432/TCP (out)'].toSorted(),
    );
    expect(allowed(monitoring)).toEqual(['monitoring/prometheus → web 9100/TCP']);
  });

  test('denies the rest to each pod of the namespace, in both directions', () => {
    for (const objects of Object.values(rendered))
      expect(objects.the('NetworkPolicy', 'nothing').spec).toEqual({
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
      });
  });
});

describe('the Ingress', () => {
  test('sends nothing twice, and keeps streams open and unbuffered', () => {
    const { metadata } = rendered.redis.the('Ingress', 'web');
    const said = Object.entries(metadata?.annotations ?? {}).map(([name, value]) => [
      name.replace('nginx.ingress.kubernetes.io/', ''),
      value,
    ]);
    expect(Object.fromEntries(said)).toMatchObject({
      'proxy-next-upstream': 'off',
      'proxy-buffering': 'off',
      'proxy-read-timeout': expect.stringMatching(/^\d+$/),
    });
  });
});
