-- Visitors' quotas: the generic cell rate algorithm of counter/limits/rate-limit.ts, on whole
-- numbers.
--
-- args:
--   now      microseconds since 1970
--   most     the most visitors to remember
--   wanted   a list: `limit` and `who`; `one`, after how many microseconds one more is there;
--            `all`, after how many all of them are; and `count`, how many are taken (older Seens
--            leave it out, and take one)
--
-- Returns for each whether all were given, and when the quota is full again: [allowed, fullAt]. If
-- fewer remain, those are taken. A visitor who does not fit is given them and not remembered.
--
-- Atomic because it is one transaction. It takes rows in the order of limits and visitors, so that
-- two calls do not wait for each other. It may be lost in a crash: its tables are UNLOGGED.

-- Forgets some quotas that are full again, or that a wrong clock has set too far ahead: no window
-- is longer than a day. Returns their number.
--
-- A session remembers how far it has forgotten, less a second, and begins there: as long as
-- somebody keeps an old snapshot (pg_dump), rows that were deleted stay in the way. What another
-- session wrote later with a clock that is behind, that one forgets, or a new one.
CREATE OR REPLACE FUNCTION seen.forget_limits(now_us bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  gone bigint;
  gone_ahead bigint;
  begin_us bigint := least(
    coalesce(nullif(current_setting('seen.forgotten_us', true), ''), '0')::bigint,
    now_us - 1000000
  );
BEGIN
  DELETE FROM seen.limits WHERE ctid IN (
    SELECT ctid FROM seen.limits WHERE full_at > begin_us AND full_at <= now_us
    LIMIT 1000 FOR UPDATE SKIP LOCKED
  );
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone < 1000 THEN
    PERFORM set_config('seen.forgotten_us', (now_us - 1000000)::text, false);
  END IF;
  DELETE FROM seen.limits WHERE ctid IN (
    SELECT ctid FROM seen.limits WHERE full_at > now_us + 2 * 86400000000
    LIMIT 1000 FOR UPDATE SKIP LOCKED
  );
  GET DIAGNOSTICS gone_ahead = ROW_COUNT;
  RETURN gone + gone_ahead;
END $$;

CREATE OR REPLACE FUNCTION seen.take(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  now_us bigint := (args->'now')::bigint;
  want record;
  kept_us bigint;
  is_kept boolean;
  full_us bigint;
  taken bigint;
  rows_before bigint;
  rows_added bigint := 0;
  verdicts jsonb[] := '{}';
BEGIN
  PERFORM seen.do_not_wait();
  FOR want IN
    SELECT *, row_number() OVER same AS nth, count(*) OVER (PARTITION BY of_limit, who) AS times
    FROM ROWS FROM (jsonb_to_recordset(args->'wanted') AS (
      "limit" text, who text, one bigint, "all" bigint, count bigint
    )) WITH ORDINALITY AS given (of_limit, who, one_us, all_us, wanted, place)
    WINDOW same AS (PARTITION BY of_limit, who ORDER BY place)
    ORDER BY of_limit COLLATE "C", who COLLATE "C", place
  LOOP
    -- A row is read and written once, however often it is asked for: each version of it that a
    -- transaction writes is in the way of the next.
    IF want.nth = 1 THEN
      SELECT full_at INTO kept_us FROM seen.limits
      WHERE name = want.of_limit AND who = want.who FOR UPDATE;
      is_kept := FOUND;
      full_us := NULL;
    END IF;
    IF want.nth = 1 AND NOT is_kept THEN
      IF rows_before IS NULL THEN
        SELECT coalesce(sum(n), 0) INTO rows_before FROM seen.limit_sums;
      END IF;
      IF rows_before + rows_added < (args->'most')::bigint THEN
        INSERT INTO seen.limits (name, who, full_at) VALUES (want.of_limit, want.who, now_us)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN rows_added := rows_added + 1; END IF;
        -- Another call may have added it.
        SELECT full_at INTO kept_us FROM seen.limits
        WHERE name = want.of_limit AND who = want.who FOR UPDATE;
        is_kept := FOUND;
      END IF;
    END IF;
    -- Never farther ahead than all of it: the clock of another replica may have been.
    full_us := least(
      greatest(CASE WHEN is_kept THEN coalesce(full_us, kept_us) ELSE now_us END, now_us),
      now_us + want.all_us
    );
    taken := least(coalesce(want.wanted, 1), (now_us + want.all_us - full_us) / want.one_us);
    full_us := full_us + taken * want.one_us;
    IF want.nth = want.times AND is_kept AND full_us <> kept_us THEN
      UPDATE seen.limits SET full_at = full_us WHERE name = want.of_limit AND who = want.who;
    END IF;
    verdicts[want.place] := jsonb_build_array(taken = coalesce(want.wanted, 1), full_us);
  END LOOP;
  rows_added := rows_added - seen.forget_limits(now_us);
  IF rows_added <> 0 THEN
    INSERT INTO seen.limit_sums (shard, n) VALUES (pg_backend_pid() % 16, rows_added)
    ON CONFLICT (shard) DO UPDATE SET n = seen.limit_sums.n + excluded.n;
  END IF;
  RETURN to_jsonb(verdicts);
END $$;
