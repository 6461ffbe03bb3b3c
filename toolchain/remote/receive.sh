# SPDX-License-Identifier: MIT
# Asks whoever started this, over ssh, for the pieces that the board lacks, and takes them in. A deploy
# puts this script on each board, behind pieces.sh (see deploy.sh).
#
#   $1 the project's folder    $2 the pack: nothing is taken for another one than is awaited
#   $3 the number of the feed
#
# A line "want HASH SIZE" asks for a piece; they come in that order, without anything between them. It
# ends with 0 when none is lacking.

export LC_ALL=C
umask 022
cd "$1" && [ -e "incoming/pack.$2" ] && mkdir -p "$own" || exit 1
trap 'rm -rf "$own"' EXIT
trap 'exit 1' HUP INT TERM PIPE
tell ":open $3"

feed=$3 asked=
while :; do
    wanted=
    while read -r hash size; do
        [ -e "incoming/p/$hash" ] || wanted="$wanted $hash $size"
    done <incoming/list
    [ "$wanted" ] || exit 0
    if [ "$wanted" = "$asked" ]; then
        echo "what arrives is not what was sent" >&2
        exit 1
    fi
    asked=$wanted
    # shellcheck disable=SC2086 # pairs of words
    set -- $wanted
    printf 'want %s %s\n' "$@"
    while [ $# -gt 0 ]; do
        receive "$1" "$2" "$feed"
        if [ $? = 2 ]; then
            echo "${said##*: }" >&2
            exit 1
        fi
        shift 2
    done
done
