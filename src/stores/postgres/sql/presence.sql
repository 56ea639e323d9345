-- Replicas know each other: each reports regularly, and gets the list of all.
--
-- args: `id`, `report`, and `memoryMs`, how long silent replicas are remembered.
-- Returns a list: {silentMs, report}, this one included, on the server's clock. It may be lost in a
-- crash: its table is UNLOGGED.
CREATE OR REPLACE FUNCTION seen.heartbeat(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  at_ms bigint := seen.server_ms();
  memory_ms bigint := (args->'memoryMs')::bigint;
BEGIN
  PERFORM seen.do_not_wait();
  INSERT INTO seen.replicas (id, report, heard_at)
  VALUES (args->>'id', args->'report', at_ms)
  ON CONFLICT (id) DO UPDATE SET report = excluded.report, heard_at = excluded.heard_at;
  -- Silent for long, or set far ahead by a clock that was wrong.
  DELETE FROM seen.replicas WHERE id IN (
    SELECT id FROM seen.replicas WHERE heard_at NOT BETWEEN at_ms - memory_ms AND at_ms + memory_ms
    FOR UPDATE SKIP LOCKED
  );
  RETURN (
    SELECT jsonb_agg(jsonb_build_object(
      'silentMs', greatest(0, at_ms - heard_at), 'report', report
    ))
    FROM seen.replicas WHERE heard_at BETWEEN at_ms - memory_ms AND at_ms + memory_ms
  );
END $$;
