# SPDX-License-Identifier: MIT
# Completions of pisdk for bash; pisdk itself says what there is (cmd/pisdk/complete.c).
_pisdk() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ "$line" = :files ]; then
            compopt -o default
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <(pisdk __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _pisdk pisdk
