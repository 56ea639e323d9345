-- What a commit adds to the history of a counter, whose row the transaction has locked: hours by
-- kind of visit, and today's visitors. All of it is limited, so that no visitor fills the disk or
-- delays the others.

-- Folds some hours that are older than 35 days into days: two days of hours at most. Their age is
-- relative to the counter's last visit that is at least a day old, so a clock that is far ahead
-- for less than a day folds nothing. Returns the number of rows that it removed.
CREATE OR REPLACE FUNCTION seen.fold_hours(of_counter text, this_hour integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  first_hour integer;
  last_hour integer;
  until_hour integer;
  removed integer;
BEGIN
  SELECT min(hour) INTO first_hour FROM seen.hours WHERE counter = of_counter;
  SELECT max(hour) INTO last_hour FROM seen.hours
  WHERE counter = of_counter AND hour <= this_hour - 24;
  until_hour := least(last_hour - 35 * 24, first_hour + 2 * 24);
  IF first_hour IS NULL OR last_hour IS NULL OR first_hour >= until_hour THEN RETURN 0; END IF;
  INSERT INTO seen.days AS there (counter, day, kind, amount)
  SELECT of_counter, hour / 24, kind, seen.limited(sum(amount)) FROM seen.hours
  WHERE counter = of_counter AND hour < until_hour GROUP BY hour / 24, kind
  ON CONFLICT (counter, day, kind)
  DO UPDATE SET amount = seen.limited(there.amount + excluded.amount);
  DELETE FROM seen.hours WHERE counter = of_counter AND hour < until_hour;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$;

-- The number of today's visitors of a counter.
CREATE OR REPLACE FUNCTION seen.visitors_of(of_counter text, today integer) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce(
    (SELECT visitors FROM seen.uniques WHERE counter = of_counter AND day = today), 0
  );
END $$;

-- Records today's visitors of a counter, at most `places` new ones. Returns how many are new.
CREATE OR REPLACE FUNCTION seen.record_visitors(
  of_counter text, today integer, ids text[], places bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  id text;
  added bigint := 0;
BEGIN
  IF places >= cardinality(ids) THEN
    INSERT INTO seen.visitors (day, counter, visitor)
    SELECT today, of_counter, given FROM unnest(ids) AS given ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added;
  END IF;
  FOREACH id IN ARRAY ids LOOP
    EXIT WHEN added >= places;
    INSERT INTO seen.visitors (day, counter, visitor) VALUES (today, of_counter, id)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN added := added + 1; END IF;
  END LOOP;
  RETURN added;
END $$;

-- Writes the totals of a batch: those that it changes, and the counters that it makes.
CREATE OR REPLACE FUNCTION seen.write_counters(
  names text[], totals bigint[], changed boolean[], made boolean[], now_ms bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE seen.counters SET total = after.total
  FROM unnest(names, totals, changed, made) AS after (name, total, changes, is_new)
  WHERE counters.name = after.name AND changes AND NOT is_new;
  IF true = ANY (made) THEN
    INSERT INTO seen.counters (name, total, made_at)
    SELECT name, total, now_ms FROM unnest(names, totals, made) AS after (name, total, is_new)
    WHERE is_new ORDER BY name;
  END IF;
END $$;

-- Adds amounts by kind to the hour. Each is of the counter at its place in `names`. Where an hour
-- begins, old hours of the counter are folded.
CREATE OR REPLACE FUNCTION seen.write_hours(
  names text[], places integer[], kinds jsonb[], this_hour integer
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  begun text;
  folded integer := 0;
BEGIN
  FOR begun IN
    WITH added AS (
      INSERT INTO seen.hours AS hours (counter, hour, kind, amount)
      SELECT names[place], this_hour, key, seen.limited(sum(value::bigint))
      FROM unnest(places, kinds) AS given (place, by_kind), jsonb_each(by_kind)
      GROUP BY names[place], key HAVING sum(value::bigint) <> 0 ORDER BY names[place], key
      ON CONFLICT (counter, hour, kind)
      DO UPDATE SET amount = seen.limited(hours.amount + excluded.amount)
      RETURNING counter, xmax = 0 AS is_new
    )
    SELECT DISTINCT counter FROM added WHERE is_new
  LOOP
    EXIT WHEN folded >= 1000;
    folded := folded + seen.fold_hours(begun, this_hour);
  END LOOP;
END $$;

-- Adds the new visitors of each counter to its day, and forgets some visitors of days that are
-- over. A day is over an hour late, because the clock of another replica may be a little behind.
-- As long as somebody keeps an old snapshot (pg_dump), rows that were deleted stay in the way of
-- whoever looks for others. So a row of seen.sums, `forgetting`, says whether any are left.
CREATE OR REPLACE FUNCTION seen.write_visitors(
  names text[], new_visitors bigint[], now_ms bigint, today integer
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  day_over integer := (now_ms - 3600000) / 86400000;
  recorded bigint := (SELECT coalesce(sum(n), 0) FROM unnest(new_visitors) AS n);
  gone bigint;
BEGIN
  IF recorded = 0 THEN RETURN; END IF;
  INSERT INTO seen.uniques AS there (counter, day, visitors)
  SELECT name, today, n FROM unnest(names, new_visitors) AS added (name, n) WHERE n > 0
  ON CONFLICT (counter, day)
  DO UPDATE SET visitors = seen.limited(there.visitors + excluded.visitors);
  DELETE FROM seen.sums WHERE ctid IN (
    SELECT ctid FROM seen.sums WHERE what = 'visitors' AND day < day_over FOR UPDATE SKIP LOCKED
  );
  IF FOUND THEN
    INSERT INTO seen.sums (what, day, shard, n) VALUES ('forgetting', 0, 0, 0)
    ON CONFLICT DO NOTHING;
  END IF;
  IF EXISTS (SELECT FROM seen.sums WHERE what = 'forgetting') THEN
    DELETE FROM seen.visitors WHERE ctid IN (
      SELECT ctid FROM seen.visitors WHERE day < day_over LIMIT 1000 FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone = 0 THEN
      DELETE FROM seen.sums WHERE ctid IN (
        SELECT ctid FROM seen.sums WHERE what = 'forgetting' FOR UPDATE SKIP LOCKED
      );
    END IF;
  END IF;
  PERFORM seen.add_to_sum('visitors', today, recorded);
END $$;

-- The stored history of `counter`: `hours` and `days`, each [at, kind, amount], and `visitors`,
-- each [day, number].
CREATE OR REPLACE FUNCTION seen.history_of(of_counter text) RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN jsonb_build_object(
    'hours', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(hour, kind, amount)), '[]')
      FROM seen.hours WHERE counter = of_counter
    ),
    'days', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(day, kind, amount)), '[]')
      FROM seen.days WHERE counter = of_counter
    ),
    'visitors', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(day, visitors)), '[]')
      FROM seen.uniques WHERE counter = of_counter
    )
  );
END $$;

-- args: `counter`. Returns its history.
CREATE OR REPLACE FUNCTION seen.read_history(args jsonb) RETURNS jsonb LANGUAGE sql STABLE
AS $$ SELECT seen.history_of(args->>'counter') $$;

-- args: `counters`, `firstDay`, `lastDay`. Returns for each the visits by day, of all kinds, each
-- [day, visits]. Days without visits are left out.
CREATE OR REPLACE FUNCTION seen.read_recent(args jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
DECLARE
  first_day integer := (args->'firstDay')::integer;
  last_day integer := (args->'lastDay')::integer;
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(daily.all_days ORDER BY place), '[]')
    FROM jsonb_array_elements_text(args->'counters') WITH ORDINALITY AS given (wanted, place),
    LATERAL (
      SELECT coalesce(jsonb_agg(jsonb_build_array(day, visits)), '[]') AS all_days FROM (
        SELECT day, seen.limited(sum(amount)) AS visits FROM (
          SELECT hour / 24 AS day, amount FROM seen.hours
          WHERE counter = wanted AND hour BETWEEN first_day * 24 AND last_day * 24 + 23
          UNION ALL SELECT day, amount FROM seen.days
          WHERE counter = wanted AND day BETWEEN first_day AND last_day
        ) AS amounts GROUP BY day
      ) AS summed
    ) AS daily
  );
END $$;

-- args: `counter`. Returns its visitors, each [day, number].
CREATE OR REPLACE FUNCTION seen.read_visitors(args jsonb) RETURNS jsonb LANGUAGE sql STABLE
AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_array(day, visitors)), '[]')
  FROM seen.uniques WHERE counter = args->>'counter'
$$;

-- args: `day`, `suggested`. Returns the salt of this day: `suggested`, unless an earlier call
-- suggested one.
CREATE OR REPLACE FUNCTION seen.salt(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  of_day integer := (args->'day')::integer;
  kept text;
BEGIN
  PERFORM seen.confirm();
  INSERT INTO seen.salts (day, salt) VALUES (of_day, args->>'suggested') ON CONFLICT DO NOTHING;
  DELETE FROM seen.salts WHERE day < of_day - 1;
  SELECT salt INTO kept FROM seen.salts WHERE day = of_day;
  RETURN to_jsonb(kept);
END $$;
