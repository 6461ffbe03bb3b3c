# SPDX-License-Identifier: MIT
# Pieces of what is deployed, on the board that gets them (see cmd/lib/deploy/transfer.h). deploy.sh and
# receive.sh begin with this; the working folder is the project's.
#
#   incoming/list       all pieces, in their order: SHA-256 and size, a line each
#   incoming/p/HASH     a piece that is there and was hashed
#   incoming/in.PID/    one that process PID receives
#   incoming/told.PID   a fifo: what session PID tells the desktop
#   incoming/to.N       a fifo: wakes who passes pieces on to board N
#
# A piece is written under a name that nobody else writes to, hashed, and only then renamed. So it does
# not matter who sends it, how often, or who was given up meanwhile.

own=incoming/in.$$

# Opened for reading as well, a fifo takes a line whether somebody reads it or not.
tell() {
    for fifo in incoming/told.*; do
        [ ! -p "$fifo" ] || echo "$1" 1<>"$fifo"
    done
}

wake() {
    for fifo in incoming/to.*; do
        [ ! -p "$fifo" ] || echo go 1<>"$fifo"
    done
}

is_hash() {
    case $1 in *[!0-9a-f]*) return 1 ;; esac
    [ ${#1} = 64 ]
}

# Takes a piece from our input. 1: it is not what was wanted; 2: no more comes, or it cannot be written:
# what is left of the input means nothing then.
receive() { # HASH SIZE FEED
    said=$({ : >"$own/$1" && wake && head -c "$2" >>"$own/$1"; } 2>&1) || return 2
    found=$(sha256sum "$own/$1" 2>&1)
    if [ "${found%% *}" = "$1" ]; then
        said=$(mv -T "$own/$1" "incoming/p/$1" 2>&1) || return 2
        tell ":got $1 ${3:-0}"
        wake
        return 0
    fi
    found=$(wc -c <"$own/$1")
    rm -f "$own/$1"
    [ "$found" = "$2" ] || { said='the connection ended'; return 2; }
    return 1
}
