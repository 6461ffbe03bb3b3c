# SPDX-License-Identifier: MIT
# What a board does of a deploy (see cmd/lib/deploy/deploy.h). The desktop's pisdk sends pieces.sh, abi.sh
# and this script to sh over ssh, and then a command a line: a verb and its words, of which those that
# may hold anything are written as printf(1) has them with %b, behind a full stop. The answers are lines
# that begin with a colon. It ends with its input, and so does all that it started.
#
#   $1 the project's name    $2 the token of this deploy, the same on all boards    $3 who deploys
#   $4 what to begin with: lock, to keep others from deploying, or look
#
# The loop that reads the commands also shows that we are alive, so what may take long runs beside it.
# Starting a program costs more than all else on a small board: what the shell can do it does.

umask 022
export LC_ALL=C
base=${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/$1
token=$2 who=$3 begin=$4 locked='' guarded='' quiet=0 switching=''
nl='
'
IFS= read -r boot </proc/sys/kernel/random/boot_id
IFS= read -r host </proc/sys/kernel/hostname

# When process PID began, in clock ticks since the boot (proc_pid_stat(5)): a number is used again.
start_of() {
    IFS= read -r stat <"/proc/$1/stat" || return
    # shellcheck disable=SC2086 # words; the name before the last bracket may have any
    set -- ${stat##*) }
    shift 19
    echo "$1"
}
started=$({ start_of $$; } 2>/dev/null)
mine=$host.$$ # ends the names of files that are ours alone, also where boards share a home

# The last of what a program said, as the answer to the desktop.
fail() { printf ':fail %s\n' "${1%%"$nl"*}"; }

decode() { printf %b "${1#.}"; }

# What still runs in the background is ended by a signal that has no trap here: a subshell that is just
# forked loses one that has.
finish() {
    if [ "$switching" ] && kill -0 "$switching" 2>/dev/null; then # what is old is being removed
        while sleep 2 && [ -L "$base/lock" ]; do
            beat
        done &
        wait "$switching" 2>/dev/null
    fi
    trap '' USR1
    kill -USR1 0
    [ -z "$locked" ] || rm -rf "$base/lock" "$base/alive.$mine" "$base/incoming/in.$$" "$base/incoming/told.$$"
    [ "$locked" ] || [ -z "$guarded" ] || rm -f "$base/alive.$mine"
    [ "$quiet" = 0 ] || rm -f "$base/seen.$mine"
}
trap finish EXIT
trap 'exit 1' HUP INT PIPE
trap 'locked=; exit 1' TERM # from who takes the lock over: it is not ours to remove any more

# --- One deploy at a time. The lock is a link whose text names the holder: token, process, boot, host,
# start, who. Links are made at once and whole, also on a file server, and need no space. ---------------

# A desktop that went away without a word is waited for no longer than a minute or two.
guard() {
    [ -z "$guarded" ] || return
    guarded=yes
    echo >"$base/alive.$mine"
    while sleep 50; do
        [ -s "$base/alive.$mine" ] || { kill -HUP $$; break; }
        : >"$base/alive.$mine"
    done &
}

make_lock() { ln -s "$token $$ $boot $host ${started:-?} $who" "$base/lock" 2>/dev/null; }

# Takes a lock away whose holder is gone; another one may have done the same just before us.
steal() {
    mv "$base/lock" "$base/lock.$mine" 2>/dev/null || return
    if [ "$(readlink "$base/lock.$mine")" = "$held" ]; then
        rm -f "$base/lock.$mine"
    else
        mv -n "$base/lock.$mine" "$base/lock"
    fi
}

# Is the holder a process of this machine that runs? Only then its number means something here.
holder_runs() {
    [ "$h_host" = "$host" ] && [ "$h_boot" = "$boot" ] && [ "$h_pid" != $$ ] &&
        [ "$({ start_of "$h_pid"; } 2>/dev/null)" = "$h_start" ]
}

lock() {
    if make_lock; then
        locked=yes
        [ -d "$base/incoming" ] || mkdir -p "$base/releases" "$base/incoming" "$base/work"
        beat
        guard
        echo ":locked"
        place
        state
        return
    fi
    if [ ! -L "$base/lock" ]; then # the folder is not there, or not to be written to
        if said=$(mkdir -p "$base/releases" "$base/incoming" "$base/work" 2>&1 &&
            ln -s test "$base/test.$mine" 2>&1 && rm "$base/test.$mine"); then
            lock
        else
            fail "cannot write to $base: ${said##*: }"
        fi
        return
    fi
    held=$(readlink "$base/lock")
    read -r h_token h_pid h_boot h_host h_start h_who <<END
$held
END
    if [ "$h_token" = "$token" ] && [ "$h_host" != "$host" ]; then
        echo ":shared $h_host" # the boards have one home, on a file server
    elif [ "$h_token" = "$token" ]; then # an earlier connection of this deploy, which was lost
        ! holder_runs || kill "$h_pid" 2>/dev/null
        steal
        lock
    elif [ "$h_host" = "$host" ] && ! holder_runs; then
        steal
        lock
    else
        guard
        watch
        echo ":busy $h_token $h_who"
    fi
}

# A holder that is there shows it by touching `beat`. One that did not for some tries is gone: the
# network between it and its desktop is, and ours has come back. Whether it is touched is seen by another
# time, not a later one: clocks of boards jump.
watch() {
    seen=$base/seen.$mine
    if [ "$quiet" = 0 ] || [ "$base/beat" -nt "$seen" ] || [ "$base/beat" -ot "$seen" ]; then
        touch -r "$base/beat" "$seen" 2>/dev/null || : >"$seen"
        quiet=0
    fi
    quiet=$((quiet + 1))
    if [ "$quiet" -gt 12 ]; then
        ! holder_runs || kill "$h_pid" 2>/dev/null
        rm -f "$seen"
        quiet=0
        steal
    fi
}

unlock() {
    [ -z "$locked" ] || rm -f "$base/lock"
    locked=
    echo ":unlocked"
}

beat() { # who only waits does not keep a dead holder alive
    { [ -z "$guarded" ] || echo >"$base/alive.$mine"; } 2>/dev/null
    [ -z "$locked" ] || { true >"$base/beat"; } 2>/dev/null
}

# --- What is here --------------------------------------------------------------------------------

find_current() {
    current=-
    if cd -P "$base/current" 2>/dev/null; then
        current=${PWD##*/}
    fi
    cd "$base" || exit
}

# Finished releases are those without a dot in front.
state() {
    find_current
    all=
    for d in releases/*/; do
        d=${d#releases/}
        [ "$d" = '*/' ] || all="$all,${d%/}"
    done
    echo ":state $current ${all#,}"
}

place() { printf ':place %s\n' "${base%%"$nl"*}"; }

look() {
    place
    if [ -d "$base/releases" ]; then
        state
    else
        echo ":state - -"
        cd / || exit
    fi
}

# The releases in their order, the newest last.
history() {
    if [ -r history ]; then
        while read -r id at by; do
            [ ! -d "releases/$id" ] || echo ":history $id $at $by"
        done <history
    fi
    echo ":end"
}

about() { # what a run needs to know: cores, and networks
    cores=0 networks=''
    while IFS= read -r line; do
        case $line in processor*) cores=$((cores + 1)) ;; esac
    done </proc/cpuinfo
    while read -r device to gateway _ _ _ _ mask _; do
        [ "$gateway" != 00000000 ] || networks="$networks $device/$to/$mask"
    done </proc/net/route
    # shellcheck disable=SC2086 # words
    set -- ${SSH_CONNECTION:-}
    echo ":about $cores ${3:--}$networks"
}

facts() { # what a transfer, and the check before it, depend on
    rsync=no
    ! command -v rsync >/dev/null || rsync=yes
    # shellcheck disable=SC2046 # numbers
    set -- $(stat -L -c %s.%Y /etc/ld.so.cache /lib/ld-linux-armhf.so.3 /lib/*/libc.so.6 2>/dev/null)
    IFS=,
    key="$*"
    unset IFS
    while IFS=: read -r name value; do # boards of another kind may have the same card
        case $name in
            Features* | 'CPU part'*) key="$key,$value" ;;
            processor*) [ "$value" = ' 0' ] || break ;;
        esac
    done </proc/cpuinfo
    free=$(df -k --output=avail .)
    echo ":facts $rsync ${free##*[!0-9]} ${key:--}"
}

# How a release differs from what was deployed: "c NAME", other content; "- KIND MODE NAME TARGET", what
# should be there; "+ …", what should not. Names are written as sha256sum(1) writes them.
differences() { # ID
    cd "releases/$1" || return
    case $(sha256sum .pisdk) in
        "$1"*) ;;
        *)
            echo ":differs c .pisdk"
            return
            ;;
    esac
    sha256sum -c .pisdk 2>/dev/null | sed -n 's/^\\\{0,1\}\.\/\(.*\): FAILED$/:differs c \1/p'
    grep -q '^# [dfl] ' .pisdk || return # made by the first version of pisdk
    {
        grep '^# [dfl] ' .pisdk
        grep '^# [dfl] ' .pisdk
        find . -mindepth 1 ! -path ./.pisdk -printf '# %y %m %P %l\0' |
            sed -z 's/\\/\\\\/g; s/\n/\\n/g' | tr '\0' '\n'
    } | sort | uniq -c | while read -r times _ record; do
        case $times in
            1) printf ':differs + %s\n' "$record" ;;
            2) printf ':differs - %s\n' "$record" ;;
        esac
    done
}

inspect() { # ID
    (differences "$1") 2>/dev/null
    echo ":inspected $1"
}

# --- Phase one: a release comes, is unpacked beside the others, and every file is checked ------------

receiver() { decode "$1" >incoming/receive || fail "cannot write to $base/incoming"; }
list() { decode "$1" >incoming/list || fail "cannot write to $base/incoming"; }

# What is there of the pack already. It is hashed again: the power may have gone before it was written.
prepare() { # ID PACK BASE
    for f in incoming/* releases/.[0-9a-f]* releases/.old.*; do
        case $f in incoming/p | incoming/list | incoming/receive | */'*') continue ;; esac
        rm -rf "$f"
    done
    fresh=
    [ "$3" != - ] || fresh=releases/.$1
    # shellcheck disable=SC2086 # none, or one without blanks
    if ! said=$({ mkdir -p incoming/p "$own" $fresh && : >"incoming/pack.$2" &&
        mkfifo "incoming/told.$$"; } 2>&1); then
        fail "${said##*: }"
        return
    fi
    # Opened by us: until the other process does it, what is told would be told to nobody, and is lost.
    exec 5<>"incoming/told.$$"
    cat <&5 &
    exec 5>&-
    known=' '
    while read -r hash _; do
        known="$known$hash "
    done <incoming/list
    for f in incoming/p/*; do
        case $known in *" ${f##*/} "*) ;; *) rm -f "$f" ;; esac
    done
    set -- "$@" incoming/p/*
    [ ! -e "$4" ] || (cd incoming/p && sha256sum -- *) | while read -r found name; do
        if [ "$found" = "$name" ]; then
            echo ":got $name"
        else
            rm -f "incoming/p/$name"
        fi
    done
    # Nothing is shared with the release that this one is made of: programs write to their files.
    [ "$fresh" ] || said=$(cp -a --reflink=auto "releases/$3" "releases/.$1" 2>&1) ||
        { fail "${said##*: }"; return; }
    echo ":prepared"
}

# Somebody changed the release that was built upon, or the storage does not keep what it is given.
spoilt() { printf ':spoilt %s\n' "${1%%"$nl"*}"; }

unpack() { # ID KIND
    target=releases/.$1 kind=$2
    shift 2
    while read -r hash _; do
        set -- "$@" "incoming/p/$hash"
    done <incoming/list
    case $kind in
        rsync) cat "$@" | rsync -rlpt --delete --read-batch=- "$target/" ;;
        *) cat "$@" | tar -x -p -f - -C "$target" ;;
    esac
}

complete() { # ID KIND SHA256-OF-MANIFEST
    if ! said=$(unpack "$1" "$2" 2>&1); then
        case $said in
            *'No space left on device'* | *'quota exceeded'*) fail "unpacking: $said" ;;
            *) spoilt "unpacking: $said" ;;
        esac
    elif ! said=$(verify_files "$1" "$3" 2>&1); then
        spoilt "what arrived is not what was sent: $said"
    else
        sync -f "releases/.$1" 2>/dev/null || sync
        [ ! -e "releases/$1" ] || mv -T "releases/$1" "releases/.old.$$" # was spoilt
        if said=$(mv -T "releases/.$1" "releases/$1" 2>&1); then
            echo ":verified"
        else
            fail "$said"
        fi
    fi
}

verify_files() { # ID SHA256-OF-MANIFEST
    cd "releases/.$1" || return
    sha256sum -c --quiet --strict - .pisdk <<END || return
$2  .pisdk
END
    read -r line <.pisdk
    found=$(find . -mindepth 1 ! -path ./.pisdk -printf '%y %m %P %l\0' | sort -z | sha256sum)
    [ "${line##* }" = "${found%% *}" ] || { echo "the list of files differs"; return 1; }
}

# A piece that follows in our own input. What is left of one that cannot be written must not be run.
piece() { # HASH SIZE
    receive "$1" "$2"
    [ $? != 2 ] || { fail "${said##*: }"; exit 1; }
}

# Passes pieces on to another board, which asks for them (receive.sh). TARGETs are what it may be called.
feed() { # BOARD-NUMBER COMMAND TARGET…
    number=$1 to=incoming/to.$1 ask=incoming/ask.$1 said=incoming/said.$1 command=$(decode "$2")
    status=
    shift 2
    mkfifo "$to" "$ask"
    for target; do
        target=$(decode "$target")
        { exec 4<>"$to" && give; } <"$ask" | connect >"$ask" 2>"$said"
        status=$?
        [ "$status" = 255 ] || break # of ssh: no connection
    done
    last=
    while IFS= read -r line; do
        last=$line
    done <"$said"
    rm -f "$to" "$ask" "$said" "incoming/ssh.$number"
    printf ':fed %s %s %s\n' "$number" "$status" "$last"
}

# The key exchange is half as dear for a small processor as what ssh would choose. A board under load
# may be silent for long.
connect() {
    exec 3<&0 # what goes on in the background has no input otherwise
    ssh -T -oBatchMode=yes -oConnectTimeout=60 -oServerAliveInterval=15 -oServerAliveCountMax=4 \
        -oControlMaster=no -oKexAlgorithms=curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,diffie-hellman-group14-sha256 \
        -- "$target" "$command" <&3 3<&- &
    echo $! >"incoming/ssh.$number"
    wait $!
    status=$?
    echo end 1<>"$to"
    return $status
}

stop_feed() { # BOARD-NUMBER
    { read -r p <"incoming/ssh.$1" && kill "$p"; } 2>/dev/null
}

# Gives the pieces that are asked for: what is here, or what is under way, or what will come.
give() {
    while read -r verb hash size; do
        [ "$verb" = want ] && is_hash "$hash" || continue
        until [ -e "incoming/p/$hash" ]; do
            for part in incoming/in.*/"$hash"; do
                writer=${part#incoming/in.}
                if [ -e "$part" ] && kill -0 "${writer%%/*}" 2>/dev/null; then
                    pass_on "$part" "${writer%%/*}" "$size"
                    continue 3
                fi
            done
            read -r word <&4
            [ "$word" != end ] || return
        done
        cat "incoming/p/$hash"
    done
}

# The bytes of a piece while it is written. Should its writer end before it is whole, the rest is
# anything: the hash is wrong then, and it is asked for again.
pass_on() { # FILE WRITER SIZE
    {
        tail -c +1 -s 0.05 --pid="$2" -f "$1"
        while :; do
            echo "----------------------------------------------------------------------"
        done
    } 2>/dev/null | head -c "$3"
}

# --- Phase two -----------------------------------------------------------------------------------

# A deploy that died may have left much of this undone, so what is current already passes here as well.
switch() { # ID KEEP DATE
    trap '' PIPE # nobody may be there any more to hear of it
    find_current
    if [ "$current" != "$1" ]; then
        sync -f . 2>/dev/null || sync
        said=$({ ln -s "releases/$1" ".current.$$" && mv -T ".current.$$" current; } 2>&1) || {
            rm -f ".current.$$"
            fail "$said"
            return
        }
        echo "$1 $3 $who" >>history
        sync -f . 2>/dev/null || sync # "done" survives that the power goes
    fi
    link_work
    echo ":switched $1"
    for left in incoming/* .current.* alive."$host".* seen."$host".* test."$host".*; do
        case $left in
            *'*') ;;
            incoming/* | .current.*) rm -rf "$left" ;;
            *) kill -0 "${left##*.}" 2>/dev/null || rm -f "$left" ;; # whose process is gone
        esac
    done
    prune "$2"
}

# The folder that programs run in has what the release has, and keeps what they write.
link_work() {
    set --
    for e in work/*; do # links of ours to what is not there any more
        [ -L "$e" ] && [ ! -e "$e" ] || continue
        case $(readlink "$e") in ../current/*) rm -f "$e" ;; esac
    done
    for e in current/*; do
        n=${e#current/}
        [ ! -e "$e" ] || [ -L "work/$n" ] || [ -e "work/$n" ] || set -- "$@" "../current/$n"
    done
    [ $# = 0 ] || ln -s -- "$@" work/
}

# Removes all releases but the newest $1 of the history, and never the current one.
prune() {
    find_current
    newest=
    while read -r id _; do
        newest="$id $newest"
    done <history
    keep=$current n=1
    for id in $newest; do
        case " $keep " in *" $id "*) continue ;; esac
        [ -d "releases/$id" ] || continue
        [ "$n" -lt "$1" ] || continue
        keep="$keep $id" n=$((n + 1))
    done
    for d in releases/* releases/.old.*; do
        case " $keep " in *" ${d#releases/} "*) ;; *) rm -rf "$d" ;; esac
    done
}

undeploy() {
    cd "$HOME" || exit
    if said=$(rm -rf "$base" 2>&1); then
        rmdir "${base%/*}" 2>/dev/null
        echo ":removed"
    else
        fail "$said"
    fi
}

# --- What the desktop says -------------------------------------------------------------------------

for verb in $begin; do
    case $verb in about | lock | look) "$verb" ;; esac
done
while IFS= read -r line; do
    # shellcheck disable=SC2086 # no pattern is among them: see fleet_encode_word
    set -f -- $line
    set +f
    verb=${1:-}
    [ $# = 0 ] || shift
    case $verb in
        beat) # and a sign of life in return
            beat
            echo ":alive"
            ;;
        lock | unlock | about | history | receiver | list | piece | stop_feed) "$verb" "$@" ;;
        facts | inspect | prepare | complete | feed) "$verb" "$@" & ;;
        abi) abi "$@" & ;;
        switch)
            switch "$@" &
            switching=$!
            ;;
        undeploy)
            locked= # it goes with the rest
            undeploy &
            ;;
    esac
done
