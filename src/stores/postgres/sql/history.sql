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

-- Adds amounts by kind to an hour. Returns whether one of them began its row.
CREATE OR REPLACE FUNCTION seen.add_to_hour(of_counter text, this_hour integer, kinds jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  kind_of text;
  added bigint;
  total bigint;
  is_new boolean := false;
BEGIN
  FOR kind_of, added IN SELECT key, value::bigint FROM jsonb_each(kinds) ORDER BY key LOOP
    CONTINUE WHEN added = 0;
    INSERT INTO seen.hours AS there (counter, hour, kind, amount)
    VALUES (of_counter, this_hour, kind_of, added)
    ON CONFLICT (counter, hour, kind)
    DO UPDATE SET amount = seen.limited(there.amount + excluded.amount)
    RETURNING amount INTO total;
    is_new := is_new OR total = added;
  END LOOP;
  RETURN is_new;
END $$;

-- Records today's visitors of a counter, up to a quarter of all places for one counter. Those that
-- do not fit are not recorded. `recorded` is the number that this transaction has recorded of
-- other counters. Returns the number that it records of this one.
CREATE OR REPLACE FUNCTION seen.record_visitors(
  of_counter text, today integer, ids text[], visitors_max bigint, recorded bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  of_day bigint;
  places bigint;
  id text;
  added bigint := 0;
BEGIN
  SELECT visitors INTO of_day FROM seen.uniques WHERE counter = of_counter AND day = today;
  places := least(
    ceil(visitors_max / 4.0) - coalesce(of_day, 0),
    visitors_max - seen.sum_of('visitors', today) - recorded
  );
  IF places >= cardinality(ids) THEN
    INSERT INTO seen.visitors (day, counter, visitor)
    SELECT today, of_counter, given FROM unnest(ids) AS given ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
  ELSE
    FOREACH id IN ARRAY ids LOOP
      EXIT WHEN added >= places;
      INSERT INTO seen.visitors (day, counter, visitor) VALUES (today, of_counter, id)
      ON CONFLICT DO NOTHING;
      IF FOUND THEN added := added + 1; END IF;
    END LOOP;
  END IF;
  IF added > 0 THEN
    INSERT INTO seen.uniques AS there (counter, day, visitors) VALUES (of_counter, today, added)
    ON CONFLICT (counter, day) DO UPDATE SET visitors = there.visitors + excluded.visitors;
  END IF;
  RETURN added;
END $$;

-- Counts the visitors that a commit has recorded, and forgets some of days that are over. A day is
-- over an hour late, because the clock of another replica may be a little behind.
CREATE OR REPLACE FUNCTION seen.end_visitors(now_ms bigint, today integer, recorded bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  day_over integer := (now_ms - 3600000) / 86400000;
BEGIN
  IF recorded = 0 THEN RETURN; END IF;
  DELETE FROM seen.visitors WHERE ctid IN (
    SELECT ctid FROM seen.visitors WHERE day < day_over LIMIT 1000 FOR UPDATE SKIP LOCKED
  );
  DELETE FROM seen.sums WHERE ctid IN (
    SELECT ctid FROM seen.sums WHERE what = 'visitors' AND day < day_over FOR UPDATE SKIP LOCKED
  );
  PERFORM seen.add_to_sum('visitors', today, recorded);
END $$;

-- The stored history of `counter`: `hours` and `days`, each [at, kind, amount], and `visitors`,
-- each [day, number].
CREATE OR REPLACE FUNCTION seen.history_of(of_counter text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
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
  )
$$;
CREATE OR REPLACE FUNCTION seen.read_history(args jsonb) RETURNS jsonb LANGUAGE sql STABLE
AS $$ SELECT seen.history_of(args->>'counter') $$;

-- The salt of `day`: `suggested`, unless an earlier call suggested one.
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
