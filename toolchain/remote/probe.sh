# SPDX-License-Identifier: MIT
# What a board is and has: lines KEY VALUE, which cmd/lib/remote/facts.c reads. The desktop's pisdk
# sends this script to sh over ssh (see cmd/lib/remote/probe.c); nothing is left on the board.
#
# Its PATH is the one that every program started by ssh gets, so also what mpirun starts. Starting a
# program costs more than all else on a small board, so what the shell can do it does.

export LC_ALL=C
say() { printf '%s\n' "$*"; }

# The first line of a file of the kernel's, which may end without a newline.
say_file() { # KEY FILE
    [ -r "$2" ] || return 0
    line=
    IFS= read -r line <"$2"
    say "$1" "$line"
}

# The first of some programs that PATH has.
say_program() { # KEY PROGRAM…
    key=$1
    shift
    for program; do
        if command -v "$program" >/dev/null; then
            printf '%s ' "$key"
            command -v "$program"
            return
        fi
    done
    return 1
}

# --- The board and its system ----------------------------------------------------------------------

say_file model /sys/firmware/devicetree/base/model
say_file hostname /proc/sys/kernel/hostname
say_file boot /proc/sys/kernel/random/boot_id
say_file host-key /etc/ssh/ssh_host_ed25519_key.pub
say kernel "$(uname -rm)"
say user "${LOGNAME:-$USER}"
say home "$HOME"
say shell "$SHELL"

if [ -r /etc/os-release ]; then
    while IFS='=' read -r key value; do
        value=${value#\"} value=${value%\"}
        case $key in
        VERSION_CODENAME) say release "$value" ;;
        VERSION_ID) say version "$value" ;;
        PRETTY_NAME) say system "$value" ;;
        esac
    done </etc/os-release
fi

# A 32-bit system with a 64-bit kernel calls itself aarch64; its programs say what it is.
arch=
if command -v dpkg >/dev/null && arch=$(dpkg --print-architecture); then
    say arch "$arch"
else
    # Not the shell's: an emulated board may have that of the desktop.
    say elf "$(od -An -v -tx1 -N40 "$(command -v uname)" | while read -r line; do printf '%s ' "$line"; done)"
    say bits "$(getconf LONG_BIT)"
fi
say libc "$(getconf GNU_LIBC_VERSION)"
case $arch in
armhf) triplet=arm-linux-gnueabihf ;;
arm64) triplet=aarch64-linux-gnu ;;
*) triplet='*-linux-gnu*' ;;
esac
for f in /usr/local/lib/libstdc++.so.6.0.*[0-9] /usr/lib/$triplet/libstdc++.so.6.0.*[0-9]; do
    [ ! -e "$f" ] || say libstdc++ "$f"
done
for f in /usr/local/lib/libgfortran.so.[0-9] /usr/lib/$triplet/libgfortran.so.[0-9]; do
    [ ! -e "$f" ] || say libgfortran "$f"
done
# Packages whose name says that their time_t has 64 bits.
for f in /var/lib/dpkg/info/lib*t64*.list; do
    [ ! -e "$f" ] || say t64 yes
    break
done

cores=0
while read -r key _; do
    [ "$key" != processor ] || cores=$((cores + 1))
done </proc/cpuinfo
say cores "$cores"
read -r _ kilobytes _ </proc/meminfo
say memory "$kilobytes"
kilobytes=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo 2>/dev/null)
say available "${kilobytes:-0}"
read -r load rest </proc/loadavg 2>/dev/null && say load "$load"
read -r temperature </sys/class/thermal/thermal_zone0/temp 2>/dev/null && say temperature "$temperature"

# --- MPI -------------------------------------------------------------------------------------------

bin=
if say_program mpirun mpirun mpiexec; then
    mpirun=$(command -v "$program")
    place=$(readlink -f "$mpirun")
    bin=${place%/*}
    say mpi-place "$place"
    timeout 20 "$mpirun" --version </dev/null 2>&1 | {
        n=0
        while [ $n -lt 4 ] && IFS= read -r line; do
            say mpi-says "$line"
            n=$((n + 1))
        done
    }
fi
# What starts the ranks of the other boards is started by ssh, with this PATH.
for program in mpirun orted prted hydra_pmi_proxy; do
    say_program daemon "$program" || for dir in ${bin:+"$bin"} /usr/bin /usr/local/bin /opt/*/bin \
        /usr/local/*/bin "$HOME"/*/bin "$HOME"/.local/bin; do
        [ ! -x "$dir/$program" ] || say elsewhere "$dir/$program"
    done
done

# --- The home --------------------------------------------------------------------------------------

test=$HOME/.pisdk-probe.$$
if said=$({ echo x >"$test"; } 2>&1); then
    say write ok
else
    say write "${said##*: }"
fi
[ ! -e "$test" ] || rm -f "$test"
say space "$(stat -f -c '%a %S %T' "$HOME")"
say_program rsync rsync
for f in "$HOME/.ssh/id_ed25519" "$HOME/.ssh/id_ecdsa" "$HOME/.ssh/id_rsa"; do
    [ ! -r "$f" ] || say key "$f"
done

# --- The network, and the time ---------------------------------------------------------------------

PATH=$PATH:/usr/sbin:/sbin
if command -v ip >/dev/null; then
    ip -o addr | while read -r _ interface _ address _; do
        say address "$interface" "$address"
    done
else
    for address in $(hostname -I); do
        say address - "$address"
    done
fi

# The desktop answers at once, so the time is that of the middle between its answer and ours.
say ready
read -r _
say time "$(date +%s.%N)"
say end
