// The table of `pisdk nodes`.

#include "commands.h"

static const struct option_spec nodes_list_options[] = {
    NODES_OPTION,
};

static const struct option_spec nodes_add_options[] = {
    {"slots", 0, "N", "how many ranks each takes"},
    {"board", 'b', "BOARD", "which board they are"},
    {"name", 0, "NAME", "what it is called (default: as the host)"},
};

const struct command nodes_commands[] = {
    {
        .name = "add",
        .summary = "Add boards to the project",
        .arguments = "HOST…",
        .description =
            "HOST is what ssh understands, [USER@]HOST, and may be many: pi@10.0.0.[11-14]. "
            "Writes\n"
            "[node NAME] into pisdk.ini; what else is in it stays as it is.",
        OPTIONS(nodes_add_options),
        .min_args = 1,
        .max_args = -1,
        .needs = NEEDS_PROJECT,
        .run = cmd_nodes_add,
    },
    {
        .name = "remove",
        .summary = "Remove boards from the project",
        .arguments = "NAME…",
        .min_args = 1,
        .max_args = -1,
        .needs = NEEDS_PROJECT,
        .run = cmd_nodes_remove,
    },
    {
        .name = "list",
        .summary = "List the boards of the project",
        .arguments = "",
        OPTIONS(nodes_list_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_nodes_list,
    },
    {0},
};
