# SPDX-License-Identifier: MIT
# Sends the output of a job as it comes, until standard input ends and all of it was sent.
#
#   $1 the project's name   $2 the job
#
# The file is opened again each time: on NFS that is when its size is asked for.

file=${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/$1/work/slurm-$2.out
exec 3<&0
cat <&3 >/dev/null &
reader=$!
n=0
while :; do
    kill -0 "$reader" 2>/dev/null && last= || last=yes
    size=$(exec 2>/dev/null; wc -c <"$file") || size=0
    if [ "$size" -gt "$n" ]; then
        tail -c +$((n + 1)) "$file" | head -c $((size - n)) || break
        n=$size
    fi
    [ -z "$last" ] || break
    sleep 0.3
done
[ -e "$file" ]
