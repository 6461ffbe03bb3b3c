// SPDX-License-Identifier: MIT
// The table of `pisdk cluster`.

#include "pisdk/commands.h"
#include "pisdk/watch.h"

#define CLUSTER_NAME                                                                               \
    {                                                                                              \
        "name", 0, "NAME", "cluster to use (default: the project's)"                               \
    }

static const struct option_spec cluster_up_options[] = {
    {"boards", 'n', "N", "number of boards (default 4, at most 1000)"},
    {"name", 0, "NAME", "name of the cluster (default: the project's name)"},
    {"rate", 0, "RATE", "speed of the links: 100mbit, 512kbit, none (default: the board's)"},
    {"show", 0, "DIR", "a desktop folder to show to the boards; may be repeated"},
    PURE_OPTION,
    TARGET_OPTIONS,
};

static const struct option_spec cluster_image_options[] = {
    {"sysroot", 0, "NAME", "sysroot to use instead of the project's"},
    {"refresh", 0, NULL, "use the newest packages"},
    MIRROR_OPTIONS,
};

static const struct option_spec cluster_options[] = {
    CLUSTER_NAME,
};

static const struct option_spec cluster_down_options[] = {
    CLUSTER_NAME,
    {"all", 0, NULL, "all clusters"},
};

static const struct option_spec cluster_ssh_config_options[] = {
    CLUSTER_NAME,
    {"path", 0, NULL, "print the path of the file instead"},
};

static const struct option_spec cluster_limit_options[] = {
    CLUSTER_NAME,
    {"rate", 0, "RATE", "speed of the link: 10mbit, 512kbit, none"},
};

static const struct option_spec cluster_slow_options[] = {
    CLUSTER_NAME,
    {"speed", 0, "PERCENT", "how much of the time its programs run (default 10)"},
};

// A fault of one board or several.
#define FAULT(word, what, function)                                                                \
    {                                                                                              \
        .name = (word), .summary = (what), .arguments = "BOARD…", OPTIONS(cluster_options),        \
        .min_args = 1, .max_args = -1, .needs = WANTS_PROJECT, .run = (function)                   \
    }

static const struct option_spec cluster_status_options[] = {
    WATCH_OPTION,
    CLUSTER_NAME,
};

const struct command cluster_commands[] = {
    {
        .name = "up",
        .summary = "Start a cluster of emulated boards",
        .arguments = "",
        .description = "Starts boards pi1, pi2, … with sshd on a network of their own, without "
                       "root. They share\n"
                       "the project's folder, as if from a file server; what they write elsewhere "
                       "is kept until\n"
                       "`down`. The first time, a board's packages are added to the sysroot's.",
        OPTIONS(cluster_up_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_up,
    },
    {
        .name = "down",
        .summary = "Stop a cluster and remove its boards",
        .arguments = "",
        OPTIONS(cluster_down_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_down,
    },
    {
        .name = "status",
        .summary = "List the boards: state, address, processes, memory",
        .arguments = "",
        OPTIONS(cluster_status_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_status,
    },
    {
        .name = "ssh",
        .summary = "Log in to a board, or run a command there",
        .arguments = "BOARD [COMMAND…]",
        OPTIONS(cluster_options),
        .passes_on = true,
        .min_args = 1,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_ssh,
    },
    {
        .name = "ssh-config",
        .summary = "Print the ssh configuration of the boards",
        .arguments = "",
        .description = "For ssh, scp, rsync, sftp, Ansible and editors: ssh -F \"$(pisdk cluster "
                       "ssh-config --path)\" pi1,\nor an Include line in ~/.ssh/config.",
        OPTIONS(cluster_ssh_config_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_ssh_config,
    },
    {
        .name = "forward",
        .summary = "Make a port of a board a port of this desktop",
        .arguments = "BOARD PORT[:BOARDS-PORT]",
        .description = "For editors that take a host and a port: 127.0.0.1:PORT is the board's "
                       "sshd, or another\n"
                       "port of it, until the board or the cluster is down.",
        OPTIONS(cluster_options),
        .min_args = 2,
        .max_args = 2,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_forward,
    },
    {
        .name = "logs",
        .summary = "Show what happened: faults, connections, what sshd said",
        .arguments = "[BOARD]",
        OPTIONS(cluster_options),
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_logs,
    },
    FAULT("kill", "Cut the power of boards", cmd_cluster_kill),
    FAULT("start", "Switch boards on again, with the files that they had", cmd_cluster_start),
    FAULT("cut", "Pull the network cable of boards", cmd_cluster_cut),
    FAULT("heal", "Undo cut, limit, fill and slow", cmd_cluster_heal),
    {
        .name = "limit",
        .summary = "Limit the speed of the boards' links",
        .arguments = "BOARD…",
        OPTIONS(cluster_limit_options),
        .min_args = 1,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_limit,
    },
    FAULT("fill", "Fill up the storage of boards", cmd_cluster_fill),
    {
        .name = "slow",
        .summary = "Slow down the programs of boards",
        .arguments = "BOARD…",
        OPTIONS(cluster_slow_options),
        .min_args = 1,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_slow,
    },
    {
        .name = "image",
        .summary = "Make the boards' image: the sysroot, and what else a board has",
        .arguments = "",
        .description = "`up` does this when there is none. Prints the path. In a project, its "
                       "packages are in\n"
                       "pisdk-cluster.lock: those of pisdk.lock, and more.",
        OPTIONS(cluster_image_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_image,
    },
    {
        .name = "connect",
        .summary = "Connect standard input and output to a board's port, for ssh",
        .arguments = "BOARD [PORT]",
        OPTIONS(cluster_options),
        .min_args = 1,
        .max_args = 2,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_connect,
    },
    {0},
};
