# SPDX-License-Identifier: MIT
# What a board has of what programs need (see cmd/lib/deploy/abi.h): a part of deploy.sh.
#
# Each line of the answer begins with the kind of what follows. Libraries are looked for as the
# loader does, in its cache and its own folders; of those, only the ones for hard float.

say() { printf ':answer %s\n' "$*"; }

# The libraries in the loader's cache whose names are those wanted but for the number at the end.
in_cache() {
    for ldconfig in ldconfig /sbin/ldconfig /usr/sbin/ldconfig; do
        ! command -v $ldconfig >/dev/null || break
    done
    stems=' '
    for name in $wanted; do
        stems="$stems${name%%.so*} "
    done
    $ldconfig -p 2>/dev/null | while read -r name kind; do
        case $stems in *" ${name%%.so*} "*) ;; *) continue ;; esac
        case $kind in *hard-float*) echo "$name ${kind##* => }" ;; esac
    done
}

libraries() {
    found=$(in_cache)
    files=
    for name in $wanted; do
        case $nl$found in *"$nl$name /"*) continue ;; esac
        for folder in /lib/arm-linux-gnueabihf /usr/lib/arm-linux-gnueabihf /lib /usr/lib; do
            if [ -e "$folder/$name" ]; then
                found="$found$nl$name $folder/$name"
                break
            fi
        done
    done
    while read -r name file; do
        [ "$name" ] || continue
        say library "$name" "$file"
        case $wanted in *" $name "*) ;; *) continue ;; esac
        case $files in *" $file "*) ;; *) files="$files $file " ;; esac
    done <<END
$found
END
    # shellcheck disable=SC2086 # paths without spaces
    [ -z "$files" ] || [ -z "$versions" ] ||
        grep -aHzxE -e "$versions" $files | tr '\0' '\n' | sed 's/^/:answer version /'
}

system() {
    ID='' VERSION_ID='' VERSION_CODENAME=''
    # shellcheck disable=SC1091
    [ ! -r /etc/os-release ] || . /etc/os-release
    say system "${ID:--}" "${VERSION_ID:--}" "${VERSION_CODENAME:--}"
    # shellcheck disable=SC2046 # bytes: class, order of bytes, …, type, machine
    say shell $(od -An -tu1 -j4 -N16 /bin/sh)
    for file in $interpreters; do
        [ ! -x "$file" ] || say interpreter "$file"
    done
    bits=-
    for list in /var/lib/dpkg/info/*t64:armhf.list /var/lib/dpkg/info/*t64.list; do
        [ ! -e "$list" ] || bits=64
    done
    [ "$bits" = 64 ] || [ ! -e /var/lib/dpkg/info/libc6:armhf.list ] || bits=32
    say time "$bits"
}

processor() {
    while IFS=: read -r key value; do
        # shellcheck disable=SC2086 # words
        case $key in
            Features*) say features $value ;;
            'CPU implementer'*) say implementer $value ;;
            'CPU architecture'*) say architecture $value ;;
            'CPU part'*) say part $value ;;
            'processor'*) [ "${value# }" = 0 ] || break ;;
        esac
    done </proc/cpuinfo
}

# Which Pythons there are, and the numpy that the wanted one finds first.
python() { # VERSION
    for file in /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9]; do
        [ ! -x "$file" ] || say python "${file##*/python}"
    done
    for file in "$HOME/.local/lib/python$1"/site-packages/numpy-[0-9]*.*-info \
        "/usr/local/lib/python$1"/dist-packages/numpy-[0-9]*.*-info \
        /usr/lib/python3/dist-packages/numpy-[0-9]*.*-info; do
        if [ -e "$file" ]; then
            file=${file##*/numpy-}
            say numpy "${file%.*}"
            break
        fi
    done
}

# LIBRARIES INTERPRETERS VERSIONS PYTHON, encoded: ' libc.so.6 libm.so.6 '
# '/lib/ld-linux-armhf.so.3' '(GLIBC|GLIBCXX)_.*' '3.11'
abi() {
    wanted=$(decode "$1") interpreters=$(decode "$2") versions=$(decode "$3") python=$(decode "$4")
    system
    processor
    libraries
    [ -z "$python" ] || python "$python"
    say end
    echo ":answered"
}
