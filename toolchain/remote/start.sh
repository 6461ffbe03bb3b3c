# SPDX-License-Identifier: MIT
# Starts the program of a run on the first board (see cmd/lib/run/boards.c), for the login that has its
# streams. It waits until the folder of the run has a file "start", which sets the words of the program.
#
#   $1 the project's name    $2 the run's own name

dir=${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/$1/run-$2
n=0
until [ -e "$dir/start" ]; do
    n=$((n + 1))
    [ "$n" -lt 1200 ] || exit 125
    sleep 0.1
done
cd "${dir%/*}/work" || exit 126
export PISDK_RUN="$2"
# shellcheck source=/dev/null
. "$dir/start"
sh -c 'echo $$ >"$0/pid"; exec "$@"' "$dir" "$@"
s=$?
echo "$s" 2>/dev/null >"$dir/status"
exit "$s"
