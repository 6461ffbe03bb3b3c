# SPDX-License-Identifier: MIT
# What a board says of itself for `sysroot import` (see cmd/lib/sysroot/board_import.c): without
# arguments, its architecture, its system, libraries and headers that people and vendors installed by
# hand, and its packages; else the files of these packages.
#
#   $@ PACKAGE:ARCHITECTURE
#
# A line "=== pisdk NAME" begins each answer; the last one is there when all of it came.

mark() { echo "=== pisdk $1"; }

for package in "$@"; do
    mark "${package%:*}"
    cat "/var/lib/dpkg/info/${package%:*}.list" 2>/dev/null || cat "/var/lib/dpkg/info/$package.list"
done
if [ $# = 0 ]; then
    mark arch
    dpkg --print-architecture
    mark os
    cat /etc/os-release
    mark local
    find /usr/local/include /usr/local/lib /opt/vc \( -type f -o -type l \) \( -name '*.h' \
        -o -name '*.hpp' -o -name '*.so' -o -name '*.so.*' -o -name '*.a' -o -name '*.pc' \) 2>/dev/null
    mark status
    cat /var/lib/dpkg/status
    echo
fi
mark end
