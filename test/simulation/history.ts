/**
 * One history: replicas, clients, owners and faults, all chosen by a seed, and the judgement at
 * its end.
 *
 * It follows FoundationDB's simulation (Zhou et al., "FoundationDB", SIGMOD 2021, section 4) and
 * TigerBeetle's VOPR, from which it has the last phase: nothing fails any more, and everything is
 * answered.
 */
import { Clients } from './clients.ts';
import type { Database } from './database.ts';
import { Dice } from './dice.ts';
import { Journal, type Trace } from './journal.ts';
import { judge } from './judge.ts';
import { Model } from './model.ts';
import { Network } from './network.ts';
import { Owners } from './owners.ts';
import { choosePlan, type Plan } from './plan.ts';
import { Replica } from './replica.ts';
import { StoreSide } from './store-side.ts';
import { Timeline } from './timeline.ts';
import { Violation } from './violation.ts';

/**
 * From when nothing fails any more until each replica is asked: longer than any answer is waited
 * for.
 */
const HEALED_MS = 2000;

/**
 * Runs the history of `seed`, on the model alone or compared with a real store. Answers how often
 * what happened. Fails with a `Violation`.
 */
export async function runHistory(
  seed: number,
  database?: Database,
  trace?: Trace,
): Promise<ReadonlyMap<string, number>> {
  return new History(seed, database, trace).run();
}

class History {
  readonly #dice: Dice;
  readonly #plan: Plan;
  readonly #timeline = new Timeline();
  readonly #journal: Journal;
  readonly #store: StoreSide;
  readonly #network: Network;
  readonly #owners: Owners;
  readonly #clients: Clients;
  readonly #database: Database | undefined;
  /** By machine: the one that takes hits. */
  readonly #replicas: Replica[] = [];
  readonly #everyReplica: Replica[] = [];

  constructor(seed: number, database: Database | undefined, trace: Trace | undefined) {
    this.#dice = new Dice(seed);
    this.#plan = choosePlan(this.#dice);
    this.#database = database;
    this.#journal = new Journal(this.#timeline, trace);
    this.#journal.say(() => JSON.stringify(this.#plan));
    this.#store = new StoreSide(new Model(this.#plan), database, this.#journal);
    this.#network = new Network(
      this.#timeline,
      this.#plan,
      this.#dice,
      this.#store,
      this.#journal,
    );
    this.#owners = new Owners(this.#plan, this.#dice, this.#store);
    this.#clients = new Clients(this.#timeline, this.#plan, this.#dice, this.#replicas);
  }

  async run(): Promise<ReadonlyMap<string, number>> {
    const { replicas, periods, spanMs, limits } = this.#plan;
    await this.#database?.begin(limits);
    for (let machine = 0; machine < replicas; machine++) this.#start(machine);
    await this.#owners.begin(this.#now);
    for (const period of periods) this.#schedule(period);
    this.#timeline.after((periods.at(-1) ?? 0) + spanMs, () => this.#heal());
    await this.#timeline.run();
    for (const replica of this.#everyReplica) if (replica.alive) replica.judge();
    const { hits } = this.#clients;
    const { model } = this.#store;
    const { starts } = this.#owners;
    await judge({
      hits,
      model,
      plan: this.#plan,
      starts,
      database: this.#database,
      at: this.#now,
    });
    await this.#database?.end();
    for (const { answer } of hits) {
      const kind =
        typeof answer === 'string' ? answer : answer === undefined ? 'no answer' : 'number';
      this.#journal.count(`hit: ${kind}`);
    }
    return this.#journal.counts;
  }

  /** The right time, in milliseconds since 1970. */
  get #now(): number {
    return Math.floor(this.#plan.startsAt + this.#timeline.now);
  }

  /** A new replica on a machine, whose clock is the machine's. */
  #start(machine: number): void {
    const replica = new Replica(`r${machine}-${this.#everyReplica.length}`, machine, {
      timeline: this.#timeline,
      plan: this.#plan,
      dice: this.#dice,
      network: this.#network,
      store: this.#store,
    });
    replica.aheadMs = this.#replicas[machine]?.aheadMs ?? this.#skew();
    this.#replicas[machine] = replica;
    this.#everyReplica.push(replica);
  }

  #skew(): number {
    return Math.round(this.#dice.between(-1, 1) * this.#plan.skewMs);
  }

  /** What happens in one period. */
  #schedule(begin: number): void {
    const { bursts, spanMs, crashes, drains, outages, setBacks, emptied, changes, clockJumps } =
      this.#plan;
    const at = (part: number, task: () => unknown) =>
      this.#timeline.after(begin + part * spanMs, task);
    const often = (times: number, task: () => unknown) => {
      for (let count = 0; count < times; count++) at(this.#dice.next(), task);
    };
    if (begin > 0) this.#timeline.after(begin - 1, () => this.#store.forgetWriters(this.#now));
    often(bursts, () => this.#clients.burst());
    often(crashes, () => this.#crash());
    often(drains, () => this.#replace());
    often(outages, () => this.#outage());
    often(emptied, () => this.#store.empty());
    for (let count = 0; count < setBacks; count++) {
      const first = this.#dice.next();
      at(first, () => this.#store.backUp());
      at(this.#dice.between(first, 1), () => this.#store.setBack());
    }
    often(changes, () => {
      this.#journal.count('change');
      return this.#owners.change(this.#dice.one(this.#replicas).now);
    });
    often(clockJumps, () => {
      this.#dice.one(this.#replicas).aheadMs = this.#skew();
    });
  }

  #crash(): void {
    const replica = this.#dice.one(this.#replicas);
    this.#journal.count('crash');
    replica.alive = false;
    this.#start(replica.number);
  }

  /**
   * A clean stop: another replica takes over at once or in a moment, while this one answers what
   * it has.
   */
  #replace(): void {
    const replica = this.#dice.one(this.#replicas);
    this.#journal.count('drain');
    const startMs = this.#dice.yes(0.5) ? 0 : this.#dice.next() * this.#plan.waitMs;
    this.#timeline.after(startMs, () => this.#start(replica.number));
    replica.drain();
  }

  #outage(): void {
    this.#journal.count('outage');
    this.#network.down = true;
    const forMs = this.#dice.yes(0.3) ? this.#plan.waitMs * 1.5 : this.#plan.timeoutMs;
    this.#timeline.after(this.#dice.next() * forMs, () => {
      this.#network.down = false;
    });
  }

  #heal(): void {
    this.#network.healed = true;
    this.#network.down = false;
    this.#clients.leave = true;
    this.#timeline.after(HEALED_MS, () => {
      for (const replica of this.#replicas) if (!replica.draining) void this.#probe(replica);
    });
  }

  /**
   * When nothing fails any more, each replica reads and counts, and tells nobody what is private.
   */
  async #probe(replica: Replica): Promise<void> {
    const fail = (what: string) => this.#timeline.fail(new Violation(`${replica.name} ${what}`));
    const { counters } = this.#plan;
    const [answer, totals] = await Promise.all([
      this.#clients.probe(replica),
      replica.counter.read(counters),
    ]);
    if (typeof answer !== 'number' && answer !== 'total-out-of-range') {
      fail(`answers ${String(answer)} when all is well`);
    }
    counters.forEach((name, index) => {
      const hidden = this.#store.model.counters.get(name)?.private ?? false;
      if (hidden && totals[index] !== undefined)
        fail(`tells the total of ${name}, which is private`);
    });
  }
}
