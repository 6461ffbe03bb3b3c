// The table of `pisdk nodes`.

#include "commands.h"

static const struct option_spec nodes_list_options[] = {
    NODES_OPTION,
};

static const struct option_spec nodes_probe_options[] = {
    NODES_OPTION,
    TO_OPTION,
    SSH_CONFIG_OPTION,
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
    {
        .name = "probe",
        .summary = "Ask boards what they are and have",
        .arguments = "",
        .description = "Asks all at once, by ssh; nothing is installed on them, and nothing is "
                       "left. Ends with\nstatus 5 when one does not answer.",
        OPTIONS(nodes_probe_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_nodes_probe,
    },
    {
        .name = "doctor",
        .summary = "Say what is wrong with boards, and what mends it",
        .arguments = "",
        .description = "Asks them as `nodes probe` does. Ends with status 5 when something is "
                       "wrong; notes are\nworth knowing only.",
        OPTIONS(nodes_probe_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_nodes_doctor,
    },
    {0},
};
