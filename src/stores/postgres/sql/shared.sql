-- Functions that the others share.
--
-- Functions with queries are in PL/pgSQL, which keeps their plans for the session (greeting.ts has
-- the settings); PostgreSQL plans those in SQL at each call. Those in SQL are expressions, which
-- it puts into the caller's query.
--
-- Each operation of the store is one call of one function, so it is one statement, one round trip
-- and one transaction. Arguments and results are JSON. All functions run at READ COMMITTED: each
-- statement in them sees what was committed before it.
--
-- Locks are taken in this order, so that there is no deadlock: the writer, the places
-- (seen.lock_places), counters in the order of their names, and new keys in their order. Nobody
-- waits for the numbers of rows (seen.sums). A transaction that has locked a
-- counter's row may change the other rows of this counter. Expired rows that another transaction
-- has locked are left to it.

-- 2^53 - 1: the largest number that JSON carries exactly.
CREATE OR REPLACE FUNCTION seen.exact_max() RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT 9007199254740991';

-- A sum of the history. It stops at the largest exact number: it must not keep anybody from
-- counting.
CREATE OR REPLACE FUNCTION seen.limited(amount numeric) RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT greatest(least(amount, 9007199254740991), -9007199254740991)::bigint';

-- The server's clock, in milliseconds since 1970.
CREATE OR REPLACE FUNCTION seen.server_ms() RETURNS bigint LANGUAGE sql VOLATILE
AS 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

-- Fails with SE002 when `now_ms` differs by more than `most_ms` from the server's clock; 0 allows
-- any difference. The message is the number of seconds that `now_ms` is ahead.
CREATE OR REPLACE FUNCTION seen.check_clock(now_ms bigint, most_ms bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  ahead_ms bigint;
BEGIN
  IF most_ms = 0 THEN RETURN; END IF;
  ahead_ms := now_ms - seen.server_ms();
  IF abs(ahead_ms) > most_ms THEN
    RAISE EXCEPTION USING ERRCODE = 'SE002', MESSAGE = (ahead_ms / 1000)::text;
  END IF;
END $$;

-- The number of rows, as seen.sums has it.
CREATE OR REPLACE FUNCTION seen.sum_of(wanted text, of_day integer) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT coalesce(sum(n), 0) FROM seen.sums WHERE what = wanted AND day = of_day);
END $$;

-- Adds to the number of rows: to a row that no other transaction has locked, and where there is
-- none to a new one. So transactions do not wait for each other, and there are at most as many
-- rows as there were transactions at one moment.
CREATE OR REPLACE FUNCTION seen.add_to_sum(counted text, of_day integer, amount bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF amount = 0 THEN RETURN; END IF;
  UPDATE seen.sums SET n = n + amount WHERE ctid = (
    SELECT ctid FROM seen.sums WHERE what = counted AND day = of_day
    LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
  );
  IF FOUND THEN RETURN; END IF;
  INSERT INTO seen.sums (what, day, shard, n)
  VALUES (counted, of_day, floor(random() * 2147483647), amount)
  ON CONFLICT (what, day, shard) DO UPDATE SET n = seen.sums.n + excluded.n;
END $$;

-- Writes a row of no meaning, so that the commit of this transaction waits for the disk and for
-- the synchronous standby, and with it for all that the server committed before. A call that is
-- repeated after a lost reply and finds its work done must wait for that. Most do because they
-- lock a row, which is a write.
--
-- All calls write the same row. One that was given up keeps its connection of the server while it
-- waits for the standby. Later ones wait for the row, and there the server ends them when their
-- client is gone. So they do not use up its connections.
CREATE OR REPLACE FUNCTION seen.confirm() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen.writers (writer, sequence, outcomes, written_at)
  VALUES ('confirm', 0, '[]', seen.server_ms())
  ON CONFLICT (writer) DO UPDATE SET written_at = excluded.written_at;
END $$;

-- Lets the commit of this transaction return before the disk and the standby have it. UNLOGGED
-- tables alone do not: PostgreSQL may write to the log for other reasons, as when it tidies a page
-- that it reads, and the commit would wait for that.
CREATE OR REPLACE FUNCTION seen.do_not_wait() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
END $$;

-- Proves that a commit would succeed: writes as one does, and counts nothing.
CREATE OR REPLACE FUNCTION seen.ping(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM seen.check_clock((args->'now')::bigint, (args->'clocksDifferMaxMs')::bigint);
  PERFORM seen.confirm();
  RETURN 'true';
END $$;

-- Whether the rules make a counter private.
CREATE OR REPLACE FUNCTION seen.is_private(rules text) RETURNS boolean LANGUAGE sql IMMUTABLE
AS $$ SELECT rules IS NOT NULL AND split_part(rules, ' ', 4) = 'private' $$;

-- Waits until no other transaction makes counters, or fills the last places for anything. Call it
-- before counters' rows are locked.
CREATE OR REPLACE FUNCTION seen.lock_places() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- "seen" in ASCII, and 2.
  PERFORM pg_advisory_xact_lock(1936024942, 2);
END $$;

-- Whether one of the counters does not exist.
CREATE OR REPLACE FUNCTION seen.any_missing(wanted text[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM unnest(wanted) AS given
    WHERE NOT EXISTS (SELECT FROM seen.counters WHERE name = given)
  );
END $$;
