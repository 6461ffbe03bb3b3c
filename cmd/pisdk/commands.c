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

static const struct option_spec new_options[] = {
    {"template", 't', "WHICH",
     "what to start from: a name of --list, a folder, or an URL for git (default: mpi-c)"},
    {"sysroot", 0, "NAME", "the sysroot it is built for (default: bookworm)"},
    {"board", 'b', "BOARD", "the board it is built for (default: armv7)"},
    {"list", 0, NULL, "list the templates"},
};

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
            "emulator (the default: one board), cluster or cluster:NAME, which is up, nodes, or "  \
            "slurm"                                                                                \
    }

// What mpirun is told.
#define MPIRUN_OPTIONS                                                                             \
    {"map-by", 0, "WHAT", "for mpirun: how ranks are spread, slot, node, core, …"},                \
        {"bind-to", 0, "WHAT", "for mpirun: what ranks are bound to"},                             \
        {"rank-by", 0, "WHAT", "for mpirun: how ranks are numbered"},                              \
        {"mca", 0, "NAME VALUE", "for mpirun: a parameter of Open MPI; may be given again"},       \
        {"export", 'x', "NAME[=VALUE]",                                                            \
         "pass a variable to the program; NAME alone takes its value from here"},                  \
    {                                                                                              \
        "mpirun", 0, "WORDS", "further words for mpirun"                                           \
    }

#define SBATCH_OPTION                                                                              \
    {                                                                                              \
        "sbatch", 0, "WORDS", "further words for Slurm's sbatch"                                   \
    }

static const struct option_spec run_options[] = {
    ON_OPTION,
    {"ranks", 'n', "N", "start N MPI ranks with mpirun"},
    MPIRUN_OPTIONS,
    NODES_OPTION,
    SSH_CONFIG_OPTION,
    RUNTIME_OPTION,
    {"no-deploy", 0, NULL, "on boards: run what is there, and send nothing"},
    SBATCH_OPTION,
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
    {"on", 0, "WHERE", "on every board instead: nodes, cluster or cluster:NAME"},
    {"in-order", 0, NULL, "on boards: show what each printed when all are done"},
    NODES_OPTION,
    SSH_CONFIG_OPTION,
    TARGET_OPTIONS,
};

static const struct option_spec deploy_options[] = {
    TO_OPTION,
    NODES_OPTION,
    SSH_CONFIG_OPTION,
    {"dry-run", 0, NULL, "only list what would be sent, and to which boards"},
    RUNTIME_OPTION,
    {"partial", 0, NULL, "switch the boards that are ready, though others failed"},
    {"direct", 0, NULL, "send to each board from here, instead of from board to board"},
    {"keep", 0, "N", "how many releases stay on the boards (default 3)"},
    {"list", 0, NULL, "show the releases that are on the boards"},
    {"verify", 0, NULL, "only compare the boards' files with what was deployed"},
    {"again", 0, NULL, "check boards that have the release, and send it anew where it differs"},
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec submit_options[] = {
    {"ranks", 'n', "N", "start N MPI ranks with mpirun"},
    MPIRUN_OPTIONS,
    {"time", 't', "TIME", "how long the job may run, as sbatch has it: 30, 1:30:00, 2-0"},
    {"partition", 'p', "NAME", "the partition that it runs in"},
    SBATCH_OPTION,
    RUNTIME_OPTION,
    {"no-deploy", 0, NULL, "run what is there, and send nothing"},
    {"status", 0, NULL, "list the project's jobs, or the one that is named"},
    {"output", 0, NULL, "print what a job has written"},
    {"follow", 'f', NULL, "with --output: go on until the job ends, with its exit status"},
    {"cancel", 0, NULL, "end jobs, or take them out of the queue"},
    {"host", 0, "HOST", "the node where Slurm is (default: the project's)"},
    NODES_OPTION,
    SSH_CONFIG_OPTION,
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec on_boards_options[] = {
    TO_OPTION,
    NODES_OPTION,
    SSH_CONFIG_OPTION,
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
        .name = "deploy",
        .summary = "Put the project on the boards: checked, in parallel, all or none",
        .arguments = "",
        .description =
            "Builds, and brings programs, libraries and the `files` of [deploy] to every board.\n"
            "Only when all have them, checked file by file, the new release becomes the current\n"
            "one. Only what changed travels, and boards pass it on to each other.",
        OPTIONS(deploy_options),
        .max_args = 0,
        .needs = NEEDS_PROJECT,
        .run = cmd_deploy,
    },
    {
        .name = "rollback",
        .summary = "Go back to an earlier release on the boards",
        .arguments = "[RELEASE]",
        OPTIONS(on_boards_options),
        .max_args = 1,
        .needs = NEEDS_PROJECT,
        .run = cmd_rollback,
    },
    {
        .name = "undeploy",
        .summary = "Remove the project from the boards, with all its releases",
        .arguments = "",
        OPTIONS(on_boards_options),
        .max_args = 0,
        .needs = NEEDS_PROJECT,
        .run = cmd_undeploy,
    },
    {
        .name = "submit",
        .summary = "Hand a job to Slurm, or ask for it",
        .arguments = "[PROGRAM] [[--] ARGS] | --status [JOB] | --output JOB | --cancel JOB…",
        .description =
            "Deploys the project to where Slurm's nodes see it, and hands the program to "
            "sbatch there.\n"
            "Prints the number of the job. `pisdk run --on slurm` stays until it is over.",
        OPTIONS(submit_options),
        .passes_on = true,
        .max_args = -1,
        .needs = NEEDS_PROJECT,
        .run = cmd_submit,
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
        .commands = nodes_commands,
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
