# What a board does of a deploy (see cmd/lib/deploy/deploy.h). The desktop's pisdk sends this script to
# sh over ssh, and then, line by line, the functions that it shall call; the answers are lines that
# begin with a colon. It ends with its input, and so does all that it started.
#
#   $1 the project's name    $2 the token of this deploy, the same on all boards    $3 who deploys
#   $4 what to begin with: lock, to keep others from deploying, or look
#
# Starting a program costs more than all else on a small board, so what the shell can do it does.

umask 022
export LC_ALL=C
base=${XDG_DATA_HOME:-$HOME/.local/share}/pisdk/$1
token=$2 who=$3 begin=$4 locked='' quiet=0
nl='
'
IFS= read -r boot </proc/sys/kernel/random/boot_id
IFS= read -r host </proc/sys/kernel/hostname

# The first line of what a program said, as the answer to the desktop.
fail() { printf ':fail %s\n' "${1%%"$nl"*}"; }

finish() {
    [ -z "$locked" ] || rm -f "$base/lock"
    [ "$quiet" = 0 ] || rm -f "$base/seen.$$"
    trap '' TERM
    kill 0 # what still runs in the background
}
trap finish EXIT
trap 'exit 1' HUP INT PIPE
trap 'locked=; exit 1' TERM # from who takes the lock over: it is not ours to remove any more

# --- One deploy at a time. The lock is a link whose text names the holder: token, process, boot, host,
# who. Links are made at once and whole, also on a file server, and need no space. ---------------------

make_lock() { ln -s "$token $$ $boot $host $who" "$base/lock" 2>/dev/null; }

# Takes a lock away whose holder is gone; another one may have done the same just before us.
steal() {
    mv "$base/lock" "$base/lock.$$" 2>/dev/null || return
    if [ "$(readlink "$base/lock.$$")" = "$held" ]; then
        rm -f "$base/lock.$$"
    else
        mv -n "$base/lock.$$" "$base/lock"
    fi
}

lock() {
    if make_lock; then
        locked=yes
        [ -d "$base/incoming" ] || mkdir -p "$base/releases" "$base/incoming" "$base/work"
        : >"$base/beat"
        echo ":locked"
        state
        return
    fi
    if [ ! -L "$base/lock" ]; then # the folder is not there, or not to be written to
        if said=$(mkdir -p "$base/releases" "$base/incoming" "$base/work" 2>&1 &&
            ln -s test "$base/test.$$" 2>&1 && rm "$base/test.$$"); then
            lock
        else
            fail "cannot write to $base: ${said##*: }"
        fi
        return
    fi
    held=$(readlink "$base/lock")
    read -r h_token h_pid h_boot h_host h_who <<END
$held
END
    if [ "$h_host" != "$host" ] && [ "$h_token" = "$token" ]; then
        echo ":shared $h_host" # the boards have one home, on a file server
    elif [ "$h_host" = "$host" ] && [ "$h_token" = "$token" ]; then
        take_over # an earlier connection of this deploy, which was lost
    elif [ "$h_host" = "$host" ] &&
        { [ "$h_boot" != "$boot" ] || [ "$h_pid" = $$ ] || ! kill -0 "$h_pid" 2>/dev/null; }; then
        steal
        lock
    else
        watch
        echo ":busy $h_token $h_who"
    fi
}

# A holder that is there shows it by touching `beat`. One that did not for some tries is gone: the
# network between it and its desktop is, and ours has come back.
watch() {
    if [ "$quiet" = 0 ] || [ ! -e "$base/seen.$$" ] || [ "$base/beat" -nt "$base/seen.$$" ]; then
        : >"$base/seen.$$"
        quiet=0
    fi
    quiet=$((quiet + 1))
    if [ "$quiet" -gt 12 ]; then
        kill "$h_pid" 2>/dev/null
        rm -f "$base/seen.$$"
        quiet=0
        steal
    fi
}

take_over() { # its desktop says that the holder is gone
    kill "$h_pid" 2>/dev/null
    steal
    lock
}

unlock() {
    [ -z "$locked" ] || rm -f "$base/lock"
    locked=
    echo ":unlocked"
}

beat() { [ -z "$locked" ] || : >"$base/beat"; } # who only waits does not keep a dead holder alive

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

look() {
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

# --- Phase one: a release comes, is unpacked beside the others, and every file is checked ------------

# Runs the words after NAME with the file from byte FROM on as their input, as it grows, until it has
# SIZE bytes. The reader of the file is not waited for, since it may wait for more when they fail. It
# waits for those FROM bytes first: tail(1) takes a file that is shorter for one that was cut, and
# would begin anew at what there is.
follow() { # FILE FROM SIZE NAME WORDS…
    mkfifo "$1.$4"
    {
        until [ "$2" = 0 ] || [ "$(wc -c <"$1")" -ge "$2" ]; do
            sleep 0.2
        done
        tail -c "+$(($2 + 1))" -s 0.2 -f "$1" | head -c "$(($3 - $2))"
    } >"$1.$4" 2>/dev/null &
    fifo=$1.$4
    shift 4
    "$@" <"$fifo"
    set -- $?
    rm -f "$fifo"
    return "$1"
}

prepare() { # ID PACK SIZE KIND BASE: what is there of the pack already
    for f in incoming/* incoming/.to.* releases/.[0-9a-f]*; do
        [ ! -e "$f" ] || [ "$f" = "incoming/$2" ] || rm -rf "$f"
    done
    have=0
    [ ! -s "incoming/$2" ] || have=$(wc -c <"incoming/$2")
    if [ "$5" = - ]; then
        said=$({ : >>"incoming/$2"; } 2>&1 && mkdir "releases/.$1" 2>&1)
    else
        said=$({ : >>"incoming/$2"; } 2>&1 && cp -al "releases/$5" "releases/.$1" 2>&1)
    fi || { fail "${said##*: }"; return; }
    echo ":have $have"
    unpack "$1" "$2" "$3" "$4" &
}

unpack() { # ID PACK SIZE KIND
    case $4 in
        rsync) set -- "$@" rsync -rlpt --delete --read-batch=- "releases/.$1/" ;;
        *) set -- "$@" tar -x -p -f - -C "releases/.$1" ;;
    esac
    pack=$2 size=$3
    shift 4
    if said=$(follow "incoming/$pack" 0 "$size" unpack "$@" 2>&1); then
        echo ":unpacked"
    else
        case $said in
            *'No space left on device'* | *'quota exceeded'*) fail "unpacking: $said" ;;
            *)
                rm -f "incoming/$pack"
                spoilt "unpacking: $said"
                ;;
        esac
    fi
}

# Somebody changed the release that was built upon, what arrived is damaged, or the storage does not keep
# what it is given: nothing of it is used again.
spoilt() { printf ':spoilt %s\n' "${1%%"$nl"*}"; }

have() { echo ":have $(wc -c <"incoming/$1")"; }

take() { # PACK BYTES: they follow in our own input, and what is left of them must not be run
    said=$({ head -c "$2" >>"incoming/$1"; } 2>&1) || { fail "${said##*: }"; exit 1; }
}

# Passes the pack on to another board as it comes in; TARGETs are what that may be called.
forward() { # PACK SIZE FROM NODE-NUMBER COMMAND TARGET…
    {
        pack=$1 size=$2 from=$3 node=$4 command=$5 status='' n=0
        shift 5
        for target; do
            n=$((n + 1))
            said=$(follow "incoming/$pack" "$from" "$size" "$node.$n" connect "$target" "$command" 2>&1)
            status=$?
            [ "$status" = 255 ] || break # of ssh: no connection
        done
        echo ":sent $node $status ${said##*"$nl"}"
    } &
}

stop_forward() { # NODE-NUMBER
    { read -r p <"incoming/.to.$1" && kill "$p"; } 2>/dev/null
}

# The key exchange is half as dear for a small processor as what ssh would choose.
kex=curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,diffie-hellman-group14-sha256

connect() { # TARGET COMMAND
    exec 3<&0 # what goes on in the background has no input otherwise
    ssh -T -oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=5 -oServerAliveCountMax=3 \
        -oControlMaster=no -oKexAlgorithms=$kex -- "$1" "$2" <&3 3<&- &
    echo $! >"incoming/.to.$node"
    wait $!
}

verify() { # ID PACK SHA256-OF-MANIFEST
    {
        if said=$(verify_files "$1" "$3" 2>&1); then
            sync -f "releases/.$1" 2>/dev/null || sync
            [ ! -e "releases/$1" ] || rm -rf "releases/$1"
            if said=$(mv -T "releases/.$1" "releases/$1" 2>&1); then
                echo ":verified"
            else
                fail "$said"
            fi
        else
            rm -f "incoming/$2" # whatever was wrong, it is sent anew
            spoilt "what arrived is not what was sent: $said"
        fi
    } &
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

# --- Phase two -----------------------------------------------------------------------------------

switch() { # ID KEEP DATE
    find_current
    if [ "$current" != "$1" ]; then
        said=$({ ln -s "releases/$1" ".current.$$" && mv -T ".current.$$" current; } 2>&1) || {
            rm -f ".current.$$"
            fail "$said"
            return
        }
        echo "$1 $3 $who" >>history
    fi
    for f in incoming/* incoming/.to.* .current.*; do
        { [ ! -e "$f" ] && [ ! -L "$f" ]; } || rm -rf "$f"
    done
    link_work
    echo ":switched $1"
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
    for d in releases/*; do
        case " $keep " in *" ${d#releases/} "*) ;; *) rm -rf "$d" ;; esac
    done
}

undeploy() {
    cd "$HOME" || exit
    if said=$(rm -rf "$base" 2>&1); then
        locked=
        rmdir "${base%/*}" 2>/dev/null
        echo ":removed"
    else
        fail "$said"
    fi
}

# --- What the desktop says -------------------------------------------------------------------------

eval "$begin"
while IFS= read -r line; do
    eval "$line"
done
