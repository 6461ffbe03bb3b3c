// What the tables of commands have in common.
#ifndef PISDK_COMMANDS_H
#define PISDK_COMMANDS_H

#include "app.h"

#define OPTIONS(table) .options = (table), .n_options = ARRAY_SIZE(table)

// Of every command for boards.
#define NODES_OPTION                                                                               \
    {                                                                                              \
        "nodes", 0, "WHICH",                                                                       \
            "which boards: names of nodes or hosts, as pi1,pi[3-5],pi@10.0.0.7, or a FILE[:GROUP]" \
    }

// Of every command that connects to them.
#define SSH_CONFIG_OPTION                                                                          \
    {                                                                                              \
        "ssh-config", 0, "FILE", "settings for ssh to use instead of ~/.ssh/config"                \
    }

extern const struct command pisdk_nodes_commands[];

#endif
