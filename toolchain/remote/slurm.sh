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
    printf '%s\n' "$jobs" | grep -F " JobName=$project UserId=$(id -un)(" | sed 's/^/:job /'
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

# What follows looks after the job. Nobody is told when a cable is pulled: the desktop shows every few
# seconds that it is there.
dir=$(mktemp -d) && : >"$dir/beat" && : >"$dir/seen" || exit
self=$$
n=0
while :; do
    state=$(show "$job") && echo ":job $state" || echo ":unknown"
    sleep 1
    n=$((n + 1))
    [ $((n % 15)) -eq 0 ] || continue
    [ "$dir/beat" -nt "$dir/seen" ] || { kill "$self"; break; }
    : >"$dir/seen"
done &
poll=$!
finish() {
    trap '' HUP TERM INT PIPE
    [ "$verb" != run ] || [ "$over" ] || scancel "$job"
    kill "$poll"
    rm -rf "$dir"
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
