# SPDX-License-Identifier: MIT
# Which other boards a board gets to by ssh, as mpirun on it would. The desktop's pisdk sends this
# script to sh over ssh (see cmd/lib/remote/probe.c).
#
#   $1…  a board each: NUMBER HOST…, where any of the hosts will do
#
# The answer has a line for each board: reach NUMBER yes HOST, or reach NUMBER no WHAT-SSH-SAID, which is
# about the first of the hosts.

export LC_ALL=C
at_once=16
nl='
'

try() {
    number=$1 first=
    shift
    for host; do
        if said=$(timeout 15 ssh -n -T -o BatchMode=yes -o ConnectTimeout=5 -- "$host" true 2>&1); then
            printf 'reach %s yes %s\n' "$number" "$host"
            return
        fi
        [ -n "$first" ] || first=${said:-Connection timed out}
    done
    IFS=$nl
    set -f
    set -- $first
    IFS=' '
    printf 'reach %s no %s\n' "$number" "$*"
}

running=0
for board; do
    try $board &
    running=$((running + 1))
    if [ $running = $at_once ]; then
        wait
        running=0
    fi
done
wait
printf 'end\n'
