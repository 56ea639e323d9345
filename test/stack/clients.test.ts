/**
 * Deploys every combination of stack files that a document names, with every Docker client on this
 * machine, onto a real Swarm. An overlay only adds to a service of the stack, and all clients read
 * the files in the same way. The oldest client has no `docker stack config`, so the engine's
 * resulting settings are compared. No container runs, because the node is drained.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/folder.ts';
import { ROOT } from '../support/program.ts';
import { clients } from './support/client.ts';
import { Swarm } from './support/swarm.ts';

const STACK = 'docker-compose.yml';
const DOCUMENTS = ['README.md', 'docs/*.md', 'docker-compose.yml', 'deploy/*.yml', 'deploy/*.sh'];

let swarm: Swarm;
/** What each combination became with a client, by both. */
const deployed = new Map<string, Services>();

/**
 * The services of a stack by name, as `docker service inspect` shows them, in a stable order and
 * without ids.
 */
type Services = Readonly<Record<string, ServiceSpec>>;

interface ServiceSpec {
  readonly TaskTemplate: { readonly ContainerSpec: Readonly<Record<string, unknown>> };
  readonly [part: string]: unknown;
}

/** Each list of files after `docker stack deploy`, as it stands in a document. */
function combinations(): string[] {
  const found = DOCUMENTS.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(ROOT)])
    .map((file) => readFileSync(join(ROOT, file), 'utf8').replaceAll(/\\\n#?\s*/g, ''))
    .flatMap((text) => [...text.matchAll(/((?: ?-c [\w./-]+\.yml)+)/g)])
    .map(([, files = '']) => files.trim());
  return [...new Set(found)].toSorted();
}

beforeAll(async () => {
  swarm = await Swarm.engines(1);
  const { manager } = swarm;
  await manager.mustDocker('swarm', 'init', '--advertise-addr', manager.address);
  await manager.mustDocker('node', 'update', '--availability', 'drain', manager.name);
  await manager.sh('sh deploy/secrets.sh && sh deploy/postgres/secrets.sh', swarm.project);
}, 120_000);

afterAll(async () => {
  await swarm?.[Symbol.asyncDispose]();
});

/** Deploys the files with a client, and takes the stack down again. */
async function deploy(client: string, files: string): Promise<Services> {
  const { manager, project } = swarm;
  const { status, out, error } = await manager.sh(
    `${client} stack deploy --resolve-image never ${files} mystack`,
    project,
  );
  expect({ status, error: status === 0 ? '' : out + error }).toEqual({ status: 0, error: '' });
  const names = (
    await manager.mustDocker('stack', 'services', '--format', '{{.Name}}', 'mystack')
  ).split('\n');
  const services = JSON.parse(await manager.mustDocker('service', 'inspect', ...names)) as {
    Spec: unknown;
  }[];
  await manager.mustDocker('stack', 'rm', 'mystack');
  await until('the networks to be gone', async () => {
    const left = await manager.mustDocker('network', 'ls', '-q', '--filter', 'name=mystack');
    return left === '';
  });
  const specs = services.map(({ Spec }) => comparable(Spec) as ServiceSpec & { Name: string });
  return Object.fromEntries(specs.map((spec) => [spec.Name.replace('mystack_', ''), spec]));
}

/**
 * Ids differ from deploy to deploy, and the order of networks, secrets and variables says nothing.
 */
function comparable(part: unknown): unknown {
  if (typeof part === 'string') return /^[a-z0-9]{25}$/.test(part) ? 'an id' : part;
  if (Array.isArray(part)) return part.map(comparable);
  if (part === null || typeof part !== 'object') return part;
  const unordered = new Set(['Networks', 'Secrets', 'Configs', 'Env']);
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => {
      const its = comparable(value);
      const sorted = unordered.has(name) && Array.isArray(its);
      return [
        name,
        sorted ? its.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : its,
      ];
    }),
  );
}

/** A service without what an overlay may add to. */
function fixedPart({ TaskTemplate, ...spec }: ServiceSpec): object {
  const {
    Env: _env,
    Secrets: _secrets,
    Configs: _configs,
    ...container
  } = TaskTemplate.ContainerSpec;
  return { ...spec, TaskTemplate: { ...TaskTemplate, ContainerSpec: container, Networks: [] } };
}

test('the documents name the stack alone and each overlay', () => {
  const named = combinations().join(' ');
  expect(combinations()).toContain(`-c ${STACK}`);
  for (const overlay of new Bun.Glob('deploy/*.yml').scanSync(ROOT))
    expect(named).toContain(overlay);
});

for (const { path, version } of clients()) {
  describe(`Docker’s client ${version}`, () => {
    for (const files of combinations()) {
      test(`deploys ${files}, and an overlay only adds to a service`, async () => {
        const services = await deploy(path, files);
        const alone =
          deployed.get(`${version} -c ${STACK}`) ?? (await deploy(path, `-c ${STACK}`));
        deployed.set(`${version} -c ${STACK}`, alone);
        deployed.set(`${version} ${files}`, services);
        for (const [name, spec] of Object.entries(alone)) {
          expect(fixedPart(services[name] as ServiceSpec)).toEqual(fixedPart(spec));
        }
      });
    }
  });
}

for (const files of combinations()) {
  test(`every client reads ${files} in the same way`, () => {
    const [first, ...others] = clients().map(({ version }) => deployed.get(`${version} ${files}`));
    expect(first).toBeDefined();
    for (const other of others) expect(other).toEqual(first as Services);
  });
}
