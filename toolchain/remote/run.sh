# Starts a program on this board and sees to its end (see cmd/pisdk/on_nodes.c). The program itself runs
# in another login, whose streams are its own; this one is for signals, and notices when the desktop is
# gone: by the end of its input, or when no sign of life comes.
#
#   $1 the project's name    $2 the run's own name, which its processes have in their environment
#   $3 … what this board calls the others

umask 077
base=${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/$1
run=$2 dir=$base/run-$2
shift 2

mkdir -p "$base/work" "$dir" || exit

# Processes of the run, wherever their parents are. Their own shells are not among them.
sweep='for p in $(grep -lzsx "PISDK_RUN=$run" /proc/[0-9]*/environ); do
    p=${p#/proc/}
    kill -KILL "${p%%/*}" 2>/dev/null
done'

program() { { read -r p <"$dir/pid" && kill "-$1" "$p"; } 2>/dev/null; }

finish() {
    trap '' HUP TERM INT PIPE
    kill "$watch"
    if program TERM; then
        n=0
        while program 0 && [ "$n" -lt 20 ]; do
            sleep 0.2
            n=$((n + 1))
        done
        if program 0; then # mpirun would have ended its ranks on the other boards
            for other; do
                ssh -T -oBatchMode=yes -oConnectTimeout=5 -- "$other" "run=$run; $sweep" &
            done
        fi
        eval "$sweep"
        wait
    fi
    rm -rf "$dir"
    trap '' TERM
    kill 0
}
trap 'finish "$@"' EXIT
trap 'exit 1' HUP INT TERM PIPE

put() { printf %b "$2" >"$dir/.$1" && mv "$dir/.$1" "$dir/$1"; } # NAME TEXT
signal() { program "$1"; }
sweep() { eval "$sweep"; }
beat() { : >"$dir/beat"; }
status() { { read -r s <"$dir/status" && echo ":status $s"; } 2>/dev/null || echo ":none"; }

# Nobody is told when a cable is pulled: the desktop shows every few seconds that it is there.
beat
: >"$dir/seen"
self=$$
while sleep 12; do
    [ "$dir/beat" -nt "$dir/seen" ] || { kill "$self"; break; }
    : >"$dir/seen"
done &
watch=$!

echo ":ready"
while IFS= read -r line; do
    eval "$line"
done
