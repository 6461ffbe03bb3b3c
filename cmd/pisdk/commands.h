// SPDX-License-Identifier: MIT
// What the parts of the table of commands share. Not for others than files called commands.c.
#ifndef PISDK_COMMANDS_H
#define PISDK_COMMANDS_H

#include "pisdk/app.h"

extern const struct command cluster_commands[], nodes_commands[], sysroot_commands[],
    trace_commands[];

#define OPTIONS(table) .options = (table), .n_options = ARRAY_SIZE(table)

// Of every command that needs packages.
#define MIRROR_OPTIONS                                                                             \
    {"mirror", 0, "URL", "a Debian mirror; may be repeated (default: PISDK_MIRROR, else apt's)"},  \
        {"offline", 0, NULL, "use only what is in the cache"},                                     \
    {                                                                                              \
        "timeout", 0, "SECONDS", "give up when the mirror sends nothing for so long (default 30)"  \
    }

// Of every command that is for one sysroot and one board.
#define TARGET_OPTIONS                                                                             \
    {"sysroot", 0, "NAME", "sysroot to use instead of the project's"},                             \
    {                                                                                              \
        "board", 'b', "BOARD",                                                                     \
            "board to use instead of the project's; auto: the weakest of its nodes"                \
    }

// Of every command that works with what `pisdk build` makes.
#define VARIANT_OPTIONS                                                                            \
    {"debug", 0, NULL, "build without optimisation, with debug information"},                      \
        {"release", 0, NULL, "build optimised (the default)"},                                     \
        {"sanitize", 0, "LIST", "build with run-time checks: undefined, address, or both"},        \
        {"coverage", 0, NULL, "build with coverage counters"},                                     \
    {                                                                                              \
        "lto", 0, NULL, "build with link-time optimisation"                                        \
    }

#define TO_OPTION                                                                                  \
    {                                                                                              \
        "to", 0, "WHERE", "nodes (the default), cluster, or cluster:NAME"                          \
    }

// Of every command that runs programs on emulated boards.
#define PURE_OPTION                                                                                \
    {                                                                                              \
        "pure", 0, NULL, "emulate shells and common commands as well"                              \
    }

#define RUNTIME_OPTION                                                                             \
    {                                                                                              \
        "with-runtime", 0, NULL, "deploy the sysroot's MPI and libraries as well"                  \
    }

// Of every command for boards.
#define NODES_OPTION                                                                               \
    {                                                                                              \
        "nodes", 0, "WHICH",                                                                       \
            "which boards: names of nodes or hosts, as pi1,pi[3-5],pi@10.0.0.7, or a FILE[:GROUP]" \
    }

// Of every command that connects to them.
#define SSH_CONFIG_OPTION                                                                          \
    {                                                                                              \
        "ssh-config", 0, "FILE", "ssh configuration to use instead of ~/.ssh/config"               \
    }

#endif
