// The table of all commands: what `pisdk help`, the parser and the test of the manual go by.

#include "commands.h"

const struct option_spec pisdk_global_options[] = {
    {"help", 'h', NULL, "show help"},
    {"directory", 'C', "DIR", "work as if started in DIR"},
    {"verbose", 'v', NULL, "say more of what is done"},
    {"quiet", 'q', NULL, "say nothing but results, warnings and errors"},
    {"json", 0, NULL, "print listings as JSON"},
    {"color", 0, "WHEN", "colour messages: auto, always, never"},
    {"no-progress", 0, NULL, "show no progress bar"},
    {"version", 0, NULL, "show the version of pisdk"},
};
const size_t pisdk_n_global_options = ARRAY_SIZE(pisdk_global_options);

// Of every command that needs packages.
#define MIRROR_OPTIONS                                                                             \
    {"mirror", 0, "URL",                                                                           \
     "a Debian mirror; may be given again (default: PISDK_MIRROR, else apt's)"},                   \
        {"offline", 0, NULL, "use only what is in the cache"},                                     \
    {                                                                                              \
        "timeout", 0, "SECONDS", "give up when the mirror sends nothing for so long (default 30)"  \
    }

static const struct option_spec sysroot_build_options[] = {
    {"mpi", 0, "FLAVOUR", "which MPI: openmpi, openmpi-source or mpich, where the release has it"},
    {"refresh", 0, NULL, "ask the mirror for newer packages; rebuild when there are any"},
    MIRROR_OPTIONS,
};

static const struct option_spec sysroot_change_options[] = {
    {"dry-run", 0, NULL, "show what would change, and change nothing"},
    MIRROR_OPTIONS,
};

static const struct option_spec sysroot_import_options[] = {
    MIRROR_OPTIONS,
};

static const struct option_spec sysroot_gc_options[] = {
    {"all", 0, NULL, "all downloads, also those of sysroots that stay"},
    {"dry-run", 0, NULL, "only say what would be removed"},
};

static const struct option_spec sysroot_path_options[] = {
    {"toolchain", 0, NULL, "print the CMake toolchain file instead"},
};

static const struct command sysroot_commands[] = {
    {
        .name = "build",
        .summary = "Make a sysroot from signed Debian packages",
        .arguments = "[RELEASE | FILE.ini | FILE.tar.zst]",
        .description =
            "In a project, without a word more, makes just the sysroot of its pisdk.lock. "
            "Elsewhere\n"
            "RELEASE is bookworm when it is not given. Signatures, sizes and hashes are checked;\n"
            "downloads are kept in the cache. A sysroot that is already there is left as it is\n"
            "unless its recipe changed, or --refresh finds newer packages.",
        OPTIONS(sysroot_build_options),
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_sysroot_build,
    },
    {
        .name = "add",
        .summary = "Add packages to the project's sysroot",
        .arguments = "PACKAGE…",
        .description = "With all that they need; other packages stay as they are. Writes "
                       "pisdk.lock. Sysroots\n"
                       "of other projects are not touched.",
        OPTIONS(sysroot_change_options),
        .min_args = 1,
        .max_args = -1,
        .needs = NEEDS_PROJECT,
        .run = cmd_sysroot_add,
    },
    {
        .name = "update",
        .summary = "Take the newest packages for the project's sysroot",
        .arguments = "",
        .description = "Shows what changes, then makes the sysroot and writes pisdk.lock.",
        OPTIONS(sysroot_change_options),
        .max_args = 0,
        .needs = NEEDS_PROJECT,
        .run = cmd_sysroot_update,
    },
    {
        .name = "verify",
        .summary = "Check that a sysroot is as it was made",
        .arguments = "[NAME]",
        .description = "Reads every file, and names each that was changed, added or is missing.",
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_sysroot_verify,
    },
    {
        .name = "list",
        .summary = "List the sysroots on this machine",
        .arguments = "",
        .run = cmd_sysroot_list,
    },
    {
        .name = "show",
        .summary = "Show the packages in a sysroot",
        .arguments = "[NAME]",
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_sysroot_show,
    },
    {
        .name = "path",
        .summary = "Print where a sysroot is",
        .arguments = "[NAME]",
        OPTIONS(sysroot_path_options),
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_sysroot_path,
    },
    {
        .name = "remove",
        .summary = "Remove a sysroot; its downloads stay in the cache",
        .arguments = "NAME",
        .min_args = 1,
        .max_args = 1,
        .run = cmd_sysroot_remove,
    },
    {
        .name = "import",
        .summary = "Make a sysroot like a live board, over ssh",
        .arguments = "[USER@]HOST [NAME]",
        .description =
            "The same versions as are installed there: from the mirror where it has them; "
            "libraries\n"
            "and headers that no mirror has are copied with rsync. The sysroot is called NAME, or\n"
            "after the host. Nothing is changed on the board.",
        OPTIONS(sysroot_import_options),
        .min_args = 1,
        .max_args = 2,
        .run = cmd_sysroot_import,
    },
    {
        .name = "export",
        .summary = "Write a sysroot to a file that works without pisdk",
        .arguments = "FILE.tar.zst [NAME]",
        .description = "With the CMake toolchain file and compiler scripts: Clang, lld and CMake "
                       "are enough to\n"
                       "use it. `pisdk sysroot build FILE.tar.zst` reads it back.",
        .min_args = 1,
        .max_args = 2,
        .needs = WANTS_PROJECT,
        .run = cmd_sysroot_export,
    },
    {
        .name = "sbom",
        .summary = "Print the software bill of materials of a sysroot (SPDX 2.3)",
        .arguments = "[NAME]",
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_sysroot_sbom,
    },
    {
        .name = "gc",
        .summary = "Remove what no sysroot needs any more",
        .arguments = "",
        .description = "Sysroots whose projects are gone or have another pisdk.lock now, unpacked "
                       "packages that\n"
                       "no sysroot has, and downloads that none was made from.",
        OPTIONS(sysroot_gc_options),
        .max_args = 0,
        .run = cmd_sysroot_gc,
    },
    {0},
};

static const struct option_spec new_options[] = {
    {"template", 't', "WHICH",
     "what to start from: a name of --list, a folder, or an URL for git (default: mpi-c)"},
    {"sysroot", 0, "NAME", "the sysroot it is built for (default: bookworm)"},
    {"board", 'b', "BOARD", "the board it is built for (default: armv7)"},
    {"list", 0, NULL, "list the templates"},
};

// Of every command that is for one sysroot and one board.
#define TARGET_OPTIONS                                                                             \
    {"sysroot", 0, "NAME", "another sysroot than the project's"},                                  \
    {                                                                                              \
        "board", 'b', "BOARD", "another board than the project's; auto: the weakest of its nodes"  \
    }

// Of every command that works with what `pisdk build` makes.
#define VARIANT_OPTIONS                                                                            \
    {"debug", 0, NULL, "without optimisation, with debug information"},                            \
        {"release", 0, NULL, "optimised (the default)"},                                           \
        {"sanitize", 0, "LIST", "with run-time checks: undefined, address, or both"},              \
        {"coverage", 0, NULL, "with counters of what is executed"},                                \
    {                                                                                              \
        "lto", 0, NULL, "with optimisation across files at link time"                              \
    }

static const struct option_spec build_options[] = {
    VARIANT_OPTIONS,
    {"jobs", 'j', "N", "how many compilers run at once (default: one a core)"},
    {"clean", 0, NULL, "start from an empty build folder"},
    {"no-ccache", 0, NULL, "without the compiler cache, which is used where it is installed"},
    TARGET_OPTIONS,
};

#define ON_OPTION                                                                                  \
    {                                                                                              \
        "on", 0, "WHERE",                                                                          \
            "emulator (the default: one board), cluster, or cluster:NAME, which is up"             \
    }

static const struct option_spec run_options[] = {
    ON_OPTION,
    {"ranks", 'n', "N", "start N MPI ranks with mpirun"},
    {"timeout", 0, "SECONDS", "end everything after so long, with status 124"},
    {"memory", 0, "SIZE",
     "what all of it together may use: 512M, 2G, unlimited (default: what the board has)"},
    {"no-backtrace", 0, NULL, "do not show where a program crashed"},
    {"keep-core", 0, NULL, "leave the core files of programs that crashed, for gdb"},
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec test_options[] = {
    ON_OPTION,
    VARIANT_OPTIONS,
    {"regex", 'R', "REGEX", "only tests whose name matches"},
    {"jobs", 'j', "N",
     "how many tests run at once; an MPI test counts as its ranks (default: cores)"},
    {"timeout", 0, "SECONDS", "how long a test may take"},
    {"repeat-until-fail", 0, "N", "run each test up to N times, until it fails"},
    {"junit", 0, "FILE", "write the results as JUnit XML"},
    TARGET_OPTIONS,
};

static const struct option_spec debug_options[] = {
    {"ranks", 'n', "N", "start N MPI ranks with mpirun"},
    {"rank", 0, "R", "which of them is debugged (default 0); the others run"},
    {"on", 0, "NODE", "on a board that has gdbserver: a node of pisdk.ini, or [USER@]HOST"},
    {"command", 'x', "COMMAND", "a gdb command to run, and leave then; may be given again"},
    {"script", 0, "FILE", "a file of gdb commands to run, and leave then"},
    {"batch", 0, NULL, "leave gdb after the commands"},
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec env_options[] = {
    {"sh", 0, NULL, "lines for a shell (the default): eval \"$(pisdk env)\""},
    {"meson", 0, NULL, "arguments for Meson: meson setup build $(pisdk env --meson)"},
    TARGET_OPTIONS,
};

static const struct option_spec exec_options[] = {
    {"emulate", 0, NULL, "programs of the board that the command starts run under emulation"},
    TARGET_OPTIONS,
};

#define CLUSTER_NAME                                                                               \
    {                                                                                              \
        "name", 0, "NAME", "which cluster (default: the project's, else the only one)"             \
    }

static const struct option_spec cluster_up_options[] = {
    {"boards", 'n', "N", "how many boards (default 4, at most 1000)"},
    {"name", 0, "NAME", "what the cluster is called (default: as the project)"},
    {"rate", 0, "RATE", "speed of the links: 100mbit, 512kbit, none (default: the board's)"},
    {"show", 0, "DIR", "a folder of the desktop that the boards see; may be given again"},
    TARGET_OPTIONS,
};

static const struct option_spec cluster_image_options[] = {
    {"sysroot", 0, "NAME", "another sysroot than the project's"},
    {"refresh", 0, NULL, "take the newest packages"},
    MIRROR_OPTIONS,
};

static const struct option_spec cluster_options[] = {
    CLUSTER_NAME,
};

static const struct option_spec cluster_down_options[] = {
    CLUSTER_NAME,
    {"all", 0, NULL, "every cluster"},
};

static const struct option_spec cluster_ssh_config_options[] = {
    CLUSTER_NAME,
    {"path", 0, NULL, "print where the file is instead"},
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

static const struct command cluster_commands[] = {
    {
        .name = "up",
        .summary = "Start a cluster of emulated boards",
        .arguments = "",
        .description =
            "Boards pi1, pi2, … with sshd, on a network of their own, as an ordinary user. They "
            "see\n"
            "the project's folder, as from a file server; what they write elsewhere is kept until\n"
            "`down`. The first time, the packages of a board are added to the sysroot's.",
        OPTIONS(cluster_up_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_up,
    },
    {
        .name = "down",
        .summary = "End a cluster; nothing of it is left",
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
        OPTIONS(cluster_options),
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
        .summary = "Print the settings with which ssh reaches the boards",
        .arguments = "",
        .description = "For ssh, scp, rsync, sftp, Ansible and editors: ssh -F \"$(pisdk cluster "
                       "ssh-config --path)\" pi1,\nor an Include line in ~/.ssh/config.",
        OPTIONS(cluster_ssh_config_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_ssh_config,
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
        .summary = "Make the links of boards slower, or faster",
        .arguments = "BOARD…",
        OPTIONS(cluster_limit_options),
        .min_args = 1,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_limit,
    },
    FAULT("fill", "Leave no space on the storage of boards", cmd_cluster_fill),
    {
        .name = "slow",
        .summary = "Let the programs of boards run only a part of the time",
        .arguments = "BOARD…",
        OPTIONS(cluster_slow_options),
        .min_args = 1,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_slow,
    },
    {
        .name = "image",
        .summary = "Make the boards' image: the sysroot, and what a board has besides",
        .arguments = "",
        .description = "`up` does it when there is none. Prints where it is. In a project, its "
                       "packages are in\npisdk-cluster.lock; it has those of pisdk.lock, and more.",
        OPTIONS(cluster_image_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_image,
    },
    {
        .name = "connect",
        .summary = "Connect the standard streams to a board's port, as ssh needs it",
        .arguments = "BOARD [PORT]",
        OPTIONS(cluster_options),
        .min_args = 1,
        .max_args = 2,
        .needs = WANTS_PROJECT,
        .run = cmd_cluster_connect,
    },
    {0},
};

const struct command pisdk_commands[] = {
    {
        .name = "doctor",
        .summary = "Check this machine: what works, what is missing, what mends it",
        .arguments = "",
        .run = cmd_doctor,
    },
    {
        .name = "sysroot",
        .summary = "Make and manage sysroots",
        .arguments = "COMMAND",
        .commands = sysroot_commands,
    },
    {
        .name = "boards",
        .summary = "List the boards pisdk knows",
        .arguments = "",
        .run = cmd_boards,
    },
    {
        .name = "new",
        .summary = "Start a project from a template",
        .arguments = "NAME",
        OPTIONS(new_options),
        .max_args = 1,
        .run = cmd_new,
    },
    {
        .name = "build",
        .summary = "Cross-compile the project",
        .arguments = "[-- BUILD-ARGS]",
        .description = "Configures with CMake and builds with Ninja in build/BOARD-TYPE/. What\n"
                       "follows -- goes to the build: pisdk build -- -k 0",
        OPTIONS(build_options),
        .passes_on = true,
        .max_args = 0,
        .needs = NEEDS_PROJECT,
        .run = cmd_build,
    },
    {
        .name = "env",
        .summary = "Print the environment of a cross build",
        .arguments = "",
        .description = "Compilers, pkg-config and the rest under the names that build systems "
                       "know: CC, CXX, MPICC,\n"
                       "AR, PKG_CONFIG, CONFIG_SITE, CMAKE_TOOLCHAIN_FILE and so on.",
        OPTIONS(env_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_env,
    },
    {
        .name = "exec",
        .summary = "Run a build command of any kind in that environment",
        .arguments = "[--] COMMAND…",
        .description =
            "For code that pisdk does not know: pisdk exec -- ./configure, pisdk exec -- make. "
            "No\n"
            "pisdk.ini is needed. With --emulate, `make check` and the like can start what they\n"
            "built. The exit status is the command's own.",
        OPTIONS(exec_options),
        .passes_on = true,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_exec,
    },
    {
        .name = "run",
        .summary = "Run a program under emulation, with or without mpirun",
        .arguments = "[PROGRAM] [[--] ARGS]",
        .description =
            "PROGRAM is the name of a program of the project, which is built first when needed, a\n"
            "path, or a command of the sysroot; without it, the program that pisdk.ini names.\n"
            "Standard streams, signals and the exit status are the program's own (128 + N when\n"
            "signal N killed it, 124 when its time was up). Ctrl-C twice within a second ends\n"
            "everything at once.",
        OPTIONS(run_options),
        .passes_on = true,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_run,
    },
    {
        .name = "test",
        .summary = "Build the project and run its tests under emulation",
        .arguments = "[-- CTEST-ARGS]",
        OPTIONS(test_options),
        .passes_on = true,
        .max_args = 0,
        .needs = NEEDS_PROJECT,
        .run = cmd_test,
    },
    {
        .name = "debug",
        .summary = "Debug a program, or one rank of it, with gdb under emulation",
        .arguments = "[PROGRAM] [[--] ARGS]",
        .description = "gdb is connected when the program is about to start: set breakpoints, then "
                       "`continue`.\n"
                       "For scripts: pisdk debug -x 'break main' -x continue -x backtrace",
        OPTIONS(debug_options),
        .passes_on = true,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_debug,
    },
    {
        .name = "cluster",
        .summary = "Emulated boards with sshd, on a network",
        .arguments = "COMMAND",
        .commands = cluster_commands,
    },
    {
        .name = "nodes",
        .summary = "The boards of the project",
        .arguments = "COMMAND",
        .commands = pisdk_nodes_commands,
    },
    {
        .name = "help",
        .summary = "Show help for a command",
        .arguments = "[COMMAND]",
        .max_args = -1,
        .run = cmd_help,
    },
    {0},
};
