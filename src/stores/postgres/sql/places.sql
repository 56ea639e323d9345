-- How much more may be stored: counters, keys of requests, and today's visitors. Far from a limit
-- transactions need not know of each other. Near it they go one at a time, so that it is not
-- exceeded. When it is reached nothing is added, so there they do not wait for each other either:
-- otherwise a flood that fills the last place would delay all visits until midnight.

-- The number of free places below which transactions go one at a time: more than all replicas
-- together fill at one moment.
CREATE OR REPLACE FUNCTION seen.near_limit() RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT 10000';

-- Deletes some keys that are expired or come from a wrong clock. Returns their number.
CREATE OR REPLACE FUNCTION seen.forget_keys(now_ms bigint, key_ms bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  gone bigint;
  gone_ahead bigint;
BEGIN
  DELETE FROM seen.keys WHERE key IN (
    SELECT key FROM seen.keys WHERE made_at < now_ms - key_ms
    LIMIT 1000 FOR UPDATE SKIP LOCKED
  );
  GET DIAGNOSTICS gone = ROW_COUNT;
  DELETE FROM seen.keys WHERE key IN (
    SELECT key FROM seen.keys WHERE made_at > now_ms + key_ms
    LIMIT 1000 FOR UPDATE SKIP LOCKED
  );
  GET DIAGNOSTICS gone_ahead = ROW_COUNT;
  RETURN gone + gone_ahead;
END $$;

-- How many counters, keys and visitors a batch may add, and the number of keys that were deleted
-- for it. `args` are those of seen.commit. `makes` is whether it makes counters, `visited` whether
-- it has visitors, and `wanted_keys` the number of its keys. A number is null, or 0 for keys,
-- where the batch adds none; 0 or less means that no place is left.
CREATE OR REPLACE FUNCTION seen.places_left(
  args jsonb, makes boolean, visited boolean, wanted_keys integer, today integer,
  OUT counters bigint, OUT keys bigint, OUT keys_gone bigint, OUT visitors bigint
) LANGUAGE plpgsql AS $$
DECLARE
  counters_max bigint := (args->'countersMax')::bigint;
  keys_max bigint := (args->'keysMax')::bigint;
  visitors_max bigint := (args->'visitorsMax')::bigint;
BEGIN
  keys := 0;
  keys_gone := 0;
  IF makes THEN counters := counters_max - seen.sum_of('counters', 0); END IF;
  IF visited THEN visitors := visitors_max - seen.sum_of('visitors', today); END IF;
  IF wanted_keys > 0 THEN keys := keys_max - seen.sum_of('keys', 0); END IF;
  IF counters > 0
    OR visitors BETWEEN 1 AND seen.near_limit() - 1
    OR keys BETWEEN 1 AND seen.near_limit() - 1 THEN
    PERFORM seen.lock_places();
    -- Others may have filled some meanwhile.
    IF makes THEN counters := counters_max - seen.sum_of('counters', 0); END IF;
    IF visited THEN visitors := visitors_max - seen.sum_of('visitors', today); END IF;
    IF wanted_keys > 0 THEN keys := keys_max - seen.sum_of('keys', 0); END IF;
  END IF;
  -- Expired keys must not keep transactions near the limit. Far from it none is deleted, so that a
  -- clock that is wrong for a while loses no keys.
  IF wanted_keys > 0 AND keys - wanted_keys < least(seen.near_limit(), keys_max / 10) THEN
    keys_gone := seen.forget_keys((args->'now')::bigint, (args->'keyMs')::bigint);
    keys := keys + keys_gone;
  END IF;
END $$;
