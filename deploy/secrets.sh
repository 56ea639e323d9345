#!/bin/sh
# Creates the secrets for deploy/secure.yml and deploy/secure-monitoring.yml in the Swarm of the current Docker engine:
#
#   sh deploy/secrets.sh           creates number 1
#   sh deploy/secrets.sh 2 users   creates number 2 with new passwords; the current ones in the file `users` stay valid
#   sh deploy/secrets.sh token 2   creates number 2 of the installation's token only
#
# With --kubernetes as the first argument it creates them in the namespace `seen` of kubectl's current cluster, for the overlays in
# deploy/kubernetes/: seen-token-1 instead of seen_token_1, with the key `token`.
#
# Only Seen and Redis use the passwords, so changing them affects nobody else. People and programs use the token, so it changes only
# on request.
#
# Passwords and token are created here, 256 random bits each, and never shown. Redis gets only the SHA-256 of passwords.
# To change them: docs/operations.md.
set -eu

where=Swarm
if [ "${1:-}" = --kubernetes ]; then
  where=Kubernetes
  shift
fi
what=all
if [ "${1:-}" = token ]; then
  what=token
  shift
elif [ -n "${2:-}" ]; then
  what=passwords
fi
number=${1:-1}
before=${2:-/dev/null}

password() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
# printf is part of the shell: no other process sees the password.
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
# Fails before anything is created. The status of a pipeline is that of its last part: without od or sha256sum, the value is empty.
must_be_complete() {
  for value in "$@"; do
    if [ ${#value} -ne 64 ]; then
      echo "No secret was made: a password or its hash is incomplete. Install od, tr, cut and sha256sum (coreutils)." >&2
      exit 1
    fi
  done
}
# The first hash of this user in an earlier file, with a space after it.
earlier() { sed -n "s/^user $1 on \(#[0-9a-f]\{64\}\) .*/\1 /p" "$before"; }

# Kubernetes allows no _ in the names of its objects.
if [ "$where" = Swarm ]; then
  full_name() { echo "seen_$1_$number"; }
  exists() { docker secret inspect "$(full_name "$1")" >/dev/null 2>&1; }
  keep() { docker secret create "$(full_name "$1")" - >/dev/null; }
else
  full_name() { echo "seen-$1-$number" | tr _ -; }
  exists() { kubectl -n seen get secret "$(full_name "$1")" >/dev/null 2>&1; }
  keep() { kubectl -n seen create secret generic "$(full_name "$1")" --from-file="$1=/dev/stdin" >/dev/null; }
fi

# Fails before anything is created.
must_be_new() {
  for name in "$@"; do
    if exists "$name"; then
      echo "There is a $(full_name "$name") already. Secrets are not changed, but replaced. Choose the next number." >&2
      exit 1
    fi
  done
}
# Begins like the tokens of counters, so that people and secret scanners recognise it.
make_token() { printf 'seen_%s' "$token" | keep token; }

token=$(password)
must_be_complete "$token"
if [ "$what" = token ]; then
  must_be_new token
  make_token
  echo "made: $(full_name token)"
  exit
fi

seen=$(password)
seen_hash=$(hash "$seen")
seen_earlier=$(earlier seen)
metrics=$(password)
metrics_hash=$(hash "$metrics")
metrics_earlier=$(earlier metrics)
must_be_complete "$seen" "$seen_hash" "$metrics" "$metrics_hash"

if [ "$before" != /dev/null ] && { [ -z "$seen_earlier" ] || [ -z "$metrics_earlier" ]; }; then
  echo "$before has no users of an earlier run of this script. Get it on the node of Redis: see docs/operations.md." >&2
  exit 1
fi
must_be_new redis_users store_url metrics_password
if [ "$what" = all ]; then must_be_new token; fi

# Only the commands that Seen needs: its scripts and their commands, reads, and CONFIG GET to warn about settings. Only its keys.
# test/program/deploy.test.ts removes each command once, so that none is missing and none is superfluous. The exporter reads the one
# key that the dashboard shows.
#
# Nobody can log in as `default` (off), but it has all rights: Redis loads its append-only file as this user, and skips commands
# that it may not run (redis/redis issue 14541; in Redis 7.0.15 every commit of Seen was lost after a restart).
may='+info +config|get +evalsha +script|load'
may="$may +get +mget +set +exists +del +unlink"
may="$may +hdel +hget +hgetall +hincrby +hmget +hscan +hset +pfadd +pfcount +zadd +zcard +zrangebylex +zrangebyscore +zrem +zscore"
may="$may +pexpire +time"
keep redis_users <<END
user default off ~* &* +@all
user seen on #$seen_hash $seen_earlier~hits ~seen:* resetchannels -@all $may
user metrics on #$metrics_hash $metrics_earlier%R~hits resetchannels -@all +ping +info +config|get +select +type +get +strlen
END
printf 'redis://seen:%s@redis:6379' "$seen" | keep store_url
# In the exporter's format: by address, with the user since about version 1.50, before that without.
printf '{"redis://metrics@redis:6379":"%s","redis://redis:6379":"%s"}' "$metrics" "$metrics" | keep metrics_password

made="$(full_name redis_users), $(full_name store_url), $(full_name metrics_password)"
if [ "$what" = all ]; then
  make_token
  made="$made, $(full_name token)"
fi
echo "made: $made"
