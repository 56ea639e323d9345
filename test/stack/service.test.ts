/** deploy/systemd/seen.service under a real systemd: what it forbids, and does after failures. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../../src/config/settings.ts';
import { freePort, until } from '../support/folder.ts';
import { expectNoVisitFailed, underLoad } from '../support/judge.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { numberIn, ROOT } from '../support/program.ts';
import { RedisServer, SAFE } from '../support/redis-server.ts';
import { describeOnMachine, Machine, PROJECT } from './support/machine.ts';

const URL = 'http://127.0.0.1:8000';
const DROP_IN = '/etc/systemd/system/seen.service.d/test.conf';
/** As docs/systemd.md states it; systemd's threshold is in tenths. */
const EXPOSURE_TENTHS = 11;

let machine: Machine;

/** Starts the service, with these settings and lines of the unit's part `[Service]`. */
async function start(env: Readonly<Record<string, string>> = {}, lines = ''): Promise<void> {
  const file = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  await machine.must(`
    printf '%s' '${file.join('')}' > /etc/seen/seen.env
    printf '%s\\n' '[Service]' '${lines}' > ${DROP_IN}
    systemctl daemon-reload
    systemctl start seen`);
}

async function startReady(env?: Readonly<Record<string, string>>, lines?: string) {
  await start(env, lines);
  await until('Seen to be ready', async () => (await fetch('http://127.0.0.1:9100/readyz')).ok);
}

const property = (name: string) => machine.must(`systemctl show --value -p ${name} seen`);
const visit = async () =>
  numberIn(await (await fetch(`${URL}/hit/my-site/page`, { keepalive: false })).text());
const total = async () => numberIn(await (await fetch(`${URL}/get/my-site/page`)).text());
/** What Seen logged since its last start. */
const log = async () =>
  machine.must(
    `journalctl -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show --value -p InvocationID seen)`,
  );
/** Runs a line of shell with the user, files and groups that Seen has, but as another program. */
const inside = (line: string) =>
  machine.sh(
    `nsenter -t $(systemctl show --value -p MainPID seen) --mount setpriv --reuid=seen --regid=seen --clear-groups sh -c '${line}'`,
  );

describeOnMachine('deploy/systemd/seen.service', () => {
  beforeAll(async () => {
    machine = await Machine.start();
    await machine.install();
  }, 60_000);

  afterAll(() => machine?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    await machine.must(`rm -f ${DROP_IN} /etc/seen/seen.env && systemctl daemon-reload`);
    await machine.must('systemctl stop seen && systemctl reset-failed seen || true');
  });

  describe('the unit', () => {
    test('has no mistake that systemd sees', async () => {
      const said = await machine.sh(
        'systemd-analyze verify /etc/systemd/system/seen*.service /etc/systemd/system/seen*.timer',
      );
      expect(said).toEqual({ status: 0, out: '', error: '' });
    });

    test('is as closed as the document says', async () => {
      const rate = (tenths: number) =>
        machine.sh(
          `systemd-analyze security --no-pager --offline=yes --threshold=${tenths} deploy/systemd/seen.service`,
        );
      const { status, out } = await rate(EXPOSURE_TENTHS);
      expect({ status, out: status === 0 ? '' : out }).toEqual({ status: 0, out: '' });
      expect((await rate(EXPOSURE_TENTHS - 1)).status).toBe(1);
    });

    test('Seen runs as its own user, without rights, and with few calls of the kernel', async () => {
      await startReady();
      const processes = await machine.must(
        'cat /sys/fs/cgroup/system.slice/seen.service/cgroup.procs',
      );
      // The parent and three replicas.
      expect(processes.split('\n')).toHaveLength(4);
      for (const pid of processes.split('\n')) {
        const status = await machine.must(`cat /proc/${pid}/status`);
        expect(status).toMatch(/^CapEff:\s+0{16}$/m);
        expect(status).toMatch(/^CapBnd:\s+0{16}$/m);
        expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
        expect(status).toMatch(/^Seccomp:\s+2$/m);
        expect(await machine.must(`stat -c %U /proc/${pid}`)).toBe('seen');
      }
    });

    test('Seen writes only in its folder, and sees no home folder, device or other process', async () => {
      await startReady();
      await machine.must(`
      echo secret > /root/secret
      chmod 755 /root
      touch /tmp/of-another`);
      const refused: string[] = [];
      const lines = [
        'echo > /var/lib/seen/written',
        'echo > /tmp/written',
        'cat /proc/self/status',
        'echo > /etc/seen/written',
        'echo > /usr/local/bin/seen',
        'echo > /var/lib/written',
        'cat /root/secret',
        'cat /etc/seen/token',
        'ls /tmp/of-another',
        'ls /dev/kmsg',
        'ls /proc/1',
      ];
      for (const line of lines) if ((await inside(line)).status !== 0) refused.push(line);
      expect(refused).toEqual(lines.slice(3));
    });

    test('the token works, and is in no environment', async () => {
      await startReady();
      const token = await machine.must('cat /etc/seen/token');
      const made = await fetch(`${URL}/api/v1/export`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      expect(made.status).toBe(200);
      expect(await made.text()).toContain('"seen":"end"');
      const told = await machine.must(
        'cat /proc/$(systemctl show --value -p MainPID seen)/environ; systemctl show seen',
      );
      expect(told).toContain('SEEN_TOKEN_FILE=/run/credentials/seen.service/token');
      expect(told).not.toContain(token);
    });

    test('pages, pictures and streams work with the calls of the kernel that it allows', async () => {
      await startReady();
      await visit();
      const paths = [
        '/',
        '/new',
        '/manage',
        '/embed.js',
        '/badge/my-site/page.svg',
        '/chart/my-site/page.svg',
        '/openapi.json',
        '/api/v1/stack',
      ];
      for (const path of paths) {
        const response = await fetch(`${URL}${path}`, { headers: { Accept: 'text/html' } });
        expect({ path, status: response.status }).toEqual({ path, status: 200 });
        await response.arrayBuffer();
      }
      expect(await log()).not.toMatch(/"level":"(warn|error)"/);
    });

    for (const kind of ['Redis', 'PostgreSQL']) {
      test(`counts in ${kind}, whose password is in a file of root`, async () => {
        await using server =
          kind === 'Redis'
            ? await RedisServer.start({ ...SAFE, requirepass: 'a-password' })
            : await PostgresServer.start();
        const url =
          server instanceof RedisServer ? server.url.replace('//', '//:a-password@') : server.url;
        await machine.must(`(umask 077 && echo '${url}' > /etc/seen/store-url)`);
        const secret =
          'LoadCredential=store-url:/etc/seen/store-url\nEnvironment=SEEN_STORE_URL_FILE=%d/store-url';
        await startReady({}, secret);
        expect([await visit(), await visit()]).toEqual([1, 2]);
        await machine.must('systemctl restart seen');
        await until('Seen to count again', async () => (await visit()) === 3);
        await machine.must('systemctl stop seen && rm /etc/seen/store-url');
      });
    }
  });

  test('closed to the network, as the document shows, it counts for this machine', async () => {
    const document = readFileSync(join(ROOT, 'docs/systemd.md'), 'utf8');
    const [, lines = ''] = /```ini\n\[Service\]\n([^`]*)```/.exec(document) ?? [];
    await startReady({}, lines);
    expect(await property('IPAddressDeny')).toContain('0.0.0.0/0');
    expect(await visit()).toBeGreaterThan(0);
  });

  describe('the nightly backup', () => {
    const copies = () => machine.must('ls /var/lib/seen-backups');

    test('copies the database', async () => {
      await startReady();
      await machine.must('rm -rf /var/lib/seen-backups/* && systemctl start seen-backup');
      expect(await copies()).toMatch(/^seen-[\d-]+\.db$/);
    });

    test('deletes what a killed copy left a day ago, and nothing younger', async () => {
      await startReady();
      await machine.must(`
        cd /var/lib/seen-backups
        for name in .seen-old.db-abcdef .seen-new.db-abcdef; do
          runuser -u seen -- mkdir $name && runuser -u seen -- touch $name/copy
        done
        touch -d '25 hours ago' .seen-old.db-abcdef
        systemctl start seen-backup`);
      expect(await machine.must('ls -d /var/lib/seen-backups/.seen-*')).toBe(
        '/var/lib/seen-backups/.seen-new.db-abcdef',
      );
      await machine.must('rm -r /var/lib/seen-backups/.seen-*');
    });

    for (const [where, file, line] of [
      ['a file of root', '/etc/seen/store-url', 'redis://:a-password@127.0.0.1'],
      ['the settings', '/etc/seen/seen.env', 'SEEN_STORE_URL=redis://127.0.0.1'],
    ] as const) {
      test(`fails and copies no old file when another store is named in ${where}`, async () => {
        await machine.must(`
          rm -rf /var/lib/seen-backups/*
          (umask 077 && echo '${line}' > ${file})`);
        const { status } = await machine.sh('systemctl start seen-backup');
        await machine.must(`rm ${file}`);
        expect(status).toBe(1);
        expect(await copies()).toBe('');
        expect(await machine.must('journalctl -t seen-backup -o cat -n 5')).toMatch(
          /not in one|not SQLite/,
        );
      });
    }
  });

  describe('while it runs', () => {
    test('a reload replaces all replicas by those of the new version, and no visit fails', async () => {
      // Where a new version takes the place of the old one.
      await machine.must(`
      mkdir -p /opt/seen
      cp -r ${PROJECT}/src ${PROJECT}/package.json ${PROJECT}/tsconfig.json /opt/seen/
      ln -sfn ${PROJECT}/node_modules /opt/seen/node_modules
      printf '#!/bin/sh\\nexec ${PROJECT}/node_modules/.bin/bun /opt/seen/src/main.ts serve' > /opt/seen/seen
      chmod 755 /opt/seen/seen`);
      await startReady({}, 'ExecStart=\nExecStart=/opt/seen/seen');
      const judged = await underLoad(URL, async () => {
        await machine.must(`
        sed -i 's/"version": ".*"/"version": "9.0.0"/' /opt/seen/package.json
        systemctl reload seen`);
        await until('the last replica to be replaced', async () =>
          (await log()).includes('-3 is replaced'),
        );
      });
      expectNoVisitFailed(judged);
      expect(judged.versions).toEqual([expect.not.stringContaining('9.0.0'), 'seen/9.0.0']);
      expect(await property('NRestarts')).toBe('0');
    });

    test('a stop finishes what has begun, well before systemd kills what is left', async () => {
      await startReady();
      const before = await visit();
      await machine.must('systemctl stop seen');
      expect(await log()).toContain('stopped: every answered visit is stored');
      expect(await property('Result')).toBe('success');
      await startReady();
      expect(await visit()).toBe(before + 1);
      // The replicas get 2 s more than SEEN_STOP_MS before their parent kills them.
      const stopMs = Number(settings.stopMs.fallback) + 2000;
      const [seconds] = /\d+/.exec(await property('TimeoutStopUSec')) ?? [];
      expect(Number(seconds) * 1000).toBeGreaterThan(stopMs);
    });

    test('a killed parent takes its replicas along, and all are started again', async () => {
      await startReady({}, 'RestartSec=100ms');
      const before = await visit();
      const first = await property('MainPID');
      await machine.must(`kill -KILL ${first}`);
      await until('another', async () => !['0', first].includes(await property('MainPID')));
      await until('it to count', async () => (await visit()) > before);
      expect(await property('NRestarts')).toBe('1');
      expect(await total()).toBeGreaterThan(before);
    });

    test('a killed replica does not end the others, and systemd is told the same for a lack of memory', async () => {
      await startReady();
      const before = await visit();
      const replica = await machine.must('pgrep -f "replica --replica-name=.*-1 "');
      await machine.must(`kill -KILL ${replica}`);
      await until(
        'another',
        async () => (await log()).includes('-1 was killed') || (await log()).includes('-1 ended'),
      );
      await until('a visit', async () => (await visit()) > before);
      expect(await property('NRestarts')).toBe('0');
      // With the default, systemd would stop all when a lack of memory had killed one. No test
      // runs out of memory: systemd sees that only where cgroup2 has the memory controller.
      expect(await property('OOMPolicy')).toBe('continue');
    });

    test('has descriptors for all connections and streams', async () => {
      const descriptors = Number(await property('LimitNOFILE'));
      // Streams may hold less than half of them (docs/operations.md).
      expect(descriptors / 2).toBeGreaterThan(Number(settings.connectionsMax.fallback));
    });
  });

  describe('after a failed start', () => {
    const ended = (state: string) =>
      until(`it to be ${state}`, async () => (await property('ActiveState')) === state);

    test('a mistake in the settings is not tried again', async () => {
      await start({ SEEN_PORT: 'none' }, 'RestartSec=100ms');
      await ended('failed');
      expect(await property('ExecMainStatus')).toBe('2');
      expect(await property('NRestarts')).toBe('0');
      expect(await log()).toContain('SEEN_PORT');
    });

    test('a store that cannot be used as it is set up is not tried again', async () => {
      await using redis = await RedisServer.start({ ...SAFE, 'cluster-enabled': 'yes' });
      await start({ SEEN_STORE_URL: redis.url }, 'RestartSec=100ms');
      await ended('failed');
      expect(await property('ExecMainStatus')).toBe('78');
      expect(await property('NRestarts')).toBe('0');
    });

    test('a port that stays in use is given up after ten starts', async () => {
      const port = await freePort();
      await using other = Bun.listen({
        hostname: '127.0.0.1',
        port,
        socket: { data: () => undefined },
      });
      await start({ SEEN_HOST: '127.0.0.1', SEEN_PORT: `${other.port}` }, 'RestartSec=10ms');
      await ended('failed');
      expect(await property('ExecMainStatus')).toBe('69');
      // The tenth is counted, but not done.
      expect(await property('NRestarts')).toBe('10');
    });

    test('a store that comes back late is used when it does', async () => {
      const port = await freePort();
      await start(
        { SEEN_STORE_URL: `redis://127.0.0.1:${port}`, SEEN_START_MS: '1000' },
        'RestartSec=100ms',
      );
      await until('a second start', async () => (await property('NRestarts')) !== '0');
      await using redis = await RedisServer.start(SAFE, { port });
      expect(redis.port).toBe(port);
      await until('Seen to count', async () => (await visit()) > 0);
      await machine.must('systemctl stop seen');
    });

    test('the waits for a store are too long for systemd to give up', async () => {
      await start();
      const seconds = (text: string) => Number(/^(\d+)min$/.exec(text)?.[1] ?? 0) * 60;
      const tries = Number(await property('StartLimitBurst'));
      const pauseS = Number(/^(\d+)s$/.exec(await property('RestartUSec'))?.[1]);
      const each = pauseS + Number(settings.startMs.fallback) / 1000;
      expect(tries * each).toBeGreaterThan(seconds(await property('StartLimitIntervalUSec')));
    });
  });
});
