/**
 * The files of PostgreSQL as a stack without an engine: what must agree with each other does.
 * docs/high-availability.md is followed on a Swarm by `test/stack/high-availability.test.ts`.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/program.ts';

interface Service {
  readonly image?: string;
  readonly hostname?: string;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly unknown[];
  readonly deploy?: { readonly placement: { readonly constraints: readonly string[] } };
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { services } = Bun.YAML.parse(read('deploy/high-availability.yml')) as {
  readonly services: Readonly<Record<string, Service>>;
};
const patroni = Bun.YAML.parse(read('deploy/postgres/patroni.yml')) as {
  readonly etcd: { readonly hosts: readonly string[] };
  readonly bootstrap: {
    readonly dcs: Readonly<Record<string, number | boolean>> & {
      readonly postgresql: { readonly parameters: Readonly<Record<string, number | string>> };
    };
  };
};
const { dcs } = patroni.bootstrap;
const { parameters } = dcs.postgresql;
const membersOf = (kind: string) => [1, 2, 3].map((number) => `${kind}${number}`);

describe('each member of etcd and PostgreSQL', () => {
  for (const name of [...membersOf('etcd'), ...membersOf('postgres')]) {
    test(`${name} has its own name, volume and node`, () => {
      const { hostname, environment, volumes, deploy, ...rest } = services[name] as Service;
      expect(hostname).toBe(name);
      expect(volumes?.[0]).toStartWith(`${name}-data:`);
      expect(deploy?.placement.constraints).toEqual([
        `node.labels.seen.database == ${name.at(-1)}`,
      ]);
      // Names of other members come with the list of all only.
      const own = JSON.stringify({ environment, rest }).replace(
        /"ETCD_INITIAL_CLUSTER":"[^"]*"/,
        '',
      );
      const kind = name.slice(0, -1);
      expect(own.match(new RegExp(`${kind}\\d`, 'g'))).toEqual([name, name, name]);
    });
  }
});

describe('the names of all members', () => {
  test('are the same for etcd, Patroni, Seen and the tools', () => {
    const peers = membersOf('etcd').map((name) => `${name}=http://${name}:2380`);
    expect(services['etcd1']?.environment['ETCD_INITIAL_CLUSTER']).toBe(peers.join(','));
    expect(patroni.etcd.hosts).toEqual(membersOf('etcd').map((name) => `${name}:2379`));
    const hosts = membersOf('postgres').map((name) => `${name}:5432`);
    expect(read('deploy/postgres/secrets.sh')).toContain(`@${hosts.join(',')}/seen'`);
    expect(read('deploy/postgres/pg_service.conf')).toContain(
      `host=${membersOf('postgres').join(',')}\n`,
    );
  });
});

describe('Patroni', () => {
  test('never overwrites the lease of another primary: it uses version 2 of etcd’s interface', () => {
    expect(Object.keys(patroni)).toContain('etcd');
    expect(Object.keys(patroni)).not.toContain('etcd3');
    for (const name of membersOf('etcd'))
      expect(services[name]?.environment['ETCD_ENABLE_V2']).toBe('true');
  });

  test('has a COMMIT wait for a standby, always', () => {
    expect(dcs).toMatchObject({ synchronous_mode: true, synchronous_mode_strict: true });
    const { fsync, full_page_writes: pages, synchronous_commit: commit } = parameters;
    expect([fsync, pages, commit]).toEqual(['on', 'on', 'on']);
  });

  test('renews the lease in time even if etcd answers late, as its documentation demands', () => {
    const { ttl, loop_wait: loop, retry_timeout: retry } = dcs;
    expect(Number(loop) + 2 * Number(retry)).toBeLessThanOrEqual(Number(ttl));
  });

  test('replaces a lost primary while visits wait for the next one', () => {
    const wait = Number(services['web']?.environment['SEEN_WAIT_MS']);
    // A whole lease, one loop until it is noticed, and the promotion.
    expect(wait).toBeGreaterThan(1000 * (Number(dcs['ttl']) + 2 * Number(dcs['loop_wait'])));
  });

  test('leaves enough connections for ten replicas, also while each has a successor', () => {
    const perReplica = 4;
    const reserve = 20;
    expect(Number(parameters['max_connections'])).toBeGreaterThanOrEqual(
      2 * 10 * perReplica + reserve,
    );
  });
});
