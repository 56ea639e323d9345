-- Export and import.
--
-- A counter comes and goes as {counter, total, madeAt, owner, rules, title, link, past}; `past` is
-- as seen.history_of returns it.

-- args: `after`, a name, and `limit`. Returns the next counters in the order of their names. Each
-- page is one statement, so all on it are as of one moment.
CREATE OR REPLACE FUNCTION seen.read_page(args jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(
      seen.described(c) || jsonb_build_object('past', seen.history_of(c.name)) ORDER BY c.name
    ), '[]')
    FROM (
      SELECT * FROM seen.counters WHERE name > args->>'after'
      ORDER BY name LIMIT (args->'limit')::integer
    ) AS c
  );
END $$;

-- Whether a figure of the history would leave the range of exact numbers if `past` were added.
CREATE OR REPLACE FUNCTION seen.past_overflows(of_counter text, past jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM (
      SELECT hour, kind, amount FROM seen.hours WHERE counter = of_counter
      UNION ALL SELECT (e->0)::integer, e->>1, (e->2)::bigint
      FROM jsonb_array_elements(past->'hours') AS e
    ) AS hourly GROUP BY hour, kind HAVING abs(sum(amount)) > seen.exact_max()
  ) OR EXISTS (
    SELECT FROM (
      SELECT day, kind, amount FROM seen.days WHERE counter = of_counter
      UNION ALL SELECT (e->0)::integer, e->>1, (e->2)::bigint
      FROM jsonb_array_elements(past->'days') AS e
      UNION ALL SELECT (e->0)::integer / 24, e->>1, (e->2)::bigint
      FROM jsonb_array_elements(past->'hours') AS e
    ) AS daily GROUP BY day, kind HAVING abs(sum(amount)) > seen.exact_max()
  ) OR EXISTS (
    SELECT FROM jsonb_array_elements(past->'visitors') AS e
    JOIN seen.uniques ON counter = of_counter AND day = (e->0)::integer
    WHERE visitors + (e->1)::bigint > seen.exact_max()
  );
END $$;

-- The outcome of importing one counter, as `ImportOutcome` (contract/archive.ts).
CREATE OR REPLACE FUNCTION seen.import_outcome(
  item jsonb, from_source text, existing text, counters_max bigint, made bigint
) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  kept_total bigint;
BEGIN
  SELECT total INTO kept_total FROM seen.counters WHERE name = item->>'counter';
  IF NOT FOUND THEN
    RETURN CASE WHEN item->>'counter' <> 'hits'
      AND seen.sum_of('counters', 0) + made >= counters_max THEN 'counters-full' ELSE 'made' END;
  END IF;
  IF EXISTS (
    SELECT FROM seen.sources WHERE counter = item->>'counter' AND source = from_source
  ) THEN
    RETURN 'done';
  END IF;
  IF existing = 'keep' THEN RETURN 'kept'; END IF;
  IF existing = 'replace' THEN RETURN 'replaced'; END IF;
  IF abs(kept_total + (item->'total')::bigint) > seen.exact_max()
    OR seen.past_overflows(item->>'counter', item->'past') THEN
    RETURN 'out-of-range';
  END IF;
  RETURN 'added';
END $$;

-- Adds an imported history. Hours that are too old for hours become days.
CREATE OR REPLACE FUNCTION seen.add_past(of_counter text, past jsonb, this_hour integer)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first_hour integer := this_hour - 35 * 24;
BEGIN
  INSERT INTO seen.hours AS there (counter, hour, kind, amount)
  SELECT of_counter, (e->0)::integer, e->>1, (e->2)::bigint
  FROM jsonb_array_elements(past->'hours') AS e WHERE (e->0)::integer >= first_hour
  ON CONFLICT (counter, hour, kind)
  DO UPDATE SET amount = seen.limited(there.amount + excluded.amount);
  INSERT INTO seen.days AS there (counter, day, kind, amount)
  SELECT of_counter, day, kind, seen.limited(sum(amount)) FROM (
    SELECT (e->0)::integer AS day, e->>1 AS kind, (e->2)::bigint AS amount
    FROM jsonb_array_elements(past->'days') AS e
    UNION ALL SELECT (e->0)::integer / 24, e->>1, (e->2)::bigint
    FROM jsonb_array_elements(past->'hours') AS e WHERE (e->0)::integer < first_hour
  ) AS daily GROUP BY day, kind
  ON CONFLICT (counter, day, kind)
  DO UPDATE SET amount = seen.limited(there.amount + excluded.amount);
  INSERT INTO seen.uniques AS there (counter, day, visitors)
  SELECT of_counter, (e->0)::integer, (e->1)::bigint
  FROM jsonb_array_elements(past->'visitors') AS e
  ON CONFLICT (counter, day)
  DO UPDATE SET visitors = seen.limited(there.visitors + excluded.visitors);
END $$;

-- args: `counters`, `source`, `existing` ("keep", "add" or "replace"), `countersMax`, `now`.
-- Returns the outcomes in order. Atomic because it is one transaction.
CREATE OR REPLACE FUNCTION seen.import_counters(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  now_ms bigint := (args->'now')::bigint;
  wanted text[];
  item record;
  outcome text;
  made bigint := 0;
  outcomes text[] := '{}';
BEGIN
  wanted := ARRAY(SELECT value->>'counter' FROM jsonb_array_elements(args->'counters'));
  IF seen.any_missing(wanted) THEN PERFORM seen.lock_places(); END IF;
  -- The locks are writes, so an import that is repeated waits for the standby too.
  PERFORM FROM seen.counters WHERE name = ANY (wanted) ORDER BY name FOR UPDATE;
  FOR item IN
    SELECT counter, value, place
    FROM jsonb_array_elements(args->'counters') WITH ORDINALITY AS given (value, place),
      LATERAL (SELECT value->>'counter' AS counter) AS named
    ORDER BY place
  LOOP
    outcome := seen.import_outcome(item.value, args->>'source', args->>'existing',
      (args->'countersMax')::bigint, made);
    IF outcome = 'made' THEN
      INSERT INTO seen.counters (name, total) VALUES (item.counter, 0);
      made := made + 1;
    ELSIF outcome = 'replaced' THEN
      PERFORM seen.forget_data(ARRAY[item.counter], (now_ms / 86400000)::integer);
    END IF;
    IF outcome IN ('made', 'replaced') THEN
      UPDATE seen.counters SET total = (item.value->'total')::bigint,
        made_at = (item.value->>'madeAt')::bigint, owner = item.value->>'owner',
        rules = item.value->>'rules'
      WHERE name = item.counter;
      PERFORM seen.write_label(item.counter, item.value);
    ELSIF outcome = 'added' THEN
      UPDATE seen.counters SET total = total + (item.value->'total')::bigint
      WHERE name = item.counter;
    END IF;
    IF outcome IN ('made', 'replaced', 'added') THEN
      PERFORM seen.add_past(item.counter, item.value->'past', (now_ms / 3600000)::integer);
      INSERT INTO seen.sources (counter, source) VALUES (item.counter, args->>'source')
      ON CONFLICT DO NOTHING;
    END IF;
    outcomes[item.place] := outcome;
  END LOOP;
  PERFORM seen.add_to_sum('counters', 0, made);
  RETURN to_jsonb(outcomes);
END $$;

-- args as of seen.import_counters. Returns the outcome that it would have for each counter alone.
CREATE OR REPLACE FUNCTION seen.preview_import(args jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(seen.import_outcome(
      value, args->>'source', args->>'existing', (args->'countersMax')::bigint, 0
    ) ORDER BY place), '[]')
    FROM jsonb_array_elements(args->'counters') WITH ORDINALITY AS given (value, place)
  );
END $$;
