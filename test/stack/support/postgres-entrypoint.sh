#!/bin/sh
# Stands in for the entry point of the PostgreSQL image, as far as compose.local.yml uses it: on an empty folder it creates a
# cluster with the password of POSTGRES_PASSWORD_FILE, and runs the files of /docker-entrypoint-initdb.d on a server that only
# listens on its socket. https://github.com/docker-library/docs/tree/master/postgres
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  chmod 700 "$PGDATA"
  initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  for file in /docker-entrypoint-initdb.d/*.sql; do
    psql -v ON_ERROR_STOP=1 --username postgres --no-password --no-psqlrc --dbname postgres -f "$file"
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  # As in the image, whose sample of the settings has it.
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
fi

exec "$@"
