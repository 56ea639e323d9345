#!/bin/sh
# Creates the secrets for deploy/high-availability.yml in the Swarm of the current Docker engine:
#
#   sh deploy/postgres/secrets.sh      creates number 1
#   sh deploy/postgres/secrets.sh 2    creates number 2
#
# The passwords are created here, 256 random bits each, and never shown. The roles get them when the cluster is created: later
# numbers do not change the passwords of a cluster that exists.
set -eu

number=${1:-1}

password() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Both checks fail before anything is created. The status of a pipeline is that of its last part: without od, passwords are empty.
api=$(password)
replication=$(password)
rewind=$(password)
seen=$(password)
for value in "$api" "$replication" "$rewind" "$seen"; do
  if [ ${#value} -ne 64 ]; then
    echo "No secret was made: a password is incomplete. Install od and tr (coreutils)." >&2
    exit 1
  fi
done
for name in postgres_patroni postgres_seen postgres_url; do
  if docker secret inspect "seen_${name}_$number" >/dev/null 2>&1; then
    echo "There is a seen_${name}_$number already, and Swarm does not change secrets. Choose the next number." >&2
    exit 1
  fi
done

# Patroni reads this after patroni.yml: the passwords of its own roles, and of its HTTP interface, which can start a switchover.
docker secret create "seen_postgres_patroni_$number" - >/dev/null <<END
restapi:
  authentication:
    username: patroni
    password: $api
postgresql:
  authentication:
    replication:
      password: $replication
    rewind:
      password: $rewind
END

# Seen's password, as a password file for psql and pg_dump, and in the URL for `web`. The role is created with it.
printf '*:*:seen:seen:%s' "$seen" | docker secret create "seen_postgres_seen_$number" - >/dev/null
printf 'postgres://seen:%s@postgres1:5432,postgres2:5432,postgres3:5432/seen' "$seen" |
  docker secret create "seen_postgres_url_$number" - >/dev/null

echo "made: seen_postgres_patroni_$number, seen_postgres_seen_$number, seen_postgres_url_$number"
