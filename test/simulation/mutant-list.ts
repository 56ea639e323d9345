/**
 * One-line changes of the protocol, each of which the simulation must notice.
 *
 * A mutant is a file, a text that stands in it exactly once, and what is put in its place. One
 * that stands there no more is an error, so that the list stays in step with the code. Left out
 * are changes that change nothing: most of all those that only make Seen slower, or that no
 * history of a few dozen hits can tell apart (a batch of a thousand counters).
 */

/** On which store histories are run to find it: `none` where the model alone does. */
export type Where = 'none' | 'sqlite' | 'redis' | 'postgres';

export interface Mutant {
  readonly what: string;
  readonly where: Where;
  readonly file: string;
  readonly old: string;
  readonly changed: string;
}

const of = (where: Where, file: string) => (what: string, old: string, changed: string) => ({
  what,
  where,
  file,
  old,
  changed,
});
const counter = of('none', 'src/counter/counter.ts');
const queue = of('none', 'src/counter/queue.ts');
const writer = of('none', 'src/counter/writer.ts');
const hit = of('none', 'src/counter/hit.ts');
const batch = of('none', 'src/counter/batch.ts');
const inWindow = of('none', 'src/counter/rules.ts');
const script = of('redis', 'src/stores/redis/lua/commit.lua');
const windows = of('redis', 'src/stores/redis/lua/window.lua');
const past = of('redis', 'src/stores/redis/lua/history.lua');
const call = of('redis', 'src/stores/redis/counting.ts');
const sql = of('postgres', 'src/stores/postgres/sql/commit.sql');
const sqlHistory = of('postgres', 'src/stores/postgres/sql/history.sql');
const sqlWindow = of('postgres', 'src/stores/postgres/sql/window.sql');
const apply = of('sqlite', 'src/stores/sqlite/changes.ts');
const sqlite = of('sqlite', 'src/stores/sqlite/counting.ts');
const counted = of('sqlite', 'src/stores/sqlite/window.ts');
const database = of('sqlite', 'src/stores/sqlite/database.ts');

export const MUTANTS: readonly Mutant[] = [
  counter(
    'answer before the commit',
    '        const outcomes = await this.#writer.write(',
    '        this.#stored(batch, batch.changes.map(({ amount }) => amount), 0);\n        const outcomes = await this.#writer.write(',
  ),
  counter(
    'write while another batch is under way',
    '    if (!this.#running) void this.#run();',
    '    void this.#run();',
  ),
  counter(
    'write the next batch before the number of one in doubt is taken',
    '      const isEmpty = this.#probeDue || this.#writer.inDoubt;',
    '      const isEmpty = this.#probeDue;',
  ),
  counter(
    'give up a batch for which somebody waits',
    '    if (underWay.length > 0) return underWay.some((hit) => !hit.answered);',
    '    if (underWay.length > 0) return underWay.every((hit) => !hit.answered);',
  ),
  counter('keep the hits of a batch that is over', '      this.#queue.finish();\n', ''),
  counter(
    'take hits while draining',
    '    if (this.#drained) {',
    '    if (this.#drained && this.#queue.waiting > 0) {',
  ),
  counter(
    'leave the hits of a failed batch without an answer',
    '    for (const hit of hits) fail(hit, error);\n',
    '',
  ),
  writer(
    'keep the name after giving up a batch',
    '          this.#inDoubt = maybeStored && changes.length > 0;',
    '          this.#inDoubt = false;',
  ),
  writer(
    'take another name without need',
    '          this.#inDoubt = maybeStored && changes.length > 0;',
    '          this.#rename();',
  ),
  writer(
    'keep the name when the store forgot it',
    '          observer.writerForgotten(error);\n          this.#rename();',
    '          observer.writerForgotten(error);\n          this.#sequence = 0;',
  ),
  writer(
    'do not say that the store forgot the name',
    '          observer.writerForgotten(error);\n',
    '',
  ),
  writer(
    'send a batch that may be stored under a new name',
    '          if (maybeStored || renamed) throw',
    '          if (renamed) throw',
  ),
  writer(
    'take a lost answer for a refusal',
    "        maybeStored ||= error.code === 'hit-unconfirmed';",
    "        maybeStored ||= error.code === 'store-unavailable';",
  ),
  writer(
    'retry under a new number',
    '        observer.retrying(error);',
    '        observer.retrying(error);\n        this.#sequence++;',
  ),
  writer('forget to count a batch’s number', '        this.#sequence++;\n', ''),
  writer(
    'keep the number after another name',
    '    this.#name = this.#options.newWriter();\n    this.#sequence = 0;',
    '    this.#name = this.#options.newWriter();',
  ),
  writer(
    'let a hit more join a batch that is sent again',
    'sequence: this.#sequence + 1,\n          changes,',
    'sequence: this.#sequence + 1,\n          changes: attempt > 0 ? changes.map((change) => ({ ...change, amount: change.amount + 1 })) : changes,',
  ),
  writer(
    'give up when the store cannot be reached',
    "  return isAppError(error, 'store-unavailable', 'store-unusable', 'hit-unconfirmed');",
    "  return isAppError(error, 'store-unusable', 'hit-unconfirmed');",
  ),
  writer(
    'keep the name after a bug of the store',
    '          this.#rename();\n          throw error;',
    '          throw error;',
  ),
  queue(
    'leave hits in the queue that are in a batch',
    '    this.#waiting = takesAll ? [] : this.#waiting.slice(taken);',
    '    this.#waiting = takesAll ? [] : this.#waiting.slice(taken - 1);',
  ),
  queue(
    'let hits wait a millisecond longer',
    '      const expiresAt = clock.now() + waitMs;',
    '      const expiresAt = clock.now() + waitMs + 1;',
  ),
  queue(
    'expire hits late: look after the newest one',
    '      if (oldest) this.#watch(oldest.expiresAt - now);',
    '      if (oldest) this.#watch(this.#options.waitMs);',
  ),
  queue(
    'do not look after deadlines a second time',
    '      if (oldest) this.#watch(oldest.expiresAt - now);',
    '      if (oldest) this.#watching = true;',
  ),
  queue(
    'say of hits in a batch that they are not counted',
    '    for (const hit of late) fail(hit, unconfirmed());',
    "    for (const hit of late) fail(hit, new AppError('store-unavailable', 'Not counted.'));",
  ),
  queue(
    'count hits that are said not to be counted',
    '    const expired = this.#waiting.splice(0, fresh === -1 ? this.#waiting.length : fresh);',
    '    const expired = this.#waiting.slice(0, fresh === -1 ? this.#waiting.length : fresh);',
  ),
  queue(
    'expire one hit too many',
    'this.#waiting.findIndex((hit) => hit.expiresAt > now);',
    'this.#waiting.findIndex((hit) => hit.expiresAt > now + 5);',
  ),
  queue(
    'let one more wait than may',
    'isFull?.(this.size) ?? this.size >= waitingMax',
    'isFull?.(this.size) ?? this.size > waitingMax',
  ),
  queue(
    'do not count hits under way as waiting',
    '    return this.#waiting.length + this.#underWay.length;',
    '    return this.#waiting.length;',
  ),
  queue(
    'be drained while a batch is under way',
    '    return this.#waiting.length === 0 && this.#underWay.every((hit) => hit.answered);',
    '    return this.#waiting.length === 0;',
  ),
  batch(
    'hand out the numbers in the wrong order',
    '  return { answers, counted };',
    '  return { answers: answers.toReversed(), counted };',
  ),
  batch(
    'give all hits of a batch the last number',
    'total: outcome - change.amount, private: false',
    'total: outcome, private: false',
  ),
  batch(
    'begin a private counter’s numbers one too high',
    '  if (!counted) return { total: total - change.amount,',
    '  if (!counted) return { total: total - change.amount + 1,',
  ),
  batch(
    'reveal the number of a private counter',
    '    return run.private && !hit.reveal ? null : run.total;',
    '    return run.private && hit.reveal === undefined ? null : run.total;',
  ),
  batch(
    'hide the number from its owner',
    '    return run.private && !hit.reveal ? null : run.total;',
    '    return run.private ? null : run.total;',
  ),
  batch(
    'take a windowed counter for a public one',
    '    total: total - withinWindow(change, counted).amount,\n    private: hidden,',
    '    total: total - withinWindow(change, counted).amount,\n    private: false,',
  ),
  batch('count a visitor twice within a batch', '      first.set(id, false);\n', ''),
  batch(
    'take other amounts for visits',
    '      if (id === undefined || !isVisit(hit.amount)) return true;',
    '      if (id === undefined) return true;',
  ),
  batch(
    'report hits that do not count',
    '    if (run.counts(hit)) {\n      run.total += hit.amount;\n      counted++;\n    }',
    '    counted++;\n    if (run.counts(hit)) run.total += hit.amount;',
  ),
  hit(
    'answer what was left out with a wrong error',
    "    case 'keys-full':\n      return new AppError(\n        'keys-full',",
    "    case 'keys-full':\n      return new AppError(\n        'key-reused',",
  ),
  batch(
    'put what counts once into the same change',
    '    const place = once ? undefined : placeOf.get(counter);',
    '    const place = placeOf.get(counter);',
  ),
  batch(
    'add to the change of what counts once',
    '      if (!once) placeOf.set(counter, changes.length);',
    '      placeOf.set(counter, changes.length);',
  ),
  batch(
    'join a hit that moves a counter the other way',
    ' && Math.sign(change.amount) === Math.sign(amount)',
    '',
  ),
  batch(
    'give a hit the place of the next change',
    '      places.push(place);',
    '      places.push(place + 1);',
  ),
  batch(
    'make a counter that no hit may make',
    '      if (make === false) fresh.make = false;',
    '      if (make === false) fresh.make = undefined;',
  ),
  batch(
    'make no counter though a hit may',
    '      if (make !== false && change.make === false) change.make = undefined;\n',
    '',
  ),
  batch(
    'forget who added the first hits',
    '  change.kinds ??= before === 0 ? {} : { program: before };',
    '  change.kinds ??= {};',
  ),
  batch('take each hit for a visit', ' + (isVisit(amount) ? 1 : 0);', ' + 1;'),
  batch('take all amounts for visits', '  return amount === 1;', '  return amount > 0;'),
  inWindow(
    'drop the first visit too',
    '    const dropped = visits - (counted[index] && visits > 0 ? 1 : 0);',
    '    const dropped = visits;',
  ),
  {
    ...inWindow(
      'drop nothing from the kinds',
      '    left.kinds[kind] = (left.kinds[kind] ?? 0) - dropped;',
      '    left.kinds[kind] = left.kinds[kind] ?? 0;',
    ),
    where: 'sqlite',
  },
  script(
    'forget the outcome of a batch',
    'if last == ARGS.sequence then return writer end',
    'if last == ARGS.sequence then return cmsgpack.pack({last, {}}) end',
  ),
  script(
    'apply a batch again',
    'if last == ARGS.sequence then return writer end',
    'if last == ARGS.sequence then last = last - 1 end',
  ),
  script('do not compare numbers', 'if last ~= ARGS.sequence - 1 then', 'if false then'),
  script('accept a gap', 'if last ~= ARGS.sequence - 1 then', 'if last > ARGS.sequence - 1 then'),
  script(
    'accept an old batch',
    'if last ~= ARGS.sequence - 1 then',
    'if last < ARGS.sequence - 1 then',
  ),
  script(
    'do not remember keys',
    "    write({'SET', key, added_keys[key], 'PX', whole(ARGS.keyMs)})\n",
    '',
  ),
  script(
    'do not remember keys within a batch',
    "added_keys[key] or read('GET', key)",
    "read('GET', key)",
  ),
  script(
    'do not check the request under a key',
    "  if total and request ~= more.request then return 'key-reused' end\n",
    '',
  ),
  script(
    'remember one key too many',
    'kept_keys.sum >= ARGS.keysMax then',
    'kept_keys.sum > ARGS.keysMax then',
  ),
  script('forget to count keys', '    keep_more(kept_keys, 1, ARGS.keyMs)\n', ''),
  script('do not write down how many keys there are', 'write_kept(kept_keys)\n', ''),
  script(
    'reveal a private number that is repeated',
    'return outcome_of(counter_of(name), tonumber(total)) end',
    'return tonumber(total) end',
  ),
  script(
    'reveal all private numbers',
    'return {total, private, counted or false}',
    'return {total, false, counted or false}',
  ),
  script(
    'let a total go too far',
    "  if out_of_range(total) then return 'out-of-range' end\n",
    '',
  ),
  script('make one counter too many', 'there >= ARGS.countersMax', 'there > ARGS.countersMax'),
  script('forget the counters that a batch makes', '    counters_made = counters_made + 1\n', ''),
  windows(
    'count within the window',
    '      amount = amount - dropped\n',
    '      amount = amount - 0\n',
  ),
  windows(
    'say that nobody was counted before',
    'counted[#counted + 1] = counts',
    'counted[#counted + 1] = true',
  ),
  windows(
    'keep visits longer than the window',
    'math.abs(ARGS.now - before) >= counter.rules.window',
    'math.abs(ARGS.now - before) >= 2 * counter.rules.window',
  ),
  windows(
    'count visits of a clock that was ahead',
    'math.abs(ARGS.now - before) >= counter.rules.window',
    'ARGS.now - before >= counter.rules.window or ARGS.now < before',
  ),
  windows(
    'do not note down visits',
    "    write({'ZADD', key, whole(ARGS.now), fresh[index]})\n",
    '',
  ),
  past('leave old hours where they are', "  write_each('HDEL', hours, folded)\n", ''),
  past('lose old hours', "    write({'HINCRBY', 'seen:days:' .. name, day, whole(amount)})\n", ''),
  past(
    'lose the visitors of the day before',
    "  if count then write({'HINCRBY', 'seen:uniques:' .. name, before, whole(count)}) end\n",
    '',
  ),
  past('add the hours to one hour', 'ARGS.hour .. kind', 'ARGS.day .. kind'),
  call(
    'answer in the wrong order',
    'outcomes.map(outcomeOf)',
    'outcomes.toReversed().map(outcomeOf)',
  ),
  call('lose the kinds of visits', 'byLetter(kinds),', 'byLetter({ program: amount }),'),
  sqlite(
    'forget the outcome of a batch',
    '      if (kept?.sequence === sequence) {',
    '      if (kept?.sequence === sequence + 1) {',
  ),
  sqlite('accept a gap', '      if (last !== sequence - 1) {', '      if (last > sequence - 1) {'),
  sqlite(
    'accept an old batch',
    '      if (last !== sequence - 1) {',
    '      if (last < sequence - 1) {',
  ),
  sqlite(
    'do not remember the batch',
    '      file.remember.run(writer, sequence, JSON.stringify(outcomes), at);\n',
    '',
  ),
  database(
    'take a commit that is in doubt for one that failed',
    "      throw new AppError('hit-unconfirmed', why, { cause });",
    "      throw new AppError('store-unavailable', why, { cause });",
  ),
  database(
    'keep what was done before an error',
    '      if (file.database.inTransaction) file.rollback.run();',
    '      if (file.database.inTransaction) file.commit.run();',
  ),
  apply(
    'do not remember keys',
    '      file.rememberKey.run(once.key, once.request, total, at);\n',
    '',
  ),
  apply(
    'do not check the request under a key',
    '    if (known) return known.request === once.request ? outcome(known.total, rules) : ',
    '    if (known) return known.request !== undefined ? outcome(known.total, rules) : ',
  ),
  apply('forget to count keys within a batch', '      keysLeft--;\n', ''),
  apply(
    'do not count the default counter',
    '      if (!makes() && !isDefault)',
    '      if (!isDefault && !makes())',
  ),
  apply('make one counter too many', '    return --mayMake >= 0;', '    return mayMake-- >= 0;'),
  apply(
    'reveal private numbers',
    'private: hidden, counted } : total;',
    'private: false, counted } : total;',
  ),
  counted(
    'count within the window',
    'Math.abs(at - before) >= windowMs;',
    'Math.abs(at - before) >= 0;',
  ),
  counted(
    'do not note down who was counted',
    '    if (counted[index]) file.noteCounted',
    '    if (!counted[index]) file.noteCounted',
  ),
  apply(
    'add what a window left out to the hours',
    '    visits.record({ ...change, ...left });',
    '    visits.record(change);',
  ),
  apply(
    'count visitors that were there',
    '      if (this.#file.addVisitor.run(this.#day, counter, id).changes === 0) continue;\n',
    '      this.#file.addVisitor.run(this.#day, counter, id);\n',
  ),
  apply(
    'make a counter that no hit may make',
    '(!hitsMake || change.make === false)',
    '(!hitsMake)',
  ),
  sql(
    'apply a batch again that was applied',
    "  IF kept.sequence = (args->'sequence')::bigint THEN",
    "  kept.sequence := (args->'sequence')::bigint - 1;\n  IF false THEN",
  ),
  sql(
    'apply a batch that is not the next one',
    "  IF kept.sequence <> (args->'sequence')::bigint - 1 THEN",
    '  IF false THEN',
  ),
  sql('keep no outcomes', 'outcomes = to_jsonb(answers),', "outcomes = '[]',"),
  sql(
    'forget the keys of requests',
    'LEFT JOIN seen.keys AS k ON k.key = given.key;',
    'LEFT JOIN seen.keys AS k ON false;',
  ),
  sql(
    'take a key that was used for another request',
    'ELSE \'"key-reused"\' END;',
    'ELSE seen.outcome(key_totals[key_at], rules[at], NULL) END;',
  ),
  sql(
    'let totals leave the range',
    '    IF abs(totals[at] + added) > seen.exact_max() THEN',
    '    IF false THEN',
  ),
  sql(
    'make counters that a change may not make',
    "      IF names[at] <> 'hits' AND NOT (hits_make AND coalesce(change.make, true)) THEN",
    '      IF false THEN',
  ),
  sql(
    'make more counters than there may be',
    "      IF names[at] <> 'hits' AND counters_left <= 0 THEN",
    '      IF false THEN',
  ),
  sql(
    'add the visits that a window leaves out',
    'added := added - coalesce(',
    'added := added - 0 * coalesce(',
  ),
  sql(
    'note the visits that a window leaves out in the history',
    '      change.kinds := seen.without_repeated(change.kinds, repeated);',
    '',
  ),
  sql(
    'note no time of a visit that counted',
    '        PERFORM seen.note_counted(names[at], change.ids, counted, now_ms);',
    '        NULL;',
  ),
  sql('keep more keys than there may be', '      IF keys_left <= 0 THEN', '      IF false THEN'),
  sqlHistory(
    'write only the totals that do not change',
    'AND changes AND NOT is_new;',
    'AND NOT changes AND NOT is_new;',
  ),
  sqlHistory(
    'add every amount to the hour before',
    'SELECT names[place], this_hour, key,',
    'SELECT names[place], this_hour - 1, key,',
  ),
  sqlWindow(
    'count a visit of each visitor of a batch',
    '    counted[place] := visits[place] > 0 AND NOT EXISTS (',
    '    counted[place] := visits[place] > 0 OR EXISTS (',
  ),
];
