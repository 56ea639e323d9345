-- The role and the database of Seen. The first member of the cluster runs this once, when it
-- creates the cluster (bootstrap.post_bootstrap in patroni.yml).
\set password `cut -d : -f 5 /run/secrets/postgres_seen`
-- The next statement has the password: it must not get into the log, even if it fails.
SET log_min_error_statement TO panic;
CREATE ROLE seen LOGIN PASSWORD :'password';
RESET log_min_error_statement;
CREATE DATABASE seen OWNER seen;
REVOKE ALL ON DATABASE seen FROM PUBLIC;
-- Nobody else may create anything in it (PostgreSQL 15).
\connect seen
ALTER SCHEMA public OWNER TO seen;
