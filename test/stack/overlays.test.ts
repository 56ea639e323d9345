/** Access to Redis, and the behaviour of Caddy at the edge, on a real Swarm of one node. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { version } from '../../package.json' with { type: 'json' };
import { until } from '../support/folder.ts';
import {
  CLIENTS,
  expectNoFailure,
  expectNoVisitFailed,
  report,
  underLoad,
} from '../support/judge.ts';
import { numberIn } from '../support/program.ts';
import { Swarm } from './support/swarm.ts';

/** How many replicas are killed, one after the other. */
const KILLS = 3;
/** Has a shell and redis-cli. */
const REDIS_IMAGE = 'redis:7.2.11-alpine';
/** All of the load is from one address. */
const UNLIMITED = { EDGE_REQUESTS_PER_MINUTE: '0', EDGE_NEW_COUNTERS_PER_DAY: '0' };
const FILES = ['docker-compose.yml', 'deploy/secure.yml', 'deploy/edge.yml'];

let swarm: Swarm;

beforeAll(async () => {
  swarm = await Swarm.start(1);
  await swarm.manager.sh('sh deploy/secrets.sh', swarm.project);
  await swarm.deploy('mystack', FILES, { ...UNLIMITED, EDGE_SITE: site() });
  await swarm.steady('mystack_web', 3);
  await swarm.steady('mystack_edge', 1);
  await until('Caddy to answer', async () => (await edge()) === 200);
}, 300_000);

afterAll(async () => {
  await swarm?.[Symbol.asyncDispose]();
});

/** What Caddy serves: plain HTTP at the node's address besides, for the load. */
const site = () => `localhost, http://${swarm.manager.address}`;

async function edge(): Promise<number> {
  return (await fetch(`http://${swarm.manager.address}/get/any/name`, { keepalive: false }))
    .status === 404
    ? 200
    : 0;
}

/**
 * What a line of shell prints in a new container on `network`, as a service where the network
 * takes no others.
 */
async function onNetwork(network: string, line: string): Promise<string> {
  const { manager } = swarm;
  const mode = swarm.kernel.ipvs ? 'vip' : 'dnsrr';
  const create =
    `service create -d -q --no-resolve-image --restart-condition none --endpoint-mode ${mode}`.split(
      ' ',
    );
  await manager.mustDocker(
    ...create,
    '--name',
    'probe',
    '--network',
    network,
    REDIS_IMAGE,
    'sh',
    '-c',
    line,
  );
  try {
    await until('the probe to end', async () =>
      (await swarm.tasks('probe')).every(({ state }) => /^(complete|failed)$/.test(state)),
    );
    const { out, error } = await manager.docker('service', 'logs', '--raw', 'probe');
    return `${out}${error}`;
  } finally {
    await manager.mustDocker('service', 'rm', 'probe');
    await until(
      'the probe to be gone',
      async () => (await swarm.containers('probe')).length === 0,
    );
  }
}

describe('Redis', () => {
  test('cannot be reached from another network, by name or by any of its addresses', async () => {
    const { manager } = swarm;
    const [redis] = await swarm.containers('mystack_redis');
    const addresses = (await manager.mustDocker('exec', redis?.id ?? '', 'hostname', '-i')).split(
      /\s+/,
    );
    const everyAddress = (await manager.inNetworkOf(redis?.id ?? '', 'ip', '-4', '-o', 'addr'))
      .out;
    const all = [...everyAddress.matchAll(/inet ([\d.]+)\//g)]
      .map(([, ip = '']) => ip)
      .filter((ip) => !ip.startsWith('127.'));
    expect(all).toEqual(expect.arrayContaining(addresses));
    expect(all.length).toBeGreaterThan(1);
    await manager.mustDocker('network', 'create', '-d', 'overlay', 'neighbours');
    // An answer of Redis, whatever it says: what lies beyond the node may take connections to any
    // address.
    const tries = ['redis', ...all]
      .map(
        (host) =>
          `timeout 3 redis-cli -h ${host} ping 2>&1 | grep -qE 'PONG|NOAUTH' && echo reached ${host}`,
      )
      .join('; ');
    expect(await onNetwork('neighbours', `${tries}; echo tried`)).not.toContain('reached');
    // The same from where it may be reached: the probe can find it.
    expect(await onNetwork('mystack_webnet', tries)).toContain('reached redis');
  });

  test('accepts nothing without the password from a container that has joined its network', async () => {
    const said = await onNetwork(
      'mystack_webnet',
      'redis-cli -h redis SET hits 1000; redis-cli -h redis GET hits',
    );
    expect(said.match(/NOAUTH/g)).toHaveLength(2);
    expect(await visit()).toBeLessThan(1000);
  });

  test('can get new passwords without a failed visit', async () => {
    const [redis] = await swarm.containers('mystack_redis');
    const judged = await underLoad(swarm.url(), async () => {
      const users = `docker exec ${redis?.id} cat /run/secrets/redis_users > users && sh deploy/secrets.sh 2 users`;
      expect((await swarm.manager.sh(users, swarm.project)).out).toContain('seen_store_url_2');
      await swarm.deploy('mystack', FILES, {
        ...UNLIMITED,
        EDGE_SITE: site(),
        SECRETS_USERS: '2',
        SECRETS_PASSWORD: '2',
      });
      await until(
        'the replicas to have them',
        async () => (await swarm.updated('mystack_web')) === 'completed',
      );
    });
    expectNoVisitFailed(judged);
    expect((await swarm.containers('mystack_redis'))[0]?.id).not.toBe(redis?.id);
  });

  test('has a network that cannot be joined manually', async () => {
    const said = await swarm.manager.docker(
      'run',
      '--rm',
      '--network',
      'mystack_webnet',
      REDIS_IMAGE,
      'true',
    );
    expect(said.error).toContain('not manually attachable');
  });
});

async function visit(): Promise<number> {
  return numberIn(await (await fetch(swarm.url(), { keepalive: false })).text());
}

describe('the edge', () => {
  const at = (words: string) => swarm.manager.sh(`curl -sk -m 10 ${words}`, swarm.project);

  test('has HTTPS without configuration, HTTP/2, and offers HTTP/3', async () => {
    const { out } = await at(
      "-D - -o /dev/null -w '%{http_version} %{http_code}' https://localhost/get/any/name",
    );
    expect(out).toEndWith('2 404');
    expect(out.toLowerCase()).toContain('alt-svc: h3=":443"');
    expect((await at('-I http://localhost/')).out).toMatch(
      /^HTTP\/1.1 308 .*\r\nLocation: https:\/\/localhost\/\r\n/s,
    );
  });

  test('passes the visitor’s address to Seen; neither of them trusts the visitor’s own claim', async () => {
    await swarm.manager.mustDocker(
      'service',
      'update',
      '-d',
      '--env-add',
      'SEEN_LOG_LEVEL=debug',
      'mystack_web',
    );
    expect(await swarm.updated('mystack_web')).toBe('completed');
    const spoofed = { 'X-Forwarded-For': '198.51.100.7', Forwarded: 'for=198.51.100.7' };
    await fetch(`http://${swarm.manager.address}/get/visitor/edge`, {
      headers: spoofed,
      keepalive: false,
    });
    await fetch(`${swarm.url()}/get/visitor/mesh`, { headers: spoofed, keepalive: false });
    const clientOf = async (page: string) => {
      const { out } = await swarm.manager.docker('service', 'logs', '--raw', 'mystack_web');
      const line = out
        .split('\n')
        .find((text) => text.includes('"answered"') && text.includes(`/get/visitor/${page}`));
      return line && (JSON.parse(line) as { client: string }).client;
    };
    await until(
      'both in the log',
      async () => (await clientOf('edge')) && (await clientOf('mesh')),
    );
    // The other end of the node's cable, where this test visits from.
    expect(await clientOf('edge')).toBe('10.99.0.254');
    expect(await clientOf('mesh')).not.toBe('198.51.100.7');
  });

  test('fails no visit while the replicas are updated', async () => {
    const judged = await underLoad(edgeUrl(), async () => {
      await swarm.manager.mustDocker(
        'service',
        'update',
        '-d',
        '--image',
        'stackdemo:v2',
        'mystack_web',
      );
      expect(await swarm.updated('mystack_web')).toBe('completed');
    });
    expectNoFailure(judged);
    expect(judged.versions).toEqual([`seen/${version}`, 'seen/2.0.0']);
  });

  test('sends no visit twice when replicas are killed during requests', async () => {
    const judged = await underLoad(edgeUrl(), async () => {
      for (let round = 0; round < KILLS; round++) {
        const [victim] = await swarm.containers('mystack_web');
        await swarm.manager.mustDocker('kill', victim?.id ?? '');
        await until('another', async () =>
          (await swarm.containers('mystack_web')).every(({ id }) => id !== victim?.id),
        );
        await swarm.steady('mystack_web', 3);
      }
    });
    expect(judged.wrong).toEqual([]);
    report('replicas killed behind the edge', judged);
    // What they had in hand, and nothing that could not reach them: that went to another.
    expect(judged.failures).toBeLessThanOrEqual(KILLS * CLIENTS);
    expect(judged.answered).toBeGreaterThan(judged.failures);
  });

  const edgeUrl = () => `http://${swarm.manager.address}:80`;
});
