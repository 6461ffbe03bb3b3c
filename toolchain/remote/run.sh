# SPDX-License-Identifier: MIT
# Sees to a run on a board (see cmd/lib/run/boards.c). On the first board the program runs in another
# login, whose streams are its own; on the others are ranks that mpirun started. This login is for
# signals, and notices when the desktop is gone: by the end of its input, or when no sign of life comes.
#
#   $1 the project's name    $2 the run's own name, which its processes have in their environment
#   $3 first or other        $4 … what the first board calls the others
#
# The desktop sends a command a line: a verb and its words, as to deploy.sh.

umask 077
export LC_ALL=C
base=${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/$1
run=$2 role=$3 dir=$base/run-$2 over=
shift 3

case $role in
    first) mkdir -p "$base/work" "$dir" || exit ;;
    *) dir=$(mktemp -d "${TMPDIR:-/tmp}/pisdk-run-XXXXXX") || exit ;; # does not outlive a boot
esac

# Processes of the run, wherever their parents are. Our own shells are not among them.
sweep() {
    for p in $(grep -lzsx "PISDK_RUN=$run" /proc/[0-9]*/environ); do
        p=${p#/proc/}
        kill -KILL "${p%%/*}" 2>/dev/null
    done
}

program() { { read -r p <"$dir/pid" && kill "-$1" "$p"; } 2>/dev/null; }

# When nobody says that it is over: mpirun is told to end its ranks, and what is left is killed.
finish() {
    trap '' HUP TERM INT PIPE
    kill "$watch"
    if [ -z "$over" ]; then
        n=0
        [ "$role" = other ] || program TERM || n=20
        while [ "$n" -lt 20 ] && { [ "$role" = other ] || program 0; }; do
            sleep 0.2
            n=$((n + 1))
        done
        sweep
    fi
    rm -rf "$dir"
    trap '' USR1
    kill -USR1 0 # which has no trap: a subshell that is just forked loses one that has
}
trap finish EXIT
trap 'exit 1' HUP INT TERM PIPE

put() { printf %b "${2#.}" >"$dir/.$1" && mv "$dir/.$1" "$dir/$1"; } # NAME TEXT
status() { { read -r s <"$dir/status" && echo ":status $s"; } 2>/dev/null || echo ":none"; }

# Where each of the processes of the program $1 is: gdb's words for it.
stacks() {
    name=${1#.}
    command -v gdb >/dev/null || { echo ":nostacks"; return; }
    for p in $(grep -lzsx "PISDK_RUN=$run" /proc/[0-9]*/environ); do
        p=${p#/proc/}
        p=${p%%/*}
        rank=$(tr '\0' '\n' <"/proc/$p/environ" | sed -n 's/^\(OMPI_COMM_WORLD_RANK\|PMI_RANK\)=//p')
        [ "$rank" ] || continue # mpirun, and what it starts ranks with
        case /$(tr '\0' / <"/proc/$p/cmdline") in */"$name"/*) ;; *) continue ;; esac
        read -r range _ <"/proc/$p/maps" # where the program itself begins
        echo ":base $rank ${range%%-*}"
        timeout 10 gdb -q -nx -batch -p "$p" -ex 'backtrace 30' </dev/null 2>/dev/null |
            sed -n "s/^#/:frame $rank #/p" &
    done
    wait
    echo ":stacked"
}

# Nobody is told when a cable is pulled: the desktop shows every few seconds that it is there.
beat() { { true >"$dir/beat"; } 2>/dev/null; }
beat
: >"$dir/seen"
self=$$
while sleep 12; do
    [ "$dir/beat" -nt "$dir/seen" ] || { kill "$self"; break; }
    : >"$dir/seen"
done &
watch=$!

[ $# = 0 ] || getent ahostsv4 "$@" | while read -r address kind _; do
    [ "$kind" != STREAM ] || echo ":peer $address"
done
echo ":ready"
while IFS= read -r line; do
    # shellcheck disable=SC2086 # no pattern is among them
    set -f -- $line
    set +f
    verb=${1:-}
    [ $# = 0 ] || shift
    case $verb in
        put | sweep | beat | status) "$verb" "$@" ;;
        signal) program "$1" ;;
        stacks) stacks "$1" & ;;
        over) over=yes ;;
    esac
done
