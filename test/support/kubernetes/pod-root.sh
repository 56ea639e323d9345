# Runs a command as in a container of a pod: with a root of its own that cannot be written, the pod's volumes in it, and few rights.
# It has the machine's programs instead of those of an image. In a mount namespace of its own, as root or mapped to root:
#
#   sh pod-root.sh EMPTY_FOLDER HOSTS_FILE PROJECT [FOLDER PATH ro|rw]… -- COMMAND…
set -e
root=$1
hosts=$2
project=$3
shift 3

mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
for path in /*; do
  case $path in /data | /run | /tmp) continue ;; esac
  if [ -L "$path" ]; then
    cp -P "$path" "$root/"
  elif [ -d "$path" ]; then
    mkdir "$root$path"
    mount --rbind "$path" "$root$path"
  fi
done
mkdir -p "$root/run" "$root/tmp"
if [ ! -e "$root$project" ]; then # in /tmp
  mkdir -p "$root$project"
  mount --rbind "$project" "$root$project"
fi
mount --bind "$hosts" "$root/etc/hosts"

# The machine's files, and last the root itself.
while read -r _ path _; do
  case $path in
    "$root" | "$root"/dev | "$root"/dev/* | "$root"/proc | "$root"/proc/* | "$root"/sys | "$root"/sys/*) ;;
    "$root"/*) mount -o remount,bind,ro "$path" ;;
  esac
done < /proc/self/mounts

while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  mount -o "remount,bind,$3" "$root$2"
  shift 3
done
shift
mount -o remount,bind,ro "$root"

exec chroot "$root" "$@"
