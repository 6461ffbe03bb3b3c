#!/bin/sh
# Run by `pisdk test`: the result is near pi, whatever the number of ranks.
set -eu
for ranks in 1 2 4; do
    said=$($PISDK_EMULATOR -n $ranks ./main.R 100000)
    echo "$said"
    case $said in
        "$ranks ranks, 100000 points: pi is about 3.1"[345]*) ;;
        *) echo "not near pi" && exit 1 ;;
    esac
done
