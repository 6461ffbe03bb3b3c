#!/bin/sh
# SPDX-License-Identifier: MIT
# Adds bundles and wheels to the folder that this one is installed in, and takes them away again.
#
# PREFIX/releases/ID is the bundle that was installed, and ID-N what was made of it: all files of its
# parts, each once, and for each part what is in it, in .parts/NAME, in the form of .pisdk. One is made
# beside the other, of the same files where they are the same, and current leads to it in one step;
# previous leads to the one before. Where two parts have the same file, it stays until both are gone.
set -u
umask 022
LC_ALL=C
export LC_ALL

usage() {
    cat <<END
Usage: pisdk-env add FILE...     install bundles (.sh) and Python wheels (.whl) into $prefix
       pisdk-env list            what is in it
       pisdk-env remove NAME...  take it away
       pisdk-env rollback        back to how it was before the last change
END
}

@COMMON@
find_prefix() {
    me=$(readlink -f "$0") || exit
    prefix=${me%/releases/*}
    [ "$prefix" != "$me" ] && [ -L "$prefix/current" ] && [ -e "$prefix/uninstall" ] || fail "$me is not in an installed bundle"
    base=${me#"$prefix/releases/"}
    base=${base%%/*}
    base=${base%%-*} # of the bundle that brought this script
}

begin() {
    [ -w "$prefix" ] || fail "$prefix is not writable"
    clean_at_the_end
    [ -n "${PISDK_ENV_LOCKED-}" ] || take_lock "$prefix/.lock"
    clean_after_others "$prefix/.work." "$prefix/nothing"
    work=$prefix/.work.$$
    mkdir "$work" || fail "cannot write to $prefix"
    current=$(readlink -f "$prefix/current")
}

# The next state is made in $work/next: of this release, with hard links where they are possible.
start_from() {
    cp -al "$1" "$work/next" 2>/dev/null || { rm -rf "$work/next"; cp -a "$1" "$work/next"; } ||
        fail "cannot copy $1: is the disk full?"
    if [ ! -d "$work/next/.parts" ]; then
        mkdir "$work/next/.parts"
        cp "$1/.pisdk" "$work/next/.parts/$2" # a copy: no two releases have it
    fi
}

entries() { sed -n -e '/^[^#]/p' -e '/^# l /p' "$@"; }
files() { sed -n 's/^[0-9a-f]\{64\}  \.\///p' "$@"; }
links() { sed -n 's/^# l [0-7]* \([^ ]*\) [^ ]*$/\1/p' "$@"; }
folders() { sed -n 's/^# d [0-7]* \([^ ]*\) $/\1/p' "$@"; }
remove_listed() { (cd "$1" && tr '\n' '\0' | xargs -0 rm -f); }

# What Python has made of the files that are listed, in FOLDER.
compiled() {
    while IFS= read -r file; do
        case $file in */*.py) ;; *) continue ;; esac
        stem=${file##*/}
        for made in "$1/${file%/*}/__pycache__/${stem%.py}".*.pyc; do
            [ ! -e "$made" ] || say "${made#"$1/"}"
        done
    done
}

write_manifest() {
    rm -f "$work/next/.pisdk"
    sort -u "$work"/next/.parts/* | sed '/^# a release/d' >"$work/manifest" &&
        mv "$work/manifest" "$work/next/.pisdk" || fail "cannot write to $prefix: is the disk full?"
}

# merge TREE NAME ID KIND: the files of TREE, which has a .pisdk, become a part.
merge() {
    tree=$1 part=$work/part
    { say "# part $2 $3 $4"; sed -e '/^# part /d' -e '/  \.\/bin\/pisdk-env$/d' -e '/  \.\/share\/pisdk-wheel\.py$/d' "$tree/.pisdk"; } >"$part"
    rm -f "$tree/.pisdk" "$tree/bin/pisdk-env" "$tree/share/pisdk-wheel.py"
    write_manifest
    entries "$part" | sort -u >"$work/new"
    entries "$work/next/.pisdk" | sort -u >"$work/old"
    sort -u "$work/new" "$work/old" >"$work/both"
    { files "$work/both"; links "$work/both"; } | sort | uniq -d >"$work/conflicts"
    if [ -s "$work/conflicts" ]; then
        file=$(head -n 1 "$work/conflicts")
        fail "$2 and what is in $prefix have another $file each" "bundles fit together that are made of the same sysroot"
    fi
    sort "$work/new" "$work/old" | uniq -d >"$work/shared"
    { files "$work/shared"; links "$work/shared"; } | remove_listed "$tree"
    (cd "$tree" && tar -cf - .) | (cd "$work/next" && tar -xf -) ||
        fail "cannot write to $prefix: is the disk full?"
    rm -rf "$tree"
    mv "$part" "$work/next/.parts/$2"
}

take_away() { # NAME
    gone=$work/next/.parts/$1
    mv "$gone" "$work/gone"
    entries "$work/gone" | sort -u >"$work/new"
    entries "$work"/next/.parts/* | sort -u >"$work/old"
    sort "$work/new" "$work/old" "$work/old" | uniq -u >"$work/own"
    { files "$work/own"; links "$work/own"; } | remove_listed "$work/next"
    files "$work/own" | compiled "$work/next" | remove_listed "$work/next"
    folders "$work/gone" | sort -r | while IFS= read -r folder; do
        rmdir "$work/next/$folder/__pycache__" "$work/next/$folder" 2>/dev/null
    done
}

# put_in_place BASE: the next state becomes the current one, and what was before it goes.
put_in_place() {
    write_manifest
    n=1
    while [ -e "$prefix/releases/$1-$n" ]; do n=$((n + 1)); done
    sync
    mv "$work/next" "$prefix/releases/$1-$n" || fail "cannot write to $prefix"
    switch "$1-$n"
}

switch() { # ID
    before=$(readlink "$prefix/current")
    if [ "$before" != "releases/$1" ]; then
        ln -s "$before" "$work/previous" && move "$work/previous" "$prefix/previous" || fail "cannot write to $prefix"
        ln -s "releases/$1" "$work/current" && move "$work/current" "$prefix/current" || fail "cannot write to $prefix"
    fi
    for old in "$prefix"/releases/*; do # the one before stays, for programs that still run
        [ "$old" -ef "$prefix/current" ] || [ "$old" -ef "$prefix/previous" ] || rm -rf "$old"
    done
    sync
}

add() {
    [ $# -gt 0 ] || fail "add what?" "pisdk-env add FILE"
    begin
    start_from "$current" "$name"
    for file; do
        [ -r "$file" ] || fail "cannot read $file"
        case $file in
            *.whl) add_wheel "$file" ;;
            *) add_bundle "$file" ;;
        esac
    done
    put_in_place "$base"
}

check_part() { # NAME ID
    case $1 in '' | *[!A-Za-z0-9._-]* | .*) fail "$file has no name" ;; esac
    [ "$1" != "$name" ] || fail "$1 is what $prefix was made with" "sh '$file' -u -p '$prefix' updates it"
    [ ! -e "$work/next/.parts/$1" ] || take_away "$1"
}

add_bundle() {
    added=$(sed -n "2,12s/^name='\\(.*\\)' id=.*/\\1/p" "$1")
    id=$(sed -n "2,12s/^name='.*' id=//p" "$1")
    [ -n "$id" ] || fail "$1 is neither a bundle nor a wheel"
    rm -rf "$work/unpacked"
    mkdir "$work/unpacked"
    sh "$1" --unpack "$work/unpacked" || exit 1
    check_part "$added"
    merge "$work/unpacked/releases/$id" "$added" "$id" bundle
    say "added $added $id"
}

add_wheel() {
    python=$work/next/runtime/bin/python3
    [ -x "$python" ] || fail "$1 is for Python, which $prefix does not have"
    rm -rf "$work/unpacked"
    mkdir "$work/unpacked"
    described=$("$python" "$work/next/share/pisdk-wheel.py" "$1" "$work/unpacked") || exit 1
    check_part "${described%% *}"
    merge "$work/unpacked" "${described%% *}" "${described#* }" wheel
    say "added $described"
}

list() {
    say "$name $base bundle"
    [ ! -d "$prefix/current/.parts" ] || sed -n 's/^# part //p' "$prefix"/current/.parts/*
}

remove() {
    [ $# -gt 0 ] || fail "remove what?" "pisdk-env list"
    begin
    start_from "$current" "$name"
    for part; do
        [ "$part" != "$name" ] || fail "$part is what $prefix was made with" "$prefix/uninstall removes all of it"
        case $part in */* | .*) ;; *) [ ! -f "$work/next/.parts/$part" ] || { take_away "$part"; continue; } ;; esac
        fail "there is no $part in $prefix" "pisdk-env list"
    done
    put_in_place "$base"
}

rollback() {
    begin
    before=$(readlink "$prefix/previous") && [ -d "$prefix/$before" ] || fail "$prefix has no state before this one"
    switch "${before#releases/}"
}

# What the installer calls for a new release of the bundle: what was added goes along.
use() { # ID
    begin
    if [ -d "$current/.parts" ] && [ "${current##*/}" != "$1" ]; then
        start_from "$prefix/releases/$1" "$name"
        for part in "$current"/.parts/*; do
            head=$(sed -n 's/^# part //p' "$part")
            [ -n "$head" ] || continue
            mkdir "$work/carried"
            { files "$part"; links "$part"; } >"$work/paths"
            (cd "$current" && tar -cf - -T "$work/paths") | (cd "$work/carried" && tar -xf -) || fail "cannot write to $prefix"
            cp "$part" "$work/carried/.pisdk"
            # shellcheck disable=SC2086
            merge "$work/carried" $head
        done
        put_in_place "$1"
    else
        switch "$1"
    fi
}

main() {
    find_prefix
    name='@NAME@'
    command=${1-}
    [ $# = 0 ] || shift
    case $command in
        add | list | remove | rollback | use) "$command" "$@" ;;
        '' | -h | --help | help) usage ;;
        *) fail "unknown command $command" "pisdk-env help" ;;
    esac
}

main "$@"; exit
