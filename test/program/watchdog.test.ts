/** Which replicas are considered hung, and what happens to them. */
import { afterEach, describe, expect, test } from 'bun:test';
import { Watchdog, type WatchedReplica } from '../../src/replicas/watchdog.ts';
import { until } from '../support/folder.ts';
import { Program } from '../support/program.ts';

/** A replica that answers or does not, as the test says. */
class Watched implements WatchedReplica {
  answers = true;
  hasAnswered = true;
  waits = false;
  readonly name: string;
  #silentLooks = 0;

  constructor(name: string) {
    this.name = name;
  }

  look(): number {
    this.#silentLooks = this.answers ? 0 : this.#silentLooks + 1;
    return this.#silentLooks;
  }

  waitsForDisk(): boolean {
    return this.waits;
  }
}

function setUp(count: number) {
  const replicas = new Set(
    Array.from({ length: count }, (_, index) => new Watched(`test-${index + 1}`)),
  );
  const said: string[] = [];
  let looks = 0;
  const watchdog = new Watchdog<Watched>(() => replicas, {
    onHung: (replica) => {
      said.push(`${looks}: ${replica.name} hangs`);
      replicas.delete(replica);
    },
    onWaiting: ({ name }) => said.push(`${looks}: ${name} waits`),
    onBack: ({ name }) => said.push(`${looks}: ${name} is back`),
  });
  const look = (times: number) => {
    for (let n = 0; n < times; n++) {
      looks++;
      watchdog.look();
    }
  };
  return { replicas: [...replicas], said, watchdog, look };
}

describe('the watchdog', () => {
  test('considers a replica hung when it misses ten pings in a row, and silent before', () => {
    const { replicas, said, watchdog, look } = setUp(2);
    replicas[1]!.answers = false;
    look(9);
    expect({ said, silent: watchdog.silent }).toEqual({ said: [], silent: [replicas[1]!] });
    replicas[1]!.answers = true;
    look(1);
    replicas[1]!.answers = false;
    look(9);
    expect(said).toEqual([]);
    look(1);
    expect(said).toEqual(['20: test-2 hangs']);
    look(1);
    expect(watchdog.silent).toEqual([]);
  });

  test('gives a replica that has not started yet five minutes', () => {
    const { replicas, said, look } = setUp(1);
    replicas[0]!.answers = false;
    replicas[0]!.hasAnswered = false;
    look(299);
    expect(said).toEqual([]);
    look(1);
    expect(said).toEqual(['300: test-1 hangs']);
  });

  test('kills only one replica when all hang at once', () => {
    const { replicas, said, look } = setUp(3);
    for (const replica of replicas) replica.answers = false;
    look(30);
    expect(said).toEqual(['10: test-1 hangs', '16: test-2 hangs', '22: test-3 hangs']);
  });

  test('reports once that a replica waits for the disk, and takes it for hung only afterwards', () => {
    const { replicas, said, look } = setUp(2);
    replicas[0]!.answers = false;
    replicas[0]!.waits = true;
    look(100);
    expect(said).toEqual(['10: test-1 waits']);
    replicas[0]!.answers = true;
    look(1);
    expect(said).toEqual(['10: test-1 waits', '101: test-1 is back']);
    replicas[0]!.answers = false;
    look(15);
    replicas[0]!.waits = false;
    look(1);
    expect(said.slice(2)).toEqual(['111: test-1 waits', '117: test-1 hangs']);
  });
});

describe('a program', () => {
  let program: Program;
  afterEach(() => program[Symbol.asyncDispose]());

  const operations = async (path: string) => {
    const response = await fetch(`${program.operationsUrl}${path}`);
    return { status: response.status, said: await response.text() };
  };

  test('kills and replaces a replica that hangs, logs and counts it, and names it meanwhile', async () => {
    program = await Program.start({ SEEN_REPLICAS: '2' });
    const before = await program.replicas();
    const [hung] = before;
    process.kill(hung!, 'SIGSTOP');
    for (const path of ['/healthz', '/readyz'])
      await until('it to be named', async () =>
        (await operations(path)).said.includes('no answer from test-'),
      );
    expect((await operations('/readyz')).status).toBe(200);
    expect((await operations('/metrics')).said).toContain(
      'seen_replicas_silent{replica="test"} 1',
    );
    await until(
      'it to be replaced',
      async () => {
        const now = await program.replicas();
        return now.length === 2 && !now.includes(hung!) && (await program.ready());
      },
      60_000,
    );
    const said = program.lines().map(({ msg }) => msg);
    expect(said).toContainEqual(
      expect.stringMatching(/^test-\d hangs: it has not answered for 10 s, and is killed$/),
    );
    expect(said).toContainEqual(expect.stringMatching(/^test-\d was killed and is replaced$/));
    await until(
      'its replacement to answer',
      async () => (await operations('/healthz')).said === 'alive\n',
    );
    expect((await operations('/metrics')).said).toContain(
      'seen_replicas_killed_total{reason="hung",replica="test"} 1',
    );
    // The other one was left alone.
    expect((await program.replicas()).filter((pid) => before.includes(pid))).toHaveLength(1);
    for (let n = 1; n <= 10; n++) expect(await program.visit()).toBe(n);
    expect(await program.stop()).toBe(0);
  });

  test('is neither healthy nor ready while all of its replicas hang, and recovers by itself', async () => {
    program = await Program.start({ SEEN_REPLICAS: '2' });
    for (const pid of await program.replicas()) process.kill(pid, 'SIGSTOP');
    await until('it to be unhealthy', async () => (await operations('/healthz')).status === 503);
    expect(await operations('/readyz')).toEqual({
      status: 503,
      said: 'not ready: no replica answers\n',
    });
    await until(
      'it to be healthy',
      async () => (await operations('/healthz')).said === 'alive\n',
      60_000,
    );
    expect(await program.visit()).toBe(1);
  });

  test('kills no replica after all processes were suspended, as on a machine that slept', async () => {
    program = await Program.start({ SEEN_REPLICAS: '2' });
    const before = await program.replicas();
    const all = [program.process.pid, ...before];
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    await Bun.sleep(15_000);
    for (const pid of all) process.kill(pid, 'SIGCONT');
    await until('it to answer', async () => (await operations('/healthz')).said === 'alive\n');
    await Bun.sleep(2000);
    expect(await program.replicas()).toEqual(before);
    expect(program.out).not.toContain('hangs');
  });

  test('with a single replica that hangs fails the health check of the image', async () => {
    program = await Program.start({ SEEN_REPLICAS: '1' });
    // The check of the Dockerfile; Docker itself gives it 5 s.
    const check = async () =>
      (
        await Bun.$`timeout 5 wget -q -O /dev/null ${program.operationsUrl}/healthz`
          .nothrow()
          .quiet()
      ).exitCode;
    expect(await check()).toBe(0);
    process.kill(program.process.pid, 'SIGSTOP');
    expect(await check()).not.toBe(0);
    process.kill(program.process.pid, 'SIGCONT');
    expect(await check()).toBe(0);
  });
});
