-- Keys of requests: each is kept for a time, and their number is limited.

-- How many keys may be added (`places`). When the `wanted` ones do not fit, this first deletes some
-- that are expired or come from a wrong clock, and `gone` is their number. Otherwise it deletes
-- none, so that a clock that is wrong for a while loses no keys.
CREATE OR REPLACE FUNCTION seen.places_for_keys(
  wanted bigint, keys_max bigint, now_ms bigint, key_ms bigint, OUT places bigint, OUT gone bigint
) LANGUAGE plpgsql AS $$
DECLARE
  gone_ahead bigint;
BEGIN
  places := keys_max - seen.sum_of('keys', 0);
  gone := 0;
  IF places >= wanted THEN RETURN; END IF;
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
  gone := gone + gone_ahead;
  places := places + gone;
END $$;
