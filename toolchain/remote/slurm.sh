# SPDX-License-Identifier: MIT
# Hands jobs to the Slurm of this machine, and asks for them (see cmd/pisdk/slurm.c).
#
#   $1 submit   $2 the project's name   $3 the job's script   $4 … options of sbatch
#   $1 run      the same, and looks after it: it is cancelled when the desktop is gone
#   $1 follow   $2 the project's name   $3 the job
#   $1 list     $2 the project's name   [$3 the job]
#   $1 cancel   $2 the project's name   $3 … jobs

umask 077
verb=$1 project=$2 base=${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/$2
shift 2
command -v sbatch >/dev/null || { echo ":none"; exit 1; }

# A job that ended some minutes ago is known to the accounting only, which not every Slurm has.
show() {
    scontrol --oneliner show job "$1" 2>/dev/null && return
    sacct -nXP -j "$1" -o JobID,State,ExitCode,Elapsed,NodeList 2>/dev/null | {
        IFS='|' read -r id state code time nodes || exit 1
        echo "JobId=$id JobState=${state%% *} ExitCode=$code RunTime=$time NodeList=$nodes"
    }
}

case $verb in
list)
    if [ $# -gt 0 ]; then
        job=$(show "$1") && echo ":job $job" || echo ":unknown"
        exit
    fi
    jobs=$(scontrol --oneliner show job) || exit 1
    printf '%s\n' "$jobs" | LC_ALL=C grep -F " JobName=$project UserId=$(id -un)(" | sed 's/^/:job /'
    exit 0
    ;;
cancel)
    for job; do # scancel says nothing of one that is not known
        show "$job" >/dev/null || { echo "there is no job $job" >&2; exit 1; }
    done
    scancel "$@" || exit 1
    exit 0
    ;;
follow)
    job=$1
    ;;
submit | run)
    script=$1
    shift
    mkdir -p "$base/work" && cd "$base/work" || exit 1
    job=$(printf %s "$script" | sbatch --parsable --output=slurm-%j.out "$@") || exit 1 # 255 would be ssh's
    echo ":id $job"
    job=${job%%;*}
    [ "$verb" = run ] || exit 0
    ;;
esac

# Slurm itself waits for minutes (SlurmdTimeout) until it says that a node is lost; a connection tells it
# sooner. Nobody listens to port 9, so nothing is logged there: a refusal is an answer. A node that never
# answers, behind a firewall, is left to Slurm.
look_after() { # NODE
    address=$(scontrol --oneliner show node "$1" | sed -n 's/.* NodeAddr=\([^ ]*\) .*/\1/p')
    answered='' misses=0
    while [ "$misses" -lt 3 ]; do
        said=$(LC_ALL=C timeout 4 bash -c ': >"/dev/tcp/$0/9"' "$address" 2>&1)
        case $?:$said in
            0:* | *refused*) answered=yes misses=0; sleep 5 ;;
            124:* | *"timed out"*) misses=$((misses + 1)) ;;
            *unreachable* | *"No route to host"*) misses=$((misses + 1)); sleep 3 ;;
            *) return ;;
        esac
        [ "$answered" ] || return
    done
    echo ":lost $1"
}

# What follows looks after the job. Nobody is told when a cable is pulled: the desktop shows every few
# seconds that it is there.
dir=$(mktemp -d) && : >"$dir/beat" && : >"$dir/seen" || exit
self=$$
n=0 nodes=
while :; do
    state=$(show "$job") && echo ":job $state" || echo ":unknown"
    case $nodes:$state in
        :*" JobState=RUNNING "*)
            nodes=${state##* NodeList=}
            for node in $(scontrol show hostnames "${nodes%% *}"); do
                look_after "$node" &
            done
            ;;
    esac
    sleep 1
    n=$((n + 1))
    [ $((n % 15)) -eq 0 ] || continue
    [ "$dir/beat" -nt "$dir/seen" ] || { kill "$self"; break; }
    : >"$dir/seen"
done &
finish() {
    trap '' HUP TERM INT PIPE
    [ "$verb" != run ] || [ "$over" ] || scancel "$job"
    rm -rf "$dir"
    trap '' USR1
    kill -USR1 0 # as in deploy.sh
}
over=
trap finish EXIT
trap 'exit 1' HUP INT TERM PIPE
while IFS= read -r line; do
    case $line in
    beat) : >"$dir/beat" ;;
    cancel) scancel "$job" ;;
    over) over=yes; break ;;
    esac
done
