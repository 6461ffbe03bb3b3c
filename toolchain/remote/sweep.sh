# Ends what is left of the run $1 on a board: its processes have the run's name in their environment.
for p in $(grep -lzsx "PISDK_RUN=$1" /proc/[0-9]*/environ); do
    p=${p#/proc/}
    kill -KILL "${p%%/*}" 2>/dev/null
done
