/**
 * The promises of the stack, on a real Swarm of three nodes: no visit fails while it is updated,
 * rolled back, scaled and drained, killed containers and nodes come back, and the count is exact.
 *
 * The judge is `seen verify`, whose clients never repeat a request. They connect to the manager,
 * which is not the node that is lost.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { version } from '../../package.json' with { type: 'json' };
import { until } from '../support/folder.ts';
import {
  CLIENTS,
  expectNoFailure,
  expectNoVisitFailed,
  type Judged,
  report,
  underLoad as underLoadAt,
} from '../support/judge.ts';
import { numberIn } from '../support/program.ts';
import { watch } from './support/onlooker.ts';
import { Swarm } from './support/swarm.ts';

const WEB = 'mystack_web';
const REDIS = 'mystack_redis';
/**
 * How long after a task is gone its address may still be handed out: the mesh and its stand-in ask
 * again.
 */
const NAMES_MS = 3000;
const BROKEN = {
  'stackdemo:v3-exits': 'FROM stackdemo\nCMD ["serve", "--no-such-flag"]\n',
  'stackdemo:v3-sick':
    'FROM stackdemo\nHEALTHCHECK --interval=1s --timeout=2s --start-period=1s --retries=3 CMD false\n',
};

let swarm: Swarm;

beforeAll(async () => {
  swarm = await Swarm.start(3, BROKEN);
  const deployedAt = performance.now();
  await swarm.deploy();
  await swarm.answers();
  process.stderr.write(
    `from docker stack deploy to an answer on every node: ${((performance.now() - deployedAt) / 1000).toFixed(1)} s\n`,
  );
  await swarm.steady(REDIS, 1);
  await swarm.steady(WEB, 3);
}, 300_000);

afterAll(async () => {
  await swarm?.[Symbol.asyncDispose]();
});

/** Visitors come in at the manager while `action` lasts. */
const underLoad = (action: () => Promise<unknown>): Promise<Judged> =>
  underLoadAt(swarm.url(), action);

/** The images of the tasks that run now. */
async function images(): Promise<string[]> {
  const tasks = await swarm.tasks(WEB);
  return tasks
    .filter(({ wanted }) => wanted === 'running')
    .map(({ image }) => image.replace(':latest', ''));
}

describe('no visit fails', () => {
  // The update after it puts a replica on each node again.
  test('while a node is drained', async () => {
    const node = (await swarm.tasks(WEB)).find(
      ({ wanted, node: on }) => wanted === 'running' && on !== 'node1',
    )?.node;
    const judged = await underLoad(async () => {
      await swarm.manager.mustDocker('node', 'update', '--availability', 'drain', node ?? '');
      await swarm.steady(WEB, 3);
      await until(`nothing to run on ${node}`, async () =>
        (await swarm.containers(WEB)).every((container) => container.node.name !== node),
      );
    });
    await swarm.manager.mustDocker('node', 'update', '--availability', 'active', node ?? '');
    expectNoFailure(judged);
  });

  test('while the replicas are updated, and both versions answer, the old one first', async () => {
    const judged = await underLoad(async () => {
      await swarm.manager.mustDocker('service', 'update', '-d', '--image', 'stackdemo:v2', WEB);
      expect(await swarm.updated(WEB)).toBe('completed');
    });
    expectNoFailure(judged);
    expect(judged.versions).toEqual([`seen/${version}`, 'seen/2.0.0']);
    expect(await images()).toEqual(Array(3).fill('stackdemo:v2'));
    expect(judged.servedBy.length).toBe(6);
  });

  test('while the update is rolled back', async () => {
    const judged = await underLoad(async () => {
      await swarm.manager.mustDocker('service', 'rollback', '-d', WEB);
      expect(await swarm.updated(WEB)).toBe('rollback_completed');
    });
    expectNoFailure(judged);
    expect(judged.versions).toEqual(['seen/2.0.0', `seen/${version}`]);
    expect(await images()).toEqual(Array(3).fill('stackdemo'));
  });

  test('while the service is scaled from 3 to 5 to 2', async () => {
    const judged = await underLoad(async () => {
      await swarm.manager.mustDocker('service', 'scale', '-d', `${WEB}=5`);
      await swarm.steady(WEB, 5);
      const met = new Set<string>();
      await until('all five to answer', async () => {
        const answer = await fetch(`${swarm.url()}/get/any/name`, { keepalive: false });
        met.add(answer.headers.get('X-Served-By') ?? '');
        met.delete('');
        return met.size === 5;
      });
      await Bun.sleep(2000);
      await swarm.manager.mustDocker('service', 'scale', '-d', `${WEB}=2`);
      await swarm.steady(WEB, 2);
      await until(
        'three containers to be gone',
        async () => (await swarm.containers(WEB)).length === 2,
      );
    });
    expectNoFailure(judged);
    expect(judged.servedBy.length).toBe(5);
    await swarm.manager.mustDocker('service', 'scale', '-d', `${WEB}=3`);
    await swarm.steady(WEB, 3);
  });

  for (const [image, what] of [
    ['stackdemo:v3-exits', 'ends at its start'],
    ['stackdemo:v3-sick', 'never is healthy'],
  ] as const) {
    test(`when the new version ${what}: it is rolled back automatically`, async () => {
      const judged = await underLoad(async () => {
        await swarm.manager.mustDocker('service', 'update', '-d', '--image', image, WEB);
        expect(await swarm.updated(WEB)).toBe('rollback_completed');
      });
      expectNoFailure(judged);
      expect(await images()).toEqual(Array(3).fill('stackdemo'));
      await swarm.steady(WEB, 3);
    });
  }
});

describe('Redis', () => {
  for (const [what, action] of [
    [
      'its container is killed',
      async () => {
        const [redis] = await swarm.containers(REDIS);
        await redis?.node.mustDocker('kill', redis.id);
      },
    ],
    [
      'it is updated',
      async () => {
        await swarm.manager.mustDocker(
          'service',
          'update',
          '-d',
          '--env-add',
          'UPDATED=yes',
          REDIS,
        );
        expect(await swarm.updated(REDIS)).toBe('completed');
      },
    ],
  ] as const) {
    test(`${what}: visits wait and get their numbers, and no replica is restarted`, async () => {
      const before = await swarm.containers(WEB);
      const [redis] = await swarm.containers(REDIS);
      const judged = await underLoad(async () => {
        await action();
        await until('another Redis', async () => {
          const [now] = await swarm.containers(REDIS);
          return now !== undefined && now.id !== redis?.id;
        });
        await swarm.steady(REDIS, 1);
        await Bun.sleep(3000);
      });
      expectNoVisitFailed(judged);
      expect(await swarm.containers(WEB)).toEqual(before);
    });
  }

  test('the connection from one replica to it is cut for 10 s: its visits wait and get their numbers', async () => {
    const cut = (await swarm.containers(WEB)).find(({ node }) => node.name !== 'node1');
    if (!cut) throw new Error('no replica away from Redis');
    const rule = ['OUTPUT', '-p', 'tcp', '--dport', '6379', '-j', 'DROP'];
    const before = await swarm.containers(WEB);
    const judged = await underLoad(async () => {
      expect((await cut.node.inNetworkOf(cut.id, 'iptables', '-I', ...rule)).error).toBe('');
      await Bun.sleep(10_000);
      const packets = await cut.node.inNetworkOf(cut.id, 'iptables', '-nvxL', 'OUTPUT');
      expect(Number(/^\s*(\d+).*DROP/m.exec(packets.out)?.[1])).toBeGreaterThan(0);
      expect((await cut.node.inNetworkOf(cut.id, 'iptables', '-D', ...rule)).error).toBe('');
      await Bun.sleep(5000);
    });
    expectNoVisitFailed(judged);
    expect(await swarm.containers(WEB)).toEqual(before);
  });
});

// With a node it takes Swarm some 15 s to notice. Each client loses what it has in hand, and then
// waits 5 s for a connection that does not come.
describe('containers and nodes that are killed', () => {
  test('a container that is removed by force is replaced; its requests fail, and none after Swarm has noticed', async () => {
    const [victim] = await swarm.containers(WEB);
    const judged = await underLoad(async () => {
      await victim?.node.mustDocker('container', 'rm', '-f', victim.id);
      await until('Swarm to notice', async () =>
        (await swarm.tasks(WEB)).some(
          ({ wanted, state }) => wanted === 'shutdown' && state === 'failed',
        ),
      );
      await Bun.sleep(NAMES_MS);
    });
    expect(judged.wrong).toEqual([]);
    report('a container removed by force', judged);
    // Each client loses what it has in hand. Then, until Swarm has noticed, which may take it
    // seconds, one of three connections fails at once.
    expect(judged.failures - CLIENTS).toBeLessThanOrEqual((judged.answered + judged.failures) / 3);
    const after = await underLoad(async () => {
      await swarm.steady(WEB, 3);
      await Bun.sleep(NAMES_MS);
    });
    expectNoFailure(after);
    expect((await swarm.containers(WEB)).map(({ id }) => id)).not.toContain(victim?.id);
  });

  test('a lost node: its replicas run on the others, the total is exact, and it can return', async () => {
    const node = (await swarm.containers(WEB)).find(
      ({ node: { name } }) => name !== 'node1',
    )?.node;
    if (!node) throw new Error('no replica on a worker');
    const judged = await underLoad(async () => {
      await node.kill();
      await until(
        'Swarm to notice',
        async () =>
          (await swarm.manager.mustDocker(
            'node',
            'inspect',
            node.name,
            '--format',
            '{{.Status.State}}',
          )) === 'down',
        120_000,
      );
      await swarm.steady(WEB, 3);
      await Bun.sleep(NAMES_MS);
    });
    expect(judged.wrong).toEqual([]);
    report('a node lost', judged);
    expect(judged.failures).toBeLessThanOrEqual(2 * CLIENTS);
    expectNoFailure(await underLoad(() => Bun.sleep(2000)));
    const after = await underLoad(async () => {
      await node.start();
      await until(
        'the node to be ready',
        async () =>
          (await swarm.manager.mustDocker(
            'node',
            'inspect',
            node.name,
            '--format',
            '{{.Status.State}}',
          )) === 'ready',
        60_000,
      );
      await spread();
    });
    expectNoFailure(after);
  });
});

test('when the stack is removed and deployed again the count continues', async () => {
  const visit = async () =>
    numberIn(await (await fetch(swarm.url(), { keepalive: false })).text());
  const before = await visit();
  await swarm.manager.mustDocker('stack', 'rm', 'mystack');
  await until(
    'the stack to be gone',
    async () =>
      (await swarm.manager.mustDocker(
        'network',
        'ls',
        '-q',
        '--filter',
        'name=mystack_webnet',
      )) === '' && (await swarm.containers('mystack_')).length === 0,
    60_000,
  );
  await swarm.deploy();
  await swarm.steady(REDIS, 1);
  await swarm.steady(WEB, 3);
  await swarm.answers();
  expect(await visit()).toBe(before + 1);
});

/** Puts one replica on each node again. */
async function spread(): Promise<void> {
  await swarm.manager.mustDocker('service', 'update', '-d', '--force', WEB);
  expect(await swarm.updated(WEB)).toBe('completed');
  await swarm.steady(WEB, 3);
}

test('a viewer of the page sees the replicas change in an update, and the number stay live', async () => {
  const visit = async () =>
    numberIn(await (await fetch(`${swarm.url()}/`, { keepalive: false })).text());
  const before = await visit();
  const update = async () => {
    await swarm.manager.mustDocker('service', 'update', '-d', '--image', 'stackdemo:v2', WEB);
    expect(await swarm.updated(WEB)).toBe('completed');
    for (let visits = 0; visits < 20; visits++) await visit();
  };
  const settled = (shown: readonly string[], number: number) =>
    shown.filter((replica) => replica === '2.0.0 ready').length === 3 &&
    !shown.includes(`${version} ready`) &&
    // The view of the page is a visit, too.
    number === before + 21;
  const seen = await watch(`${swarm.url()}/`, update, settled);
  expect([...seen.replicas]).toEqual(
    expect.arrayContaining([`${version} ready`, `${version} gone`, '2.0.0 ready']),
  );
  expect(seen.numbers).toEqual(seen.numbers.toSorted((a, b) => a - b));
  expect(seen.errors).toEqual([]);
});
