#!/bin/sh
# cut.sh PISDK PROGRAM: runs the program on two emulated boards, cuts the network cable of one of
# them in the middle of the run, and looks whether the other one notices.
set -eu
pisdk=$1 program=$2
cluster=@NAME@-test-$$
out=$(mktemp)

trap '"$pisdk" cluster down --name "$cluster"; rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM
"$pisdk" cluster up -n 2 --name "$cluster"

# Waits for a line of the program; the numbers are limits, not what it takes.
wait_for() {
    tries=0
    until grep -q "$1" "$out"; do
        tries=$((tries + 1))
        if [ "$tries" = 300 ]; then
            cat "$out"
            echo "FAILED: the program did not say: $1"
            exit 1
        fi
        sleep 0.2
    done
}

"$pisdk" run --on "cluster:$cluster" -n 2 "$program" 1000000 >"$out" 2>&1 &
run=$!
wait_for 'step 10: everybody is there'
"$pisdk" cluster cut --name "$cluster" pi2
wait_for 'rank 0: rank 1 has not answered'
# mpirun waits for the board that it has lost, for ever: on real boards, too.
kill -KILL "$run"
cat "$out"
echo "ok: rank 0 noticed"
