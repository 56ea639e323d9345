-- Lets a statement of a commit fail: what postgres-database.ts runs once in each database.
--
-- Before each statement that changes a table of Seen, and at COMMIT, step() counts down what stands
-- in simulation.failing; at zero it fails with the error code that stands there. A code of class 01
-- is only a warning: the commit succeeds, and the client cannot know.
CREATE SCHEMA simulation;
CREATE TABLE simulation.failing (statement integer NOT NULL, code text NOT NULL);

CREATE FUNCTION simulation.step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  -- Empty at the beginning of each transaction; "no" when nothing is to fail.
  here text := coalesce(current_setting('simulation.here', true), '');
  wanted record;
  message text;
BEGIN
  IF here = 'no' THEN RETURN NULL; END IF;
  SELECT * INTO wanted FROM simulation.failing;
  IF NOT FOUND THEN
    PERFORM set_config('simulation.here', 'no', true);
    RETURN NULL;
  END IF;
  here := coalesce(nullif(here, '')::integer, 0) + 1;
  PERFORM set_config('simulation.here', here, true);
  IF here::integer <> wanted.statement THEN RETURN NULL; END IF;
  message := format('failed in %s of %s', CASE TG_LEVEL WHEN 'ROW' THEN 'COMMIT' ELSE TG_OP END, TG_TABLE_NAME);
  IF wanted.code LIKE '01%' THEN
    RAISE WARNING USING ERRCODE = wanted.code, MESSAGE = message;
  ELSE
    RAISE EXCEPTION USING ERRCODE = wanted.code, MESSAGE = message;
  END IF;
  RETURN NULL;
END $$;

DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'seen' AND tablename <> 'schema' LOOP
    EXECUTE format(
      'CREATE TRIGGER step BEFORE INSERT OR UPDATE OR DELETE ON seen.%I
       FOR EACH STATEMENT EXECUTE FUNCTION simulation.step()', name);
    EXECUTE format('CREATE UNLOGGED TABLE simulation.copy_of_%1$s (LIKE seen.%1$s)', name);
  END LOOP;
END $$;
CREATE CONSTRAINT TRIGGER step_at_commit AFTER INSERT OR UPDATE ON seen.writers
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION simulation.step();
