# Builds a container's root folder and runs its program in it. Started as the first process of new mount and pid namespaces.
#
# Arguments: SCRATCH PREPARED { overlay TOP LOWERDIRS | bind FROM TO | bind-read-only FROM TO | rbind FROM TO }… run WORD…
# BERTH_PROGRAM_START is the script of the last step, and WORD… are its arguments.
# File descriptor 3 is the report to the runtime: `pid N` with the program's process id as the host sees it, `ok` just before the
# program replaces the shell, `error CODE TEXT` when it cannot; everything else there is diagnostic output.
# All data comes in as arguments; nothing is ever put together into a command line.

exec 5>&2 2>&3
scratch=$1 prepared=$2
shift 2
set -e
umask 0
mount -n -t tmpfs -o mode=0755 berth "$scratch"
# The prepared files are few and small: links, empty folders, /etc/hosts and the like.
cp -R -P "$prepared/." "$scratch/"
cd "$scratch"

# A /dev of the container's own, so that nothing written there is the host's. Only root may make devices; others borrow them.
if ! cp -R -P /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx root/dev 2>/dev/null; then
  for device in null zero full random urandom tty ptmx; do
    : >"root/dev/$device"
    mount -n --bind "/dev/$device" "root/dev/$device"
  done
fi
mount -n --rbind /dev/pts root/dev/pts
mount -n --rbind /sys root/sys
# A masked /proc (inside another container engine) forbids a new one; then the processes of the host stay visible.
mount -n -t proc proc root/proc 2>/dev/null || mount -n --rbind /proc root/proc

while [ "$1" != run ]; do
  case $1 in
    overlay) mount -n -t overlay -o "lowerdir=$3,upperdir=upper/$2,workdir=work/$2${BERTH_OVERLAY_OPTIONS:-}" overlay "root/$2" ;;
    bind) mount -n --rbind -- "$2" "$3" ;;
    bind-read-only) mount -n --bind -o ro -- "$2" "$3" ;;
    rbind) mount -n --rbind -- "$2" "$3" ;;
    *) echo "unknown step $1" >&2; exit 125 ;;
  esac
  shift 3
done
shift
# The old /proc still shows the process ids of the host. The program takes this shell's place, and so is process 1 of its namespace: when it
# ends, the kernel ends every other process of the container.
read -r pid _ </proc/self/stat
echo "pid $pid" >&3
umask 022
exec 2>&5 5>&- chroot root /bin/sh -c "$BERTH_PROGRAM_START" berth "$@"
