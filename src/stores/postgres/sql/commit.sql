-- Applies one batch of one writer, once.
--
-- args:
--   writer, sequence    the batch
--   now                 milliseconds since 1970
--   clocksDifferMaxMs   the most that it may differ from the server's clock; 0 for any
--   keyMs               how long the key of a request is remembered
--   keysMax, visitorsMax, countersMax   the limits
--   hitsMake            whether hits make counters; older Seens leave it out, and say so with a
--                       countersMax of 0
--   counters, keys      the names of counters and the keys of requests in the batch, each once
--   creatable           the names of those counters that the batch may create
--   changes             a list: `counter`, a place in `counters` from 1; `amount`; `make`, false
--                       when it must not create its counter; when it counts once `key`, a place in
--                       `keys`, and `request`; `kinds`, the amount by kind of visit; and of each
--                       visitor the id, the kind and the number of visits: `ids`, `visitorKinds`,
--                       `visits`
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
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF counted IS NULL AND NOT seen.is_private(rules) THEN RETURN to_jsonb(total); END IF;
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'total', total, 'private', seen.is_private(rules), 'counted', counted
  ));
END $$;

-- It decides in the order of the changes, on arrays, and then writes each row once: every version
-- of a row that a transaction writes is in the way of the next. So it is one long function. The
-- caller sends places in these arrays, because to look a text up takes time for each in the array.
CREATE OR REPLACE FUNCTION seen.commit(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  now_ms bigint := (args->'now')::bigint;
  this_hour integer := now_ms / 3600000;
  today integer := now_ms / 86400000;
  visitors_max bigint := (args->'visitorsMax')::bigint;
  hits_make boolean := coalesce((args->'hitsMake')::boolean, args->'countersMax' <> '0');
  kept seen.writers;
  change record;
  answers jsonb[] := '{}';
  -- The counters. Of each its total, null as long as there is none; its rules; whether the batch
  -- makes it, and whether it changes its total; its visitors of today, and how many are new.
  names text[] := ARRAY(SELECT jsonb_array_elements_text(args->'counters'));
  totals bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(names)]);
  rules text[] := array_fill(NULL::text, ARRAY[cardinality(names)]);
  made boolean[] := array_fill(false, ARRAY[cardinality(names)]);
  changed boolean[] := made;
  of_day bigint[] := totals;
  new_visitors bigint[] := array_fill(0, ARRAY[cardinality(names)]);
  there record;
  at integer;
  made_count integer := 0;
  counters_left bigint;
  visitors_left bigint;
  -- Whether the batch makes counters, and whether it has visitors.
  makes boolean;
  visited boolean := args @? '$.changes[*].ids[0]';
  -- The keys of requests. Of each its request and total, null as long as there is none.
  keys text[] := '{}';
  requests text[] := '{}';
  key_totals bigint[] := '{}';
  new_keys integer[] := '{}';
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
  IF args->'keys' <> '[]' THEN
    keys := ARRAY(SELECT jsonb_array_elements_text(args->'keys'));
  END IF;
  makes := EXISTS (
    SELECT FROM jsonb_array_elements_text(args->'creatable') AS given
    WHERE NOT EXISTS (SELECT FROM seen.counters WHERE name = given)
  );
  IF makes OR visited OR cardinality(keys) > 0 THEN
    SELECT * INTO counters_left, keys_left, keys_gone, visitors_left
    FROM seen.places_left(args, makes, visited, cardinality(keys), today);
  END IF;
  FOR there IN
    SELECT given.place, c.total, c.rules
    FROM unnest(names) WITH ORDINALITY AS given (name, place)
    JOIN seen.counters AS c ON c.name = given.name
    ORDER BY c.name FOR NO KEY UPDATE OF c
  LOOP
    totals[there.place] := there.total;
    rules[there.place] := there.rules;
  END LOOP;
  IF cardinality(keys) > 0 THEN
    SELECT array_agg(k.request ORDER BY given.place), array_agg(k.total ORDER BY given.place)
    INTO requests, key_totals
    FROM unnest(keys) WITH ORDINALITY AS given (key, place)
    LEFT JOIN seen.keys AS k ON k.key = given.key;
  END IF;
  FOR change IN
    SELECT * FROM ROWS FROM (jsonb_to_recordset(args->'changes') AS (
      counter integer, amount bigint, make boolean, key integer, request text, kinds jsonb,
      ids text[], "visitorKinds" text[], visits integer[]
    )) WITH ORDINALITY AS given (
      counter, amount, make, key, request, kinds, ids, visitor_kinds, visits, place
    )
  LOOP
    at := change.counter;
    key_at := change.key;
    IF key_at IS NOT NULL THEN
      IF requests[key_at] IS NOT NULL THEN
        answers[change.place] := CASE WHEN requests[key_at] = change.request
          THEN seen.outcome(key_totals[key_at], rules[at], NULL) ELSE '"key-reused"' END;
        CONTINUE;
      END IF;
      IF keys_left <= 0 THEN
        answers[change.place] := '"keys-full"';
        CONTINUE;
      END IF;
    END IF;
    IF totals[at] IS NULL THEN
      IF names[at] <> 'hits' AND NOT (hits_make AND coalesce(change.make, true)) THEN
        answers[change.place] := '"missing"';
        CONTINUE;
      END IF;
      IF counters_left IS NULL THEN
        -- It was deleted while this call waited for its row. The call is repeated.
        RAISE serialization_failure USING MESSAGE = 'a counter was deleted meanwhile';
      END IF;
      IF names[at] <> 'hits' AND counters_left <= 0 THEN
        answers[change.place] := '"counters-full"';
        CONTINUE;
      END IF;
      counters_left := counters_left - 1;
      made_count := made_count + 1;
      made[at] := true;
      totals[at] := 0;
      of_day[at] := 0;
    END IF;
    added := change.amount;
    window_ms := coalesce(nullif(split_part(rules[at], ' ', 5), '')::bigint, 0);
    counted := NULL;
    IF window_ms > 0 THEN
      counted := seen.first_visits(names[at], change.ids, change.visits, window_ms, now_ms);
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
      of_day[at] := coalesce(of_day[at], seen.visitors_of(names[at], today));
      added := seen.record_visitors(names[at], today, change.ids,
        least(ceil(visitors_max / 4.0) - of_day[at], visitors_left)::bigint);
      of_day[at] := of_day[at] + added;
      new_visitors[at] := new_visitors[at] + added;
      visitors_left := visitors_left - added;
      IF window_ms > 0 THEN
        PERFORM seen.note_counted(names[at], change.ids, counted, now_ms);
      END IF;
    END IF;
    IF key_at IS NOT NULL THEN
      keys_left := keys_left - 1;
      new_keys := array_append(new_keys, key_at);
      requests[key_at] := change.request;
      key_totals[key_at] := totals[at];
    END IF;
    answers[change.place] := seen.outcome(totals[at], rules[at], counted);
  END LOOP;
  UPDATE seen.writers SET sequence = kept.sequence + 1, outcomes = to_jsonb(answers),
    written_at = seen.server_ms() WHERE writer = kept.writer;
  IF cardinality(hour_at) > 0 THEN
    PERFORM seen.write_counters(names, totals, changed, made, now_ms);
    PERFORM seen.write_hours(names, hour_at, hour_kinds, this_hour);
  END IF;
  IF cardinality(new_keys) > 0 THEN
    INSERT INTO seen.keys (key, request, total, made_at)
    SELECT keys[place], requests[place], key_totals[place], now_ms
    FROM unnest(new_keys) AS place ORDER BY keys[place];
  END IF;
  IF made_count > 0 THEN PERFORM seen.add_to_sum('counters', 0, made_count); END IF;
  IF cardinality(new_keys) <> keys_gone THEN
    PERFORM seen.add_to_sum('keys', 0, cardinality(new_keys) - keys_gone);
  END IF;
  IF visited THEN PERFORM seen.write_visitors(names, new_visitors, now_ms, today); END IF;
  RETURN to_jsonb(answers);
END $$;
