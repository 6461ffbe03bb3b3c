#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs @NAME@ for 32-bit ARM Linux (armv7l): sh THIS-FILE -h
#
# What follows this script is an archive, and the last line of the file is the SHA-256 of all before
# it. Nothing runs before the whole script has been read: its last line starts it.

name='@NAME@' id=@ID@
script_bytes=$((@SCRIPT@)) archive_bytes=$((@ARCHIVE@)) installed_kb=$((@INSTALLED@))
this=$0
prefix='' batch='' force='' update='' rc='' what=install place='' signers=''
nl='
'

usage() {
    cat <<END
Usage: sh $this [OPTIONS]

Installs $name $id. No root is needed; nothing outside of PREFIX is changed.

  -p PREFIX  where to (default: $HOME/$name)
  -b         ask no questions
  -f         replace PREFIX, whatever is in it
  -u         update a PREFIX that has another version
  -e         add PREFIX/bin to PATH by one line in ~/.bashrc
  -t         try the programs' loader, which is done anyway
  -s         for scripts written for other installers; there is nothing to skip
  -h         show this help
  --check    check this file, and its signature if there is one beside it; install nothing
  --signers FILE
             who may sign with an SSH key: a file as ssh-keygen(1) has it under ALLOWED SIGNERS
             (default: ~/.ssh/allowed_signers)
  --list     list what would be installed

PREFIX/uninstall takes all of it back.
END
}

@COMMON@
read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --check) what=check ;;
            --list) what=list ;;
            --signers) [ $# -gt 1 ] || fail "--signers needs a file"; signers=$2; shift ;;
            --unpack) what=unpack place=$2; shift ;; # for pisdk-env
            --help) usage; exit 0 ;;
            -p) [ $# -gt 1 ] || fail "-p needs a folder"; prefix=$2; shift ;;
            -p*) prefix=${1#-p} ;;
            -[bfuesth]?*) # several in one word
                rest=${1#-?} first=${1%"$rest"}
                shift
                set -- "$first" "-$rest" "$@"
                continue
                ;;
            -b) batch=yes ;;
            -f) force=yes ;;
            -u) update=yes ;;
            -e) rc=yes ;;
            -s) ;;
            -t) ;; # always done
            -h) usage; exit 0 ;;
            *) fail "unknown option $1" "sh $this -h" ;;
        esac
        shift
    done
}

archive() { tail -c "+$((script_bytes + 1))" "$this" | head -c "$archive_bytes"; }

# Before anything is written.
check_file() {
    [ -r "$this" ] || fail "cannot read $this" "start it by its path: sh ./FILE"
    size=$(wc -c <"$this")
    [ "$((size))" -eq "$((script_bytes + archive_bytes + 65))" ] ||
        fail "this file is not complete: $((size)) bytes of $((script_bytes + archive_bytes + 65))" "copy it again"
    if command -v sha256sum >/dev/null; then
        told=$(tail -c 65 "$this")
        found=$(head -c "$((script_bytes + archive_bytes))" "$this" | sha256sum)
        [ "${found%% *}" = "$told" ] || fail "this file is damaged: its SHA-256 is another" "copy it again"
    else
        archive | gzip -t 2>/dev/null || fail "this file is damaged" "copy it again"
    fi
}

check_machine() {
    machine=$(uname -m)
    case $machine in
        armv7* | armv8* | aarch64) ;;
        armv6*) fail "$name needs an ARMv7 processor; this one is ARMv6 ($machine)" ;;
        *) fail "$name is for 32-bit ARM (armv7l); this machine is $machine" ;;
    esac
    features=$(sed -n 's/^Features[[:space:]]*: */ /p' /proc/cpuinfo 2>/dev/null | head -n 1)
    case $features in
        '' | *' vfpv3'* | *' vfpv4'* | *' neon'* | *' asimd'*) ;;
        *) fail "$name needs a processor with VFPv3; this one has:$features" ;;
    esac
}

ask() {
    [ -z "$batch" ] && [ -t 0 ] || return 0
    say "$name $id"
    printf 'Install to %s? Enter, or another folder, or Ctrl-C: ' "$prefix"
    IFS= read -r answer || exit 1
    [ -z "$answer" ] || prefix=$answer
}

is_ours() { [ -L "$prefix/current" ] && [ -d "$prefix/releases" ]; }

choose_prefix() {
    if [ -z "$prefix" ]; then
        [ -n "${HOME-}" ] || fail "HOME is not set" "sh $this -p PREFIX"
        prefix=$HOME/$name
    fi
    ask
    case $prefix in
        *"$nl"* | *:*) fail "PREFIX must have neither a newline nor a colon in it" ;;
        /*) ;;
        *) prefix=$PWD/$prefix ;;
    esac
    while [ "$prefix" != / ] && [ "${prefix%/}" != "$prefix" ]; do
        prefix=${prefix%/}
    done
    if [ -e "$prefix" ] || [ -L "$prefix" ]; then
        [ -d "$prefix" ] || fail "$prefix exists, and is not a folder"
        if [ -n "$update" ]; then
            is_ours || fail "$prefix has nothing that could be updated" "-f replaces what is there"
        elif [ -z "$force" ] && [ -n "$(ls -A "$prefix")" ]; then
            fail "$prefix exists" "-u updates it, -f replaces what is there"
        fi
    fi
}

check_space() {
    free=$(df -Pk "${parent:-/}" 2>/dev/null | { read -r _ && read -r _ _ _ kb _ && echo "$kb"; })
    [ -z "$free" ] || [ "$free" -ge "$installed_kb" ] ||
        fail "$name needs $((installed_kb / 1024 + 1)) MB, and ${parent:-/} has $((free / 1024)) MB left"
}

make_folder() {
    parent=${prefix%/*}
    mkdir -p "${parent:-/}" 2>/dev/null || fail "cannot create ${parent:-/}"
    [ -w "${parent:-/}" ] || fail "${parent:-/} is not writable" "sh $this -p PREFIX"
    check_space
    clean_at_the_end
    clean_after_others "$parent/.${prefix##*/}." "$prefix"
    work=$parent/.${prefix##*/}.$$
    mkdir "$work" 2>/dev/null || { work=; fail "cannot create a folder in ${parent:-/}"; }
}

unpack() {
    # With a clock before the time that all files have, tar would warn of each of them.
    if [ "$(date +%s)" -lt 315532800 ]; then now=m; else now=; fi
    archive | gzip -dc | (cd "$work" && tar "-x${now}f" -) || fail "cannot unpack to $work"
    ! command -v sha256sum >/dev/null || check_release "$work/releases/$id" ||
        fail "what was unpacked is not what was packed: is the disk full, or damaged?"
    loader=$(find "$work/releases/$id/runtime" -name 'ld-linux-armhf.so.3' 2>/dev/null | head -n 1)
    if [ -n "$loader" ] && ! "$loader" --help >/dev/null 2>&1; then
        printf '#!/bin/sh\n' >"$work/try"
        chmod +x "$work/try"
        "$work/try" 2>/dev/null ||
            fail "programs cannot be started in ${parent:-/}: it is mounted with noexec" "sh $this -p PREFIX"
        fail "this machine does not start programs for 32-bit ARM"
    fi
}

# Beside the release in use, which its pisdk-env then goes over to, in one step, with what was added.
update_prefix() {
    take_lock "$prefix/.lock"
    if [ ! -d "$prefix/releases/$id" ]; then
        move "$work/releases/$id" "$prefix/releases/$id" || fail "cannot write to $prefix"
    elif ! check_release "$prefix/releases/$id"; then # damaged since
        mv "$prefix/releases/$id" "$work/damaged" || fail "cannot write to $prefix"
        move "$work/releases/$id" "$prefix/releases/$id" || fail "cannot write to $prefix"
    fi
    PISDK_ENV_LOCKED=yes sh "$prefix/releases/$id/bin/pisdk-env" use "$id" || {
        say "$prefix is as it was" >&2
        [ "$prefix/releases/$id" -ef "$prefix/current" ] || rm -rf "$prefix/releases/$id"
        exit 1
    }
    move "$work/uninstall" "$prefix/uninstall" || fail "cannot write to $prefix"
}

put_in_place() {
    sync
    if [ -e "$prefix" ] && is_ours; then
        update_prefix
    elif [ -e "$prefix" ]; then # -f, or an empty folder
        mv "$prefix" "$work.old" || fail "cannot replace $prefix"
        move "$work" "$prefix" || { mv "$work.old" "$prefix"; fail "cannot create $prefix"; }
        work=$work.old
    else
        move "$work" "$prefix" || fail "cannot create $prefix"
        work=''
    fi
    sync
}

add_to_path() {
    quoted=$(printf '%s' "$prefix" | sed "s/'/'\\\\''/g")
    line="PATH='$quoted/bin':\$PATH # pisdk: $name"
    grep -qxF "$line" "$HOME/.bashrc" 2>/dev/null || printf '%s\n' "$line" >>"$HOME/.bashrc" ||
        fail "cannot write $HOME/.bashrc"
}

install() {
    check_machine
    choose_prefix
    make_folder
    unpack
    put_in_place
    [ -z "$rc" ] || add_to_path
    say "$name $id is in $prefix"
    [ -n "$rc" ] || say "for this shell: PATH=\"$prefix/bin:\$PATH\""
}

# Beside the file, as \`pisdk bundle --sign\` makes them.
check_signatures() {
    if [ -e "$this.asc" ]; then
        command -v gpg >/dev/null || fail "there is no gpg here to check $this.asc with"
        said=$(gpg --batch --status-fd 1 --verify "$this.asc" "$this" 2>/dev/null) ||
            fail "$this.asc is not a signature of this file by a key that gpg knows" "gpg --verify '$this.asc' '$this'"
        who=$(say "$said" | sed -n 's/^\[GNUPG:\] GOODSIG [^ ]* //p')
        say "signed by ${who:-a key that gpg knows}"
    fi
    if [ -e "$this.sig" ]; then
        command -v ssh-keygen >/dev/null || fail "there is no ssh-keygen here to check $this.sig with"
        signers=${signers:-${HOME-}/.ssh/allowed_signers}
        [ -r "$signers" ] || fail "$this.sig cannot be checked: there is no $signers" "sh $this --check --signers FILE"
        who=$(ssh-keygen -Y find-principals -s "$this.sig" -f "$signers" 2>/dev/null | head -n 1)
        [ -n "$who" ] && ssh-keygen -q -Y verify -n file -f "$signers" -I "$who" -s "$this.sig" <"$this" >/dev/null 2>&1 ||
            fail "$this.sig is not a signature of this file by anyone in $signers"
        say "signed by $who"
    fi
}

unpack_only() {
    check_machine
    clean_at_the_end
    work=$place/unpacking
    mkdir "$work" || fail "cannot write to $place"
    parent=$place prefix=$place
    check_space
    unpack
    mv "$work/releases" "$place/releases" || fail "cannot write to $place"
}

main() {
    umask 022
    LC_ALL=C
    export LC_ALL
    read_options "$@"
    check_file
    case $what in
        check)
            say "$name $id: complete and undamaged"
            check_signatures
            ;;
        list) archive | gzip -dc | tar -tf - | sed -n "s|^releases/$id/\\(.*[^/]\\)\$|\\1|p" ;;
        unpack) unpack_only ;;
        install) install ;;
    esac
}

main "$@"; exit
