# SPDX-License-Identifier: MIT
# Takes a program from the standard input, for gdbserver, and says in which folder it is (see
# cmd/lib/debug/gdbserver.h).
#
#   $1 its name
#
# 41: there is no gdbserver.
command -v gdbserver >/dev/null || exit 41
d=$(mktemp -d /tmp/pisdk-debug-XXXXXX) && cat >"$d/$1" && chmod 755 "$d/$1" && echo "$d"
