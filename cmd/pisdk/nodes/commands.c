// SPDX-License-Identifier: MIT
// The table of `pisdk nodes`.

#include "pisdk/commands.h"
#include "pisdk/watch.h"

static const struct option_spec nodes_list_options[] = {
    NODES_OPTION,
};

static const struct option_spec nodes_probe_options[] = {
    NODES_OPTION,
    TO_OPTION,
    SSH_CONFIG_OPTION,
};

static const struct option_spec nodes_status_options[] = {
    WATCH_OPTION,
    NODES_OPTION,
    TO_OPTION,
    SSH_CONFIG_OPTION,
};

static const struct option_spec nodes_add_options[] = {
    {"slots", 0, "N", "number of ranks per board"},
    {"board", 'b', "BOARD", "type of board: see `pisdk boards`"},
    {"name", 0, "NAME", "name of the node (default: the host)"},
};

static const struct option_spec nodes_calibrate_options[] = {
    NODES_OPTION, TO_OPTION, SSH_CONFIG_OPTION, RUNTIME_OPTION, TARGET_OPTIONS,
};

const struct command nodes_commands[] = {
    {
        .name = "add",
        .summary = "Add boards to the project",
        .arguments = "HOST…",
        .description =
            "HOST is [USER@]HOST, as for ssh, or a range of hosts: pi@10.0.0.[11-14]. Adds\n"
            "[node NAME] to pisdk.ini and leaves the rest of the file as it is.",
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
        .name = "discover",
        .summary = "Find boards on the local network",
        .arguments = "",
        .description = "Those that announce themselves by mDNS, as Raspberry Pi OS and Avahi do, "
                       "and those with a\nnetwork card of Raspberry Pi's that this desktop has "
                       "talked to.",
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_nodes_discover,
    },
    {
        .name = "probe",
        .summary = "Show what boards are and what they have",
        .arguments = "",
        .description = "Asks all boards in parallel over ssh; installs nothing there and leaves "
                       "nothing behind.\n"
                       "Exits with status 5 if one does not answer.",
        OPTIONS(nodes_probe_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_nodes_probe,
    },
    {
        .name = "status",
        .summary = "Show which boards are up, and their load, memory and temperature",
        .arguments = "",
        OPTIONS(nodes_status_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_nodes_status,
    },
    {
        .name = "calibrate",
        .summary = "Measure how fast boards compute and talk to each other",
        .arguments = "",
        .description = "For `pisdk predict`: runs a program of MPI on all of them for some "
                       "seconds, and writes what it\nmeasures to pisdk.calibration, beside "
                       "pisdk.ini.",
        OPTIONS(nodes_calibrate_options),
        .max_args = 0,
        .needs = NEEDS_PROJECT,
        .run = cmd_nodes_calibrate,
    },
    {
        .name = "doctor",
        .summary = "Find problems with boards, and how to fix them",
        .arguments = "",
        .description = "Asks them as `nodes probe` does. Exits with status 5 if it finds a "
                       "problem; notes are\n"
                       "for information only.",
        OPTIONS(nodes_probe_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_nodes_doctor,
    },
    {0},
};
