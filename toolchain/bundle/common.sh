# SPDX-License-Identifier: MIT
say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2-}" ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

# Where mv cannot be kept from moving INTO a folder, or a link to one, nothing better is there.
move() {
    if mv --help 2>&1 | grep -q -e ' -T' -e '-[a-zA-Z]*T'; then mv -T "$1" "$2"; else mv "$1" "$2"; fi
}

# A lock is a link to the name of who holds it; one whose process is gone is taken away.
take_lock() {
    n=0 host=$(uname -n)
    until ln -s "$$@$host" "$1" 2>/dev/null; do
        [ -w "${1%/*}" ] || fail "${1%/*} is not writable"
        holder=$(readlink "$1") || holder=
        if [ "${holder#*@}" = "$host" ] && ! kill -0 "${holder%%@*}" 2>/dev/null; then
            mv "$1" "$1.$$" 2>/dev/null && [ "$(readlink "$1.$$")" != "$holder" ] && mv "$1.$$" "$1"
            rm -f "$1.$$"
            continue
        fi
        n=$((n + 1))
        [ "$n" -le 30 ] || fail "another installer works on ${1%/*}: process $holder" "when it does not: rm '$1'"
        sleep 1
    done
    lock=$1
}

# Whatever ends it, nothing is left half done. It says so even where the shell was told otherwise.
# shellcheck disable=SC2317
clean() {
    [ -z "$work" ] || rm -rf "$work"
    [ -z "$lock" ] || rm -f "$lock"
}
clean_at_the_end() {
    work='' lock=''
    trap clean EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# The folders named BEFORE and a number that processes have left which are gone.
clean_after_others() {
    for left in "$1"[0-9]*; do
        number=${left#"$1"}
        case ${number%.old} in '' | *[!0-9]*) continue ;; esac
        [ -d "$left" ] && ! kill -0 "${number%.old}" 2>/dev/null || continue
        if [ "$left" != "${left%.old}" ] && [ ! -e "$2" ]; then mv "$left" "$2"; else rm -rf "$left"; fi
    done
}

check_release() { (cd "$1" && grep -v '^#' .pisdk | sha256sum -c >/dev/null 2>&1); }
