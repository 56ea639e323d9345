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

-- The outcome of a change: the total, or a `CountedOutcome` (contract/counting.ts).
CREATE OR REPLACE FUNCTION seen.outcome(total bigint, rules text, counted boolean[])
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN counted IS NULL AND NOT seen.is_private(rules) THEN to_jsonb(total)
  ELSE jsonb_strip_nulls(jsonb_build_object(
    'total', total, 'private', seen.is_private(rules), 'counted', counted
  )) END
$$;

-- It decides in the order of the changes, on arrays, and then writes each row once: every version
-- of a row that a transaction writes is in the way of the next. So it is one long function.
CREATE OR REPLACE FUNCTION seen.commit(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  now_ms bigint := (args->'now')::bigint;
  this_hour integer := now_ms / 3600000;
  today integer := now_ms / 86400000;
  visitors_max bigint := (args->'visitorsMax')::bigint;
  counters_max bigint := (args->'countersMax')::bigint;
  kept seen.writers;
  change record;
  answers jsonb[] := '{}';
  -- The counters: those that are there, and then those that the batch makes. Of each its total,
  -- its rules, whether its total changes, its visitors of today, and how many of them are new.
  names text[];
  totals bigint[];
  rules text[];
  changed boolean[];
  of_day bigint[];
  new_visitors bigint[];
  there integer;
  at integer;
  counters_left bigint;
  visitors_left bigint;
  -- The keys of requests: those that are kept, and then those that the batch adds.
  keys text[];
  requests text[];
  key_totals bigint[];
  keys_there integer;
  key_at integer;
  keys_left bigint := 0;
  keys_gone bigint := 0;
  -- What is added to this hour: a counter's place above, and amounts by kind.
  hour_at integer[] := '{}';
  hour_kinds jsonb[] := '{}';
  -- The change at hand.
  window_ms bigint;
  counted boolean[];
  repeated jsonb;
  added bigint;
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
  names := ARRAY(SELECT DISTINCT value->>'counter' FROM jsonb_array_elements(args->'changes'));
  keys := ARRAY(
    SELECT value->>'key' FROM jsonb_array_elements(args->'changes') WHERE value ? 'key'
  );
  SELECT * INTO counters_left, keys_left, keys_gone, visitors_left
  FROM seen.places_left(args, keys, today);
  SELECT coalesce(array_agg(c.name), '{}'), coalesce(array_agg(c.total), '{}'),
    coalesce(array_agg(c.rules), '{}') INTO names, totals, rules
  FROM (
    SELECT c.name, c.total, c.rules FROM seen.counters AS c
    WHERE c.name = ANY (names) ORDER BY c.name FOR NO KEY UPDATE
  ) AS c;
  there := cardinality(names);
  changed := array_fill(false, ARRAY[there]);
  of_day := array_fill(NULL::bigint, ARRAY[there]);
  new_visitors := array_fill(0, ARRAY[there]);
  IF cardinality(keys) > 0 THEN
    SELECT coalesce(array_agg(k.key), '{}'), coalesce(array_agg(k.request), '{}'),
      coalesce(array_agg(k.total), '{}') INTO keys, requests, key_totals
    FROM seen.keys AS k WHERE k.key = ANY (keys);
  END IF;
  keys_there := cardinality(keys);
  FOR change IN
    SELECT * FROM ROWS FROM (jsonb_to_recordset(args->'changes') AS (
      counter text, amount bigint, make boolean, key text, request text, kinds jsonb,
      ids text[], "visitorKinds" text[], visits integer[]
    )) WITH ORDINALITY AS given (
      counter, amount, make, key, request, kinds, ids, visitor_kinds, visits, place
    )
  LOOP
    at := array_position(names, change.counter);
    IF change.key IS NOT NULL THEN
      key_at := array_position(keys, change.key);
      IF key_at IS NOT NULL THEN
        answers[change.place] := CASE WHEN requests[key_at] = change.request
          THEN seen.outcome(key_totals[key_at], rules[at], NULL) ELSE '"key-reused"' END;
        CONTINUE;
      END IF;
      IF keys_left <= 0 THEN
        answers[change.place] := '"keys-full"';
        CONTINUE;
      END IF;
    END IF;
    IF at IS NULL THEN
      IF change.counter <> 'hits' AND (counters_max = 0 OR NOT coalesce(change.make, true)) THEN
        answers[change.place] := '"missing"';
        CONTINUE;
      END IF;
      IF counters_left IS NULL THEN
        -- It was deleted while this call waited for its row. The call is repeated.
        RAISE serialization_failure USING MESSAGE = 'a counter was deleted meanwhile';
      END IF;
      IF change.counter <> 'hits' AND counters_left <= 0 THEN
        answers[change.place] := '"counters-full"';
        CONTINUE;
      END IF;
      counters_left := counters_left - 1;
      at := cardinality(names) + 1;
      names[at] := change.counter;
      totals[at] := 0;
      rules[at] := NULL;
      of_day[at] := 0;
      new_visitors[at] := 0;
    END IF;
    added := change.amount;
    window_ms := coalesce(nullif(split_part(rules[at], ' ', 5), '')::bigint, 0);
    counted := NULL;
    IF window_ms > 0 THEN
      counted := seen.first_visits(change.counter, change.ids, change.visits, window_ms, now_ms);
      repeated := seen.repeated_visits(change.visitor_kinds, change.visits, counted);
      change.kinds := seen.without_repeated(change.kinds, repeated);
      added := added - coalesce((SELECT sum(value::bigint) FROM jsonb_each(repeated)), 0);
    END IF;
    IF abs(totals[at] + added) > seen.exact_max() THEN
      answers[change.place] := '"out-of-range"';
      CONTINUE;
    END IF;
    totals[at] := totals[at] + added;
    changed[at] := true;
    hour_at := array_append(hour_at, at);
    hour_kinds := array_append(hour_kinds, change.kinds);
    IF cardinality(change.ids) > 0 THEN
      of_day[at] := coalesce(of_day[at], seen.visitors_of(change.counter, today));
      added := seen.record_visitors(change.counter, today, change.ids,
        least(ceil(visitors_max / 4.0) - of_day[at], visitors_left)::bigint);
      of_day[at] := of_day[at] + added;
      new_visitors[at] := new_visitors[at] + added;
      visitors_left := visitors_left - added;
      IF window_ms > 0 THEN
        PERFORM seen.note_counted(change.counter, change.ids, counted, now_ms);
      END IF;
    END IF;
    IF change.key IS NOT NULL THEN
      keys_left := keys_left - 1;
      keys := array_append(keys, change.key);
      requests := array_append(requests, change.request);
      key_totals := array_append(key_totals, totals[at]);
    END IF;
    answers[change.place] := seen.outcome(totals[at], rules[at], counted);
  END LOOP;
  UPDATE seen.writers SET sequence = kept.sequence + 1, outcomes = to_jsonb(answers),
    written_at = seen.server_ms() WHERE writer = kept.writer;
  IF cardinality(hour_at) > 0 THEN
    PERFORM seen.write_counters(names, totals, changed, there, now_ms);
    PERFORM seen.write_hours(names, hour_at, hour_kinds, this_hour);
  END IF;
  IF cardinality(keys) > keys_there THEN
    INSERT INTO seen.keys (key, request, total, made_at)
    SELECT key, request, total, now_ms FROM unnest(keys, requests, key_totals) WITH ORDINALITY
      AS added (key, request, total, place) WHERE place > keys_there ORDER BY key;
  END IF;
  PERFORM seen.add_to_sum('counters', 0, cardinality(names) - there);
  PERFORM seen.add_to_sum('keys', 0, cardinality(keys) - keys_there - keys_gone);
  PERFORM seen.write_visitors(names, new_visitors, now_ms, today);
  RETURN to_jsonb(answers);
END $$;
