# Takes a pack, or the rest of one, into the folder of what comes in (see deploy.sh).
#
#   $1 the project's name    $2 the pack    $3 how many bytes of it are there
cd "${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/$1/incoming" &&
    exec dd of="$2" bs=65536 seek="$3" oflag=seek_bytes conv=notrunc status=none
