#!/bin/sh
# Makes the secrets that deploy/secure.yml and deploy/secure-monitoring.yml need, in the Swarm of the engine that `docker` talks to:
#
#   sh deploy/secrets.sh           makes number 1
#   sh deploy/secrets.sh 2 users   makes number 2 from new passwords, where those that are new in the file `users` still hold
#   sh deploy/secrets.sh token 2   makes number 2 of the installation's token alone
#
# Passwords are between Seen and Redis: nobody notices when they change. People and programs have the token, so it stays when the passwords
# are changed, and changes only when it is asked for.
#
# Passwords and token are made here, 256 random bits each, and are shown to nobody. Redis gets the passwords' SHA-256 only.
# To change them: docs/operations.md.
set -eu

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
# The hash, with a blank after it, that stands first for this user in an earlier file.
earlier() { sed -n "s/^user $1 on \(#[0-9a-f]\{64\}\) .*/\1 /p" "$before"; }

# Fails before anything is made.
must_be_new() {
  for name in "$@"; do
    if docker secret inspect "seen_${name}_$number" >/dev/null 2>&1; then
      echo "There is a seen_${name}_$number already, and Swarm does not change secrets. Choose the next number." >&2
      exit 1
    fi
  done
}
# Begins as the tokens of counters do: for people, and for programs that look for secrets where none should be.
make_token() { printf 'seen_%s' "$(password)" | docker secret create "seen_token_$number" - >/dev/null; }

if [ "$what" = token ]; then
  must_be_new token
  make_token
  echo "made: seen_token_$number"
  exit
fi

seen=$(password)
seen_hash=$(hash "$seen")
seen_earlier=$(earlier seen)
metrics=$(password)
metrics_hash=$(hash "$metrics")
metrics_earlier=$(earlier metrics)

if [ "$before" != /dev/null ] && { [ -z "$seen_earlier" ] || [ -z "$metrics_earlier" ]; }; then
  echo "$before has no users of an earlier run of this script. Get it on the node of Redis: see docs/operations.md." >&2
  exit 1
fi
must_be_new redis_users store_url metrics_password
if [ "$what" = all ]; then must_be_new token; fi

# Only what Seen does: its scripts and what they call, reads, and a look at the settings to warn of bad ones. Only its keys.
# test/program/deploy.test.ts takes each command away once, so that none is missing and none is too many. The exporter of figures reads the one
# key that the dashboard shows.
#
# Nobody can log in as `default` (off), but it may do everything: Redis reads its own append-only file as this user, and leaves
# out whatever that may not do (redis/redis issue 14541; in Redis 7.0.15 every commit of Seen was gone after a restart).
may='+info +config|get +evalsha +script|load'
may="$may +get +mget +set +exists +del +unlink"
may="$may +hdel +hget +hgetall +hincrby +hmget +hscan +hset +pfadd +pfcount +zadd +zcard +zrangebylex +zrangebyscore +zrem +zscore"
may="$may +pexpire +time"
docker secret create "seen_redis_users_$number" - >/dev/null <<END
user default off ~* &* +@all
user seen on #$seen_hash $seen_earlier~hits ~seen:* resetchannels -@all $may
user metrics on #$metrics_hash $metrics_earlier%R~hits resetchannels -@all +ping +info +config|get +select +type +get +strlen
END
printf 'redis://seen:%s@redis:6379' "$seen" | docker secret create "seen_store_url_$number" - >/dev/null
# As the exporter reads it: by address; since some 1.50 with the user in it, before that without.
printf '{"redis://metrics@redis:6379":"%s","redis://redis:6379":"%s"}' "$metrics" "$metrics" | docker secret create "seen_metrics_password_$number" - >/dev/null

made="seen_redis_users_$number, seen_store_url_$number, seen_metrics_password_$number"
if [ "$what" = all ]; then
  make_token
  made="$made, seen_token_$number"
fi
echo "made: $made"
