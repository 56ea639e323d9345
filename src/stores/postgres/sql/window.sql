-- Counters with a window, the time in which the visits of one visitor count once. When a visit of
-- theirs counted last stands in seen.visitors. The transaction has locked the counter's row.

-- For each visitor of a change, whether their first visit counts: whether they came, and no visit
-- of theirs was counted within the window. One that was counted further ahead than the window came
-- from a wrong clock.
CREATE OR REPLACE FUNCTION seen.first_visits(
  of_counter text, ids text[], visits integer[], window_ms bigint, now_ms bigint
) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE
  id text;
  place integer;
  counted boolean[] := '{}';
BEGIN
  FOR place IN 1 .. cardinality(ids) LOOP
    id := ids[place];
    counted[place] := visits[place] > 0 AND NOT EXISTS (
      SELECT FROM seen.visitors WHERE day = now_ms / 86400000 AND counter = of_counter
      AND visitor = id AND abs(now_ms - counted_at) < window_ms
    );
  END LOOP;
  RETURN counted;
END $$;

-- By kind, how many visits of a change do not count: all but the first of each visitor, and that
-- one too unless `counted` has it.
CREATE OR REPLACE FUNCTION seen.repeated_visits(
  visitor_kinds text[], visits integer[], counted boolean[]
) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_object_agg(kind, repeated), '{}') FROM (
      SELECT kind, sum(came - counts::integer) AS repeated
      FROM unnest(visitor_kinds, visits, counted) AS given (kind, came, counts) GROUP BY kind
    ) AS by_kind
  );
END $$;

-- `kinds` without the visits that do not count.
CREATE OR REPLACE FUNCTION seen.without_repeated(kinds jsonb, repeated jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
  RETURN (
    SELECT coalesce(
      jsonb_object_agg(key, value::bigint - coalesce((repeated->key)::bigint, 0)), '{}'
    ) FROM jsonb_each(kinds)
  );
END $$;

-- Records the time for the visitors whose visit counted.
CREATE OR REPLACE FUNCTION seen.note_counted(
  of_counter text, ids text[], counted boolean[], now_ms bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  id text;
  place integer;
BEGIN
  FOR place IN 1 .. cardinality(ids) LOOP
    CONTINUE WHEN NOT counted[place];
    id := ids[place];
    UPDATE seen.visitors SET counted_at = now_ms
    WHERE day = now_ms / 86400000 AND counter = of_counter AND visitor = id;
  END LOOP;
END $$;
