-- Gives a role the rights that `seen serve` needs, and no others. The owner of the schema runs
-- this after `seen migrate`, and again after each update of it:
--
--   psql --set role=seen_web --file deploy/postgres/counting-role.sql \
--     postgres://OWNER:PASSWORD@HOST:5432/DATABASE
--
-- test/unit/stores/postgres/rights.test.ts takes each right away once, so that none is missing and
-- none is superfluous.
\set ON_ERROR_STOP on
BEGIN;
REVOKE ALL ON SCHEMA seen FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA seen FROM :"role";
GRANT USAGE ON SCHEMA seen TO :"role";
GRANT SELECT ON seen.schema TO :"role";
GRANT SELECT, INSERT, UPDATE, DELETE ON
  seen.counters, seen.labels, seen.writers, seen.keys, seen.sums, seen.hours, seen.days,
  seen.uniques, seen.visitors, seen.limits, seen.replicas
  TO :"role";
GRANT SELECT, INSERT, UPDATE ON seen.limit_sums TO :"role";
GRANT SELECT, INSERT, DELETE ON seen.salts, seen.sources TO :"role";
COMMIT;
