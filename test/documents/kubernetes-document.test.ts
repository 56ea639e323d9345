/**
 * docs/kubernetes.md, without a cluster: kubectl parses every command and then finds no server,
 * and what a command names is in the files that are applied. Its commands of Swarm are those of
 * the documents that are run on one.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../src/config/config.ts';
import { pathWith, quoted } from '../support/bin.ts';
import { temporaryFolder } from '../support/folder.ts';
import { kubectl } from '../support/kubernetes/kubectl.ts';
import {
  type AnyObject,
  FOLDER,
  mistakesIn,
  Objects,
  OVERLAYS,
} from '../support/kubernetes/objects.ts';
import { environmentOf, podsOf } from '../support/kubernetes/pods.ts';
import { ROOT } from '../support/program.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const text = read('docs/kubernetes.md');
const fences = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, block = '']) => block,
  );
const spans = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)].map(
  ([, span = '']) => span.replaceAll(String.raw`\|`, '|'),
);

/** The text mentions these, which are not whole commands. */
const MENTIONED = new Set([
  'kubectl apply -k',
  'kubectl delete -k',
  'kubectl get secret -o yaml',
  'kubectl port-forward',
  'kubectl scale deployment web',
]);
/** What is typed: blocks of lines, and commands within the text. */
const typed = [
  ...fences('bash'),
  ...spans.filter((span) => /^(kubectl|sh deploy\/\S+ --kub)/.test(span) && !MENTIONED.has(span)),
];
const [mine = '', rotation = '', ours = '', theirs = ''] = fences('yaml');

const folder = temporaryFolder();
/** Where the commands run: a copy of what they need, so that nothing of the project is changed. */
const place = join(folder.path, 'place');
/** Every call of kubectl, and what came of it. */
interface Call {
  readonly words: readonly string[];
  readonly status: number;
  readonly said: string;
}
const calls: Call[] = [];
let path = '';
let applied: Objects;

/** Notes its words, and what the real kubectl says to them where no cluster is. */
const standIn = (real: string) => `notes=${quoted(folder.path)}
number=$(ls "$notes/calls" | wc -l)
printf '%s\\0' "$@" > "$notes/calls/$number"
case "$1 $2 $3 $4" in
  *"get secret") exit 1 ;; # asked by deploy/secrets.sh: it is new
  *"create secret") set -- "$@" --dry-run=client ;;
esac
timeout 60 ${quoted(real)} "$@" > "$notes/said/$number" 2>&1 < /dev/null
echo $? > "$notes/status/$number"`;
/** As much of the users of Redis as deploy/secrets.sh needs of an earlier file. */
const USERS = ['seen', 'metrics']
  .map((name) => `user ${name} on #${'0'.repeat(64)} ~x\n`)
  .join('');
/** A cluster that is not there. */
const CONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'none', cluster: { server: 'http://127.0.0.1:9' } }],
  contexts: [{ name: 'none', context: { cluster: 'none' } }],
  'current-context': 'none',
};

beforeAll(async () => {
  for (const name of ['place', 'calls', 'said', 'status', 'place/mine', 'home'])
    mkdirSync(join(folder.path, name));
  cpSync(join(ROOT, 'deploy'), join(place, 'deploy'), { recursive: true });
  writeFileSync(join(place, 'mine/kustomization.yml'), mine);
  for (const file of ['seen-backup.tar.gz', 'seen-backup.db', 'url', 'ca.crt'])
    writeFileSync(join(place, file), 'something');
  writeFileSync(join(folder.path, 'config'), JSON.stringify(CONFIG));
  path = pathWith(folder.path, { kubectl: standIn(await kubectl()) });
  const files = ['namespace', 'overlays/sqlite/volume', 'overlays/redis/restore'];
  const all = [
    ...(await Promise.all(OVERLAYS.map((overlay) => Objects.of(overlay)))),
    ...files.map((name) => Objects.file(`${FOLDER}/${name}.yml`)),
  ];
  applied = new Objects(all.flatMap((objects) => objects.all));
});

afterAll(() => folder[Symbol.dispose]());

/** Types a command or a block of them; answers its calls of kubectl. */
async function type(commands: string): Promise<Call[]> {
  const ran = () => [...new Bun.Glob('*').scanSync(join(folder.path, 'calls'))].length;
  const before = ran();
  // A command before may have written it, and has got nothing from a cluster.
  writeFileSync(join(place, 'users'), USERS);
  const env = {
    PATH: path,
    HOME: join(folder.path, 'home'),
    KUBECONFIG: join(folder.path, 'config'),
  };
  await Bun.$`sh -c ${commands}`.cwd(place).env(env).quiet().nothrow();
  const numbers = Array.from({ length: ran() - before }, (_, index) => before + index);
  return numbers.map((number) => {
    const of = (what: string) => join(folder.path, what, `${number}`);
    const words = readFileSync(of('calls'), 'utf8').split('\0').slice(0, -1);
    if (words[2] === 'get' && words[3] === 'secret') return { words, status: 0, said: '' };
    const said = readFileSync(of('said'), 'utf8');
    return { words, status: Number(readFileSync(of('status'), 'utf8')), said };
  });
}

describe('docs/kubernetes.md', () => {
  test('has kubectl parse each command: the only mistake is that there is no cluster', async () => {
    expect(typed.length).toBeGreaterThan(50);
    for (const commands of new Set(typed)) {
      const made = await type(commands);
      expect({ commands, made: made.length > 0 }).toEqual({ commands, made: true });
      for (const { words, status, said } of made) {
        const fine = status === 0 || /refused/.test(said);
        expect({ words, fine, said: fine ? '' : said }).toEqual({ words, fine: true, said: '' });
      }
      calls.push(...made);
    }
  });

  test('names only what is in the files', () => {
    const wrong = calls.flatMap(({ words }) => missingIn(words, applied));
    expect(wrong).toEqual([]);
    expect(calls.length).toBeGreaterThan(60);
  });

  test('a command with a wrong flag or name is noticed', async () => {
    for (const command of [
      'kubectl -n seen get pods --no-such',
      'kubectl -n seen rollout dance x/y',
    ]) {
      const [call] = await type(command);
      expect(call?.status).not.toBe(0);
      expect(call?.said).not.toContain('refused');
    }
    for (const command of [
      '-n other get pods',
      '-n seen get deployment/wob',
      '-n seen delete pod redis-1',
      '-n seen delete pod -l app=wob',
      '-n seen scale statefulset web --replicas=0',
      '-n seen set image deployment/web wob=seen:1',
      '-n seen exec deployment/web -- cat /run/secrets/tokens/token',
      '-n seen create secret generic seen-other-1 --from-file=other=url',
      'apply -k deploy/kubernetes/overlays/none',
    ])
      expect({ command, missing: missingIn(command.split(' '), applied).length }).toEqual({
        command,
        missing: 1,
      });
  });

  test('names commands of Swarm that the other documents run', () => {
    const documents = ['guide', 'operations', 'high-availability'].map((name) =>
      read(`docs/${name}.md`),
    );
    // Draining a node is in test/stack/faults.test.ts.
    const elsewhere = ['docker node update --availability'];
    const swarm = spans.filter((span) => /^docker \w+ .*(mystack|node |stackdemo)/.test(span));
    expect(swarm.length).toBeGreaterThan(20);
    for (const command of swarm.filter(
      (span) => !elsewhere.some((begin) => span.startsWith(begin)),
    ))
      expect({ command, known: documents.some((document) => document.includes(command)) }).toEqual(
        {
          command,
          known: true,
        },
      );
  });

  test('shows a kustomization whose image, settings, name and metrics are used', async () => {
    const objects = await rendered(mine);
    for (const object of objects.all) expect(mistakesIn(object)).toEqual([]);
    const [web] = podsOf(objects);
    expect(web?.container.image).toStartWith('registry.example.org/seen:');
    expect(environmentOf(objects, web?.container ?? { name: '' })).toMatchObject({
      SEEN_TRUSTED_PROXIES: '10.42.0.0/16',
      SEEN_COUNTERS: 'closed',
      SEEN_WAIT_MS: '15000',
    });
    const { rules, tls } = objects.the('Ingress', 'web').spec ?? {};
    expect([rules?.[0]?.host, tls?.[0]?.hosts]).toEqual([
      'count.example.com',
      ['count.example.com'],
    ]);
    expect(objects.names('PodMonitor')).toEqual(['web']);
    expect(objects.names('NetworkPolicy')).toContain('prometheus-to-web');
  });

  test('shows how to name secrets with other numbers, which changes nothing else', async () => {
    const before = await rendered(mine.slice(0, mine.indexOf('patches:')));
    const after = await rendered(mine.replace(/^patches:\n/m, rotation));
    const names = (objects: Objects) => JSON.stringify(podsOf(objects));
    expect(names(after)).not.toBe(names(before));
    expect(names(after)).toBe(
      names(before)
        .replaceAll('seen-store-url-1', 'seen-store-url-2')
        .replaceAll('seen-redis-users-1', 'seen-redis-users-2'),
    );
  });

  test('shows how to trust an authority of PostgreSQL, and to narrow the policy to its namespace', async () => {
    const objects = await rendered(ours);
    for (const object of objects.all) expect(mistakesIn(object)).toEqual([]);
    const [web] = podsOf(objects);
    const env = environmentOf(objects, web?.container ?? { name: '' });
    const mount = web?.container.volumeMounts?.find(({ name }) => name === 'store-ca');
    expect(env['SEEN_STORE_CA_FILE']).toBe(`${mount?.mountPath}/ca.crt`);
    const secret = web?.spec.volumes?.find(({ name }) => name === 'store-ca')?.secret?.secretName;
    expect(typed.join('\n')).toContain(`create secret generic ${secret} --from-file=ca.crt=`);
    const [{ to } = { to: [] }] =
      objects.the('NetworkPolicy', 'web-to-postgres').spec?.egress ?? [];
    const { namespace } = (Bun.YAML.parse(theirs) as AnyObject).metadata;
    expect(to?.[0]?.namespaceSelector?.matchLabels).toEqual({
      'kubernetes.io/metadata.name': namespace ?? '',
    });
    const url = spans.find((span) => span.startsWith('postgres://')) ?? '';
    expect(readConfig({ argv: [], env: { SEEN_STORE_URL: url } }).storeUrl).toBe(url);
    expect(url).toContain(
      `@${(Bun.YAML.parse(theirs) as AnyObject).metadata.name}-rw.${namespace}:`,
    );
  });

  test('states how long a replica takes to stop, and keeps idle connections, as the settings say', async () => {
    const idle = OVERLAYS.map((overlay) => Objects.of(overlay));
    const seconds = (await Promise.all(idle)).map((objects) => {
      const [web] = podsOf(objects);
      const { waitMs, storeTimeoutMs } = readConfig({
        argv: [],
        env: environmentWithoutFiles(objects, web?.container ?? { name: '' }),
      });
      // As commands/compose/replica.ts and http/server.ts add it up.
      return (2 * (waitMs + storeTimeoutMs)) / 1000 + 10;
    });
    const [sqlite, redis, postgres] = seconds;
    expect(text).toContain(
      `after ${sqlite} s (SQLite), ${redis} s (Redis) or ${postgres} s (PostgreSQL)`,
    );
    const [, keepalive = ''] = /upstream-keepalive-timeout: "(\d+)"/.exec(text) ?? [];
    expect(Number(keepalive)).toBeLessThan(Math.min(...seconds));
    const web = podsOf(await Objects.of('redis'))[0];
    const pause = web?.container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    const { drainMs, stopMs } = readConfig({
      argv: [],
      env: environmentWithoutFiles(await Objects.of('redis'), web?.container ?? { name: '' }),
    });
    const rows = [...text.matchAll(/^\| (?:up to )?(\d+) \| /gm)].map(([, time]) => Number(time));
    expect(rows).toEqual([
      0,
      pause,
      pause + drainMs / 1000,
      pause + stopMs / 1000,
      web?.spec.terminationGracePeriodSeconds ?? 0,
    ]);
  });
});

const environmentWithoutFiles = (...of: Parameters<typeof environmentOf>) =>
  Object.fromEntries(
    Object.entries(environmentOf(...of)).filter(([name]) => !name.endsWith('_FILE')),
  );

/** What kubectl makes of a kustomization in `mine`. */
async function rendered(kustomization: string): Promise<Objects> {
  writeFileSync(join(place, 'mine/kustomization.yml'), kustomization);
  try {
    return await Objects.render(join(place, 'mine'));
  } finally {
    writeFileSync(join(place, 'mine/kustomization.yml'), mine);
  }
}

/** Kinds as people write them. */
const KINDS = {
  deployment: 'Deployment',
  deployments: 'Deployment',
  statefulset: 'StatefulSet',
  statefulsets: 'StatefulSet',
  service: 'Service',
  services: 'Service',
  hpa: 'HorizontalPodAutoscaler',
  pod: 'Pod',
  pods: 'Pod',
  pvc: 'PersistentVolumeClaim',
  namespace: 'Namespace',
} as const;
/** A kind, and one that is no file of ours, or a name that a person puts in. */
const NOT_OURS = new Set(['endpointslices', 'secrets', 'secret', 'node', 'nodes', 'NAME']);

/** The labels of pods elsewhere that may visit Seen: those of the ingress controller. */
function controllers(objects: Objects): Readonly<Record<string, string>>[] {
  return objects
    .every('NetworkPolicy')
    .filter(({ metadata }) => metadata?.name === 'web')
    .flatMap(({ spec }) => spec?.ingress ?? [])
    .flatMap(({ from = [] }) => from.map(({ podSelector }) => podSelector?.matchLabels ?? {}));
}

/** What the words of a command name that the files do not have. */
function missingIn(words: readonly string[], objects: Objects): string[] {
  const missing: string[] = [];
  const need = (there: boolean, what: string) => {
    if (!there) missing.push(`${what} in: kubectl ${words.join(' ')}`);
  };
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  const after = (flag: string) => own.flatMap((word, at) => (own[at - 1] === flag ? word : []));
  for (const namespace of after('-n'))
    need(['seen', 'ingress-nginx'].includes(namespace), namespace);
  for (const file of after('-k')) need(kustomizationIn(file), file);
  for (const file of after('-f')) need(file.startsWith('-') || fileIn(file), file);
  for (const label of after('-l').flatMap((list) => list.split(','))) {
    const [key = '', value = ''] = label.split('=');
    const there =
      key === 'kubernetes.io/service-name'
        ? objects.names('Service').includes(value)
        : [...podsOf(objects).map(({ labels }) => labels), ...controllers(objects)].some(
            (labels) => labels[key] === value,
          );
    need(there, label);
  }
  for (const [at, word] of own.entries()) {
    const [kind = '', name = own[at + 1] ?? ''] = word.split('/');
    if (kind in KINDS && !/^-|,/.test(name) && !NOT_OURS.has(name))
      need(name === '' || has(objects, kind as keyof typeof KINDS, name), `${kind} ${name}`);
    const container = /^(\w+)=seen:/.exec(word)?.[1];
    if (container) need(podsOf(objects)[0]?.container.name === container, container);
    if (word === 'generic') need(isSecret(objects, own[at + 1] ?? ''), own[at + 1] ?? '');
  }
  const paths =
    end < 0
      ? []
      : (words
          .slice(end)
          .join(' ')
          .match(/\/(run|data)\/?[\w/]*/g) ?? []);
  const mounts = podsOf(objects).flatMap(({ container }) => container.volumeMounts ?? []);
  for (const file of paths)
    need(
      mounts.some(({ mountPath }) => `${file}/`.startsWith(`${mountPath}/`)),
      file,
    );
  return missing;
}

const fileIn = (file: string) => objectFiles.has(file);
const objectFiles = new Set(new Bun.Glob('deploy/kubernetes/**/*.yml').scanSync(ROOT));
const kustomizationIn = (file: string) =>
  file === 'mine' || objectFiles.has(`${file}/kustomization.yml`);

function has(objects: Objects, kind: keyof typeof KINDS, name: string): boolean {
  const sets = objects.every('StatefulSet');
  // The pods and volumes of a StatefulSet: redis-0 and data-redis-0.
  const numbered = sets.flatMap(({ metadata, spec }) => [
    ...(KINDS[kind] === 'Pod' ? [`${metadata?.name}-0`] : []),
    ...(KINDS[kind] === 'PersistentVolumeClaim'
      ? (spec?.volumeClaimTemplates ?? []).map((of) => `${of.metadata?.name}-${metadata?.name}-0`)
      : []),
  ]);
  return [...objects.names(KINDS[kind]), ...numbered].includes(name);
}

/** Whether a pod, or a component, names the secret; or the script makes it. */
function isSecret(objects: Objects, name: string): boolean {
  const volumes = podsOf(objects).flatMap(({ spec }) => spec.volumes ?? []);
  const component = read(`${FOLDER}/components/store-ca/kustomization.yml`);
  const base = name.replace(/\d+$/, '1');
  return (
    base === 'seen-metrics-password-1' ||
    component.includes(`secretName: ${base}`) ||
    volumes.some(({ secret }) => secret?.secretName === base)
  );
}
