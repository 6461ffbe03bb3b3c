#!/bin/sh
# SPDX-License-Identifier: MIT
# Removes this folder, and the line in ~/.bashrc that the installer has added.
prefix=$(cd "$(dirname "$0")" && pwd -P) || exit
[ -L "$prefix/current" ] || { echo "error: $prefix is not an installed bundle" >&2; exit 1; }
if [ -n "${HOME-}" ] && grep -q "# pisdk: @NAME@\$" "$HOME/.bashrc" 2>/dev/null; then
    kept=$(grep -v "# pisdk: @NAME@\$" "$HOME/.bashrc")
    { [ -z "$kept" ] || printf '%s\n' "$kept"; } >"$HOME/.bashrc"
fi
cd / && rm -rf "$prefix"
