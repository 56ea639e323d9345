-- Creates, changes, deletes, lists and describes counters, and knows their owners. A counter is
-- returned as {counter, total, madeAt, owner, rules, title, link}, null where that is not known.
--
-- What changes a counter locks its row, also when it is repeated after a lost reply and finds
-- everything done: a lock is a write, so its commit waits for the standby too.

CREATE OR REPLACE FUNCTION seen.described(c seen.counters) RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
DECLARE
  kept_title text;
  kept_link text;
BEGIN
  SELECT title, link INTO kept_title, kept_link FROM seen.labels WHERE counter = c.name;
  RETURN jsonb_build_object(
    'counter', c.name, 'total', c.total, 'madeAt', c.made_at, 'owner', c.owner, 'rules', c.rules,
    'title', kept_title, 'link', kept_link
  );
END $$;

-- Writes the title and the link of a counter, whose row the transaction has locked. What `changes`
-- does not have stays, and null removes it.
CREATE OR REPLACE FUNCTION seen.write_label(of_counter text, changes jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT changes ?| ARRAY['title', 'link'] THEN RETURN; END IF;
  INSERT INTO seen.labels AS there (counter, title, link)
  VALUES (of_counter, changes->>'title', changes->>'link')
  ON CONFLICT (counter) DO UPDATE SET
    title = CASE WHEN changes ? 'title' THEN excluded.title ELSE there.title END,
    link = CASE WHEN changes ? 'link' THEN excluded.link ELSE there.link END;
  DELETE FROM seen.labels WHERE counter = of_counter AND title IS NULL AND link IS NULL;
END $$;

-- Whether a counter meets a `Condition` (contract/registry.ts; `meets` in counter/rules.ts).
CREATE OR REPLACE FUNCTION seen.meets(c seen.counters, condition jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(c.owner = condition->>'owner', NOT condition ? 'owner')
  AND (NOT coalesce((condition->'unowned')::boolean, false) OR c.owner IS NULL)
  AND (
    NOT coalesce((condition->'settable')::boolean, false)
    OR coalesce(split_part(c.rules, ' ', 3) = 'settable', false)
  )
  AND (
    NOT condition ? 'madeSince'
    OR coalesce(c.made_at >= (condition->'madeSince')::bigint, false)
  )
  AND (NOT condition ? 'totalBelow' OR c.total < (condition->'totalBelow')::bigint)
$$;

-- Rules with other words in the place of those that are changed; "-" stays as it is.
CREATE OR REPLACE FUNCTION seen.changed_rules(rules text, changes text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(CASE new WHEN '-' THEN old ELSE new END, ' ' ORDER BY place)
  FROM unnest(
    string_to_array(coalesce(rules, '0 1 fixed public 0'), ' '), string_to_array(changes, ' ')
  ) WITH ORDINALITY AS words (old, new, place)
$$;

-- args: `counter`, `total`, `madeAt`, `owner`, `rules` or null, `countersMax`, and perhaps `title`
-- and `link`. Returns "created", also for one that the same owner has; "exists"; or
-- "counters-full".
CREATE OR REPLACE FUNCTION seen.create_counter(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  kept_owner text;
BEGIN
  IF NOT EXISTS (SELECT FROM seen.counters WHERE name = args->>'counter') THEN
    PERFORM seen.lock_places();
    IF seen.sum_of('counters', 0) >= (args->'countersMax')::bigint THEN
      RETURN '"counters-full"';
    END IF;
    INSERT INTO seen.counters (name, total, made_at, owner, rules) VALUES (
      args->>'counter', (args->'total')::bigint, (args->'madeAt')::bigint,
      args->>'owner', args->>'rules'
    ) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      PERFORM seen.add_to_sum('counters', 0, 1);
      PERFORM seen.write_label(args->>'counter', args);
      RETURN '"created"';
    END IF;
  END IF;
  SELECT owner INTO kept_owner FROM seen.counters
  WHERE name = args->>'counter' FOR NO KEY UPDATE;
  RETURN CASE WHEN kept_owner = args->>'owner' THEN '"created"' ELSE '"exists"' END;
END $$;

-- args: `counter`, `condition`, `now`, and what changes: `total`, `owner`, `rules` (words, "-" for
-- each that stays), `title` and `link` (null removes them). Returns the changed counter; or
-- "missing" or "differs", having changed nothing. The default counter is always there.
CREATE OR REPLACE FUNCTION seen.change_counter(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  wanted text := args->>'counter';
  kept seen.counters;
  is_there boolean;
BEGIN
  SELECT * INTO kept FROM seen.counters WHERE name = wanted FOR NO KEY UPDATE;
  is_there := FOUND;
  IF NOT is_there AND wanted <> 'hits' THEN RETURN '"missing"'; END IF;
  kept.name := wanted;
  kept.total := coalesce(kept.total, 0);
  -- A repeated change of the owner finds the new one.
  IF NOT coalesce(kept.owner = args->>'owner', false)
    AND NOT seen.meets(kept, args->'condition') THEN
    RETURN '"differs"';
  END IF;
  IF NOT is_there THEN
    -- This fails if another call has made it meanwhile. Then the call is repeated.
    INSERT INTO seen.counters (name, total, made_at) VALUES (wanted, 0, (args->'now')::bigint);
    PERFORM seen.add_to_sum('counters', 0, 1);
  END IF;
  UPDATE seen.counters SET
    total = coalesce((args->'total')::bigint, total),
    owner = coalesce(args->>'owner', owner),
    rules = CASE WHEN args ? 'rules' THEN seen.changed_rules(rules, args->>'rules') ELSE rules END
  WHERE name = wanted RETURNING * INTO kept;
  PERFORM seen.write_label(wanted, args);
  RETURN seen.described(kept);
END $$;

-- Deletes all that is stored of these counters but their rows. `today` is a day: their visitors
-- are those of that day, of the day before, which are kept for a while after midnight, and of the
-- day after, written by a replica whose clock is ahead.
CREATE OR REPLACE FUNCTION seen.forget_data(names text[], today integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM seen.labels WHERE counter = ANY (names);
  DELETE FROM seen.hours WHERE counter = ANY (names);
  DELETE FROM seen.days WHERE counter = ANY (names);
  DELETE FROM seen.uniques WHERE counter = ANY (names);
  DELETE FROM seen.sources WHERE counter = ANY (names);
  DELETE FROM seen.visitors
  WHERE day IN (today - 1, today, today + 1) AND counter = ANY (names);
END $$;

-- args: `counters`, `condition`, `now`. Returns "deleted", "missing" or "differs" for each.
CREATE OR REPLACE FUNCTION seen.delete_counters(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  wanted text[] := ARRAY(SELECT jsonb_array_elements_text(args->'counters'));
  today integer := (args->'now')::bigint / 86400000;
  there text[];
  differing text[];
  gone bigint;
BEGIN
  -- A row that an earlier call has deleted cannot be locked.
  PERFORM seen.confirm();
  there := ARRAY(
    SELECT name FROM seen.counters WHERE name = ANY (wanted) ORDER BY name FOR UPDATE
  );
  differing := ARRAY(
    SELECT c.name FROM seen.counters AS c
    WHERE c.name = ANY (there) AND NOT seen.meets(c, args->'condition')
  );
  DELETE FROM seen.counters WHERE name = ANY (there) AND name <> ALL (differing);
  GET DIAGNOSTICS gone = ROW_COUNT;
  -- Also for a missing counter, so that none of its data is left.
  PERFORM seen.forget_data(
    ARRAY(SELECT name FROM unnest(wanted) AS name WHERE name <> ALL (differing)), today
  );
  PERFORM seen.add_to_sum('counters', 0, -gone);
  RETURN (
    SELECT coalesce(jsonb_agg(
      CASE WHEN name = ANY (differing) THEN 'differs'
      WHEN name = ANY (there) AND place = first_place THEN 'deleted'
      ELSE 'missing' END ORDER BY place
    ), '[]')
    FROM (
      SELECT name, place, min(place) OVER (PARTITION BY name) AS first_place
      FROM unnest(wanted) WITH ORDINALITY AS given (name, place)
    ) AS answered
  );
END $$;

-- args: `prefix` and `search` of names, `after`, `limit`. Returns {counters, next}. It looks
-- through 10,000 names at the most, so that a search without a match does not take long.
CREATE OR REPLACE FUNCTION seen.list_counters(args jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
DECLARE
  search text := args->>'search';
  page_max integer := (args->'limit')::integer;
  look_max integer := CASE WHEN search = '' THEN page_max ELSE 10000 END;
  looked integer;
  last_looked text;
  found jsonb;
  last_found text;
  found_count integer;
BEGIN
  WITH looked_at AS MATERIALIZED (
    SELECT c FROM seen.counters AS c
    WHERE c.name > args->>'after' AND c.name >= args->>'prefix'
    AND c.name < (args->>'prefix') || '~' ORDER BY c.name LIMIT look_max
  ), matching AS MATERIALIZED (
    SELECT c FROM looked_at WHERE search = '' OR position(search IN (c).name) > 0
    ORDER BY (c).name LIMIT page_max
  )
  SELECT (SELECT count(*) FROM looked_at), (SELECT max((c).name) FROM looked_at),
    count(*), max((c).name), coalesce(jsonb_agg(seen.described(c) ORDER BY (c).name), '[]')
  INTO looked, last_looked, found_count, last_found, found FROM matching;
  RETURN jsonb_build_object('counters', found, 'next', CASE
    WHEN found_count = page_max THEN last_found
    WHEN looked = look_max THEN last_looked
  END);
END $$;

-- args: `counter`. Returns the counter, or null.
CREATE OR REPLACE FUNCTION seen.describe_counter(args jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT seen.described(c) FROM seen.counters AS c WHERE c.name = args->>'counter');
END $$;

-- args: `counters`. Returns for each the total that everybody may read, or null.
CREATE OR REPLACE FUNCTION seen.read_totals(args jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(
      CASE WHEN NOT seen.is_private(c.rules) THEN c.total END ORDER BY place
    ), '[]')
    FROM jsonb_array_elements_text(args->'counters') WITH ORDINALITY AS given (wanted, place)
    LEFT JOIN seen.counters AS c ON c.name = wanted
  );
END $$;

-- args: none. Returns the number of counters.
CREATE OR REPLACE FUNCTION seen.count_counters(args jsonb) RETURNS jsonb LANGUAGE sql STABLE
AS $$ SELECT to_jsonb(seen.sum_of('counters', 0)) $$;
