/**
 * `npm run bench`: what a visit costs, against what a user would pick instead, in one run on one machine.
 *
 * Peers take turns in rounds, because the machine is not quiet; figures are medians over rounds. The main one is CPU time
 * per visit of all processes of the service, its store included: it does not depend on how much of the machine the load
 * generator takes. Usage: npm run bench -- [--rounds 5] [--seconds 4] [--rate 1000] [--only NAME]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuMs } from './cpu.ts';
import { median } from './median.ts';
import { visitAtRate } from './open-loop.ts';
import { peers, type Running } from './peers.ts';

const CONNECTIONS = 64;

interface Round {
  readonly cpuUsPerVisit: number;
  readonly visitsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly keptRate: number;
  /** The slowest of 100 visits by three clients with new connections, to the median of the 100. */
  readonly slowestToMedian: number;
}

/** One turn of one peer: as fast as it goes, then at the fixed rate. */
async function measure({ url, pids }: Running, seconds: number, rate: number): Promise<Round> {
  const before = cpuMs(pids);
  const out = await Bun.$`wrk -t1 -c${CONNECTIONS} -d${seconds}s ${url}`.text();
  const spentMs = cpuMs(pids) - before;
  const visits = Number(/(\d+) requests in/.exec(out)?.[1]);
  const visitsPerSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1]);
  if (/Non-2xx|Socket errors/.test(out)) throw new Error(`${url} failed under load:\n${out}`);
  const { p50Ms, p99Ms, answered } = await visitAtRate(url, rate, seconds);
  const slowestToMedian = await slowestOf100(url);
  return {
    cpuUsPerVisit: (spentMs * 1000) / visits,
    visitsPerSecond,
    p50Ms,
    p99Ms,
    keptRate: answered,
    slowestToMedian,
  };
}

async function slowestOf100(url: string): Promise<number> {
  const tookMs: number[] = [];
  let left = 100;
  const visit = async () => {
    while (left-- > 0) {
      const startedAt = performance.now();
      await (await fetch(url, { keepalive: false })).text();
      tookMs.push(performance.now() - startedAt);
    }
  };
  await Promise.all([visit(), visit(), visit()]);
  return Math.max(...tookMs) / median(tookMs);
}

function medians(rounds: readonly Round[]): Round {
  const of = (key: keyof Round) => median(rounds.map((round) => round[key]));
  return {
    cpuUsPerVisit: of('cpuUsPerVisit'),
    visitsPerSecond: of('visitsPerSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    keptRate: of('keptRate'),
    slowestToMedian: of('slowestToMedian'),
  };
}

function table(results: ReadonlyMap<string, readonly Round[]>, rate: number): string {
  const floor = medians(results.get('nginx, a constant') ?? []).cpuUsPerVisit;
  const rows = [...results].map(([name, rounds]) => {
    const { cpuUsPerVisit, visitsPerSecond, p50Ms, p99Ms, keptRate, slowestToMedian } = medians(rounds);
    const ratio = floor > 0 ? (cpuUsPerVisit / floor).toFixed(2) : '–';
    const latency = keptRate < 0.99 ? 'does not keep up' : `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)} ms`;
    return `| ${name} | ${cpuUsPerVisit.toFixed(1)} µs | ${ratio} | ${Math.round(visitsPerSecond)} | ${latency} | ${slowestToMedian.toFixed(1)} |`;
  });
  return [
    `| service | CPU time per visit | to nginx | visits/s, ${CONNECTIONS} connections | p50 / p99 at ${rate}/s | slowest of 100 to median |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      rate: { type: 'string', default: '1000' },
      only: { type: 'string', default: '' },
    },
  });
  const [rounds, seconds, rate] = [Number(values.rounds), Number(values.seconds), Number(values.rate)];
  if (Bun.which('wrk') === null) throw new Error('The bench needs wrk: install the package of that name.');
  const running = new Map<string, Running>();
  const results = new Map<string, Round[]>();
  try {
    for (const peer of peers.filter(({ name }) => name.includes(values.only))) {
      const missing = peer.needs.filter((program) => Bun.which(program) === null);
      if (missing.length > 0) {
        process.stdout.write(`not run: ${peer.name}, for want of ${missing.join(', ')}\n`);
        continue;
      }
      const service = await peer.start();
      running.set(peer.name, service);
      results.set(peer.name, []);
      // The first seconds of a program that is compiled while it runs say nothing about the rest.
      await Bun.$`wrk -t1 -c${CONNECTIONS} -d3s ${service.url}`.quiet();
    }
    for (let round = 1; round <= rounds; round++) {
      for (const [name, service] of running) {
        const figures = await measure(service, seconds, rate);
        results.get(name)?.push(figures);
        process.stderr.write(`round ${round}: ${name}: ${figures.cpuUsPerVisit.toFixed(1)} µs\n`);
      }
    }
  } finally {
    for (const service of running.values()) await service[Symbol.asyncDispose]();
  }
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}; Bun ${Bun.version}`;
  process.stdout.write(
    `\n${table(results, rate)}\n\n${rounds} rounds of ${seconds} s, medians. ${machine}.\n`,
  );
  const folder = join(import.meta.dir, 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
  writeFileSync(
    file,
    `${JSON.stringify({ machine, rounds, seconds, rate, results: Object.fromEntries(results) }, undefined, 2)}\n`,
  );
  process.stdout.write(`All figures: ${file}\n`);
}

await main(process.argv.slice(2));
