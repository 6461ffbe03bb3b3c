# SPDX-License-Identifier: MIT
# Completions of pisdk for fish; pisdk itself says what there is (cmd/pisdk/complete.c).
function __pisdk_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (pisdk __complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c pisdk -f -a '(__pisdk_complete)'
