-- Applies one batch of one writer, once.
--
-- args:
--   writer, sequence    the batch
--   now                 milliseconds since 1970
--   clocksDifferMaxMs   the most that it may differ from the server's clock; 0 for any
--   keyMs               how long the key of a request is remembered
--   keysMax, visitorsMax, countersMax   the limits; countersMax is 0 when a hit makes no counter
--   changes             a list: `counter`, `amount`; `make`, false when it must not create its
--                       counter; `key` and `request` when it counts once; `kinds`, the amount by
--                       kind of visit; and of each visitor the id, the kind and the number of
--                       visits: `ids`, `visitorKinds`, `visits`
--
-- Returns the outcomes, one for each change: a total; where the counter is private or has a window
-- an object as `CountedOutcome`; or the reason why the change was left out (contract/counting.ts).
-- Fails with SE001 when the writer's record is neither of this batch nor of the one before, and
-- with SE002 when the clocks differ.
--
-- Atomic because it is one transaction. Two calls for one writer wait for each other at the
-- writer's row, also when one of them was given up by its client and still waits for the standby.

-- Locks the writer's row, and makes it for a new writer.
CREATE OR REPLACE FUNCTION seen.lock_writer(wanted text) RETURNS seen.writers
LANGUAGE plpgsql AS $$
DECLARE
  kept seen.writers;
BEGIN
  SELECT * INTO kept FROM seen.writers WHERE writer = wanted FOR NO KEY UPDATE;
  IF FOUND THEN RETURN kept; END IF;
  INSERT INTO seen.writers (writer, sequence, outcomes, written_at)
  VALUES (wanted, 0, '[]', seen.server_ms()) ON CONFLICT DO NOTHING;
  -- Writers that were silent for a day are forgotten, some at a time.
  DELETE FROM seen.writers WHERE writer IN (
    SELECT writer FROM seen.writers WHERE written_at < seen.server_ms() - 86400000
    LIMIT 100 FOR UPDATE SKIP LOCKED
  );
  SELECT * INTO STRICT kept FROM seen.writers WHERE writer = wanted FOR NO KEY UPDATE;
  RETURN kept;
END $$;

CREATE OR REPLACE FUNCTION seen.outcome(total bigint, rules text, counted boolean[])
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN counted IS NULL AND NOT seen.is_private(rules) THEN to_jsonb(total)
  ELSE jsonb_strip_nulls(jsonb_build_object(
    'total', total, 'private', seen.is_private(rules), 'counted', counted
  )) END
$$;

CREATE OR REPLACE FUNCTION seen.commit(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  now_ms bigint := (args->'now')::bigint;
  this_hour integer := now_ms / 3600000;
  today integer := now_ms / 86400000;
  visitors_max bigint := (args->'visitorsMax')::bigint;
  counters_max bigint := (args->'countersMax')::bigint;
  kept seen.writers;
  change record;
  before record;
  is_new boolean;
  known record;
  window_ms bigint;
  counted boolean[];
  repeated jsonb;
  added bigint;
  after_total bigint;
  key_places bigint;
  keys_added bigint := 0;
  keys_gone bigint := 0;
  counters_before bigint;
  counters_made bigint := 0;
  recorded bigint := 0;
  folded integer := 0;
  answers jsonb[] := '{}';
BEGIN
  PERFORM seen.check_clock(now_ms, (args->'clocksDifferMaxMs')::bigint);
  kept := seen.lock_writer(args->>'writer');
  IF kept.sequence = (args->'sequence')::bigint THEN
    -- Sent again. The first try may be committed here and not replicated yet. Locking the row has
    -- written to the log, so this commit waits for the standby too.
    RETURN kept.outcomes;
  END IF;
  IF kept.sequence <> (args->'sequence')::bigint - 1 THEN
    RAISE EXCEPTION USING ERRCODE = 'SE001', MESSAGE = format(
      'this is batch %s, but the last one kept for this writer is %s',
      args->>'sequence', kept.sequence
    );
  END IF;
  FOR change IN
    SELECT * FROM ROWS FROM (jsonb_to_recordset(args->'changes') AS (
      counter text, amount bigint, make boolean, key text, request text, kinds jsonb,
      ids text[], "visitorKinds" text[], visits integer[]
    )) WITH ORDINALITY AS given (
      counter, amount, make, key, request, kinds, ids, visitor_kinds, visits, place
    ) ORDER BY counter COLLATE "C", place
  LOOP
    SELECT total, rules INTO before FROM seen.counters
    WHERE name = change.counter FOR NO KEY UPDATE;
    is_new := NOT FOUND;
    IF change.key IS NOT NULL THEN
      SELECT request, total INTO known FROM seen.keys WHERE key = change.key;
      IF FOUND THEN
        answers[change.place] := CASE WHEN known.request = change.request
          THEN seen.outcome(known.total, before.rules, NULL) ELSE '"key-reused"' END;
        CONTINUE;
      END IF;
      IF key_places IS NULL THEN
        SELECT places, gone INTO key_places, keys_gone FROM seen.places_for_keys(
          (SELECT count(*) FROM jsonb_array_elements(args->'changes') AS other WHERE other ? 'key'),
          (args->'keysMax')::bigint, now_ms, (args->'keyMs')::bigint
        );
      END IF;
      IF keys_added >= key_places THEN
        answers[change.place] := '"keys-full"';
        CONTINUE;
      END IF;
    END IF;
    IF is_new THEN
      IF change.counter <> 'hits' THEN
        IF counters_max = 0 OR NOT change.make THEN
          answers[change.place] := '"missing"';
          CONTINUE;
        END IF;
        counters_before := coalesce(counters_before, seen.sum_of('counters', 0));
        IF counters_before + counters_made >= counters_max THEN
          answers[change.place] := '"counters-full"';
          CONTINUE;
        END IF;
      END IF;
      INSERT INTO seen.counters (name, total, made_at) VALUES (change.counter, 0, now_ms)
      ON CONFLICT DO NOTHING;
      IF FOUND THEN counters_made := counters_made + 1; END IF;
      -- Another transaction may have made it, and given it rules.
      SELECT total, rules INTO before FROM seen.counters
      WHERE name = change.counter FOR NO KEY UPDATE;
    END IF;
    added := change.amount;
    window_ms := coalesce(nullif(split_part(before.rules, ' ', 5), '')::bigint, 0);
    counted := NULL;
    IF window_ms > 0 THEN
      counted := seen.first_visits(change.counter, change.ids, change.visits, window_ms, now_ms);
      repeated := seen.repeated_visits(change.visitor_kinds, change.visits, counted);
      change.kinds := seen.without_repeated(change.kinds, repeated);
      added := added - coalesce((SELECT sum(value::bigint) FROM jsonb_each(repeated)), 0);
    END IF;
    after_total := before.total + added;
    IF abs(after_total) > seen.exact_max() THEN
      answers[change.place] := '"out-of-range"';
      CONTINUE;
    END IF;
    UPDATE seen.counters SET total = after_total WHERE name = change.counter;
    IF seen.add_to_hour(change.counter, this_hour, change.kinds) AND folded < 1000 THEN
      folded := folded + seen.fold_hours(change.counter, this_hour);
    END IF;
    IF cardinality(change.ids) > 0 THEN
      recorded := recorded + seen.record_visitors(
        change.counter, today, change.ids, visitors_max, recorded
      );
      IF window_ms > 0 THEN
        PERFORM seen.note_counted(change.counter, change.ids, counted, now_ms);
      END IF;
    END IF;
    IF change.key IS NOT NULL THEN
      INSERT INTO seen.keys (key, request, total, made_at)
      VALUES (change.key, change.request, after_total, now_ms);
      keys_added := keys_added + 1;
    END IF;
    answers[change.place] := seen.outcome(after_total, before.rules, counted);
  END LOOP;
  UPDATE seen.writers SET sequence = kept.sequence + 1, outcomes = to_jsonb(answers),
    written_at = seen.server_ms() WHERE writer = kept.writer;
  PERFORM seen.add_to_sum('counters', 0, counters_made);
  PERFORM seen.add_to_sum('keys', 0, keys_added - keys_gone);
  PERFORM seen.end_visitors(now_ms, today, recorded);
  RETURN to_jsonb(answers);
END $$;
