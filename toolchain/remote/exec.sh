# SPDX-License-Identifier: MIT
# Runs a command, $@, which ends with the desktop's connection.
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
{
    read -r _ <&3
    kill "$program"
} 2>/dev/null &
wait "$program"
status=$?
kill $! 2>/dev/null
exit $status
