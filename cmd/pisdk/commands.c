// SPDX-License-Identifier: MIT
// The table of all commands: what `pisdk help`, the parser and the test of the manual go by.

#include "pisdk/commands.h"

#include <string.h>

const struct option_spec pisdk_global_options[] = {
    {"help", 'h', NULL, "show help"},
    {"directory", 'C', "DIR", "run as if started in DIR"},
    {"verbose", 'v', NULL, "print more details"},
    {"quiet", 'q', NULL, "print only results, warnings and errors"},
    {"json", 0, NULL, "print listings as JSON"},
    {"color", 0, "WHEN", "colour messages: auto, always, never"},
    {"no-progress", 0, NULL, "do not show a progress bar"},
    {"version", 0, NULL, "show the version of pisdk"},
};
const size_t pisdk_n_global_options = ARRAY_SIZE(pisdk_global_options);

static const struct option_spec new_options[] = {
    {"template", 't', "WHICH",
     "template: a name from --list, a folder, or a git URL (default: mpi-c)"},
    {"sysroot", 0, "NAME", "sysroot to build with (default: bookworm)"},
    {"board", 'b', "BOARD", "board to build for (default: armv7)"},
    {"ide", 0, "EDITOR", "set up an editor as well: vscode, clion, vim"},
    {"list", 0, NULL, "list the templates"},
};

static const struct option_spec init_options[] = {
    {"sysroot", 0, "NAME", "sysroot to build with (default: bookworm)"},
    {"board", 'b', "BOARD", "board to build for (default: armv7)"},
};

static const struct option_spec build_options[] = {
    VARIANT_OPTIONS,
    {"jobs", 'j', "N", "number of parallel jobs (default: one per core)"},
    {"clean", 0, NULL, "start from an empty build folder"},
    {"no-ccache", 0, NULL, "do not use ccache, even if it is installed"},
    TARGET_OPTIONS,
};

#define ON_OPTION                                                                                  \
    {                                                                                              \
        "on", 0, "WHERE",                                                                          \
            "where to run: emulator (one board; the default), cluster, cluster:NAME, nodes, or "   \
            "slurm"                                                                                \
    }

// What mpirun is told.
#define MPIRUN_OPTIONS                                                                             \
    {"map-by", 0, "WHAT", "for mpirun: how to distribute ranks: slot, node, core, …"},             \
        {"bind-to", 0, "WHAT", "for mpirun: what to bind ranks to"},                               \
        {"rank-by", 0, "WHAT", "for mpirun: how to number ranks"},                                 \
        {"mca", 0, "NAME VALUE", "for mpirun: an Open MPI parameter; may be repeated"},            \
        {"export", 'x', "NAME[=VALUE]",                                                            \
         "set a variable for the program; NAME alone passes on its value"},                        \
    {                                                                                              \
        "mpirun", 0, "WORDS", "more options for mpirun"                                            \
    }

#define SBATCH_OPTION                                                                              \
    {                                                                                              \
        "sbatch", 0, "WORDS", "more options for sbatch"                                            \
    }

static const struct option_spec shell_options[] = {
    {"mount", 0, "DIR[:PATH]", "show DIR of this desktop to it, at PATH; may be repeated"},
    PURE_OPTION,
    TARGET_OPTIONS,
};

static const struct option_spec size_options[] = {
    {"ranks", 'n', "N", "ranks on one board (default: the project's, or 1)"},
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec predict_options[] = {
    {"boards", 0, "LIST", "numbers of boards (default: 1,2,4,8,16)"},
    {"ranks-per-board", 0, "N", "ranks on each board (default: its cores)"},
    {"board", 'b', "BOARD", "type of board (default: the project's): see `pisdk boards`"},
    {"link", 0, "RATE", "speed of a board's network: 100mbit, 1gbit (default: the board's)"},
    {"latency", 0, "TIME", "time of a small message between boards (default: 100us)"},
    {"bound", 0, "WHAT", "what limits computing: cache, memory, or both (the default)"},
    {"plot", 0, "FILE", "write the speed-up as a picture: FILE.svg"},
    {"trace", 0, "[=FILE]", "make a page of the run on the most boards: FILE.html"},
    {"show-output", 0, NULL, "show what the program prints"},
};

static const struct option_spec bundle_options[] = {
    {"output", 'o', "FILE", "where to write it (default: NAME-ID-Linux-armv7l.sh here)"},
    {"with", 0, "WHAT",
     "python or r, also where no file of the project asks for it; may be repeated"},
    {"package", 0, "NAME", "a package of the sysroot that goes along; may be repeated"},
    {"name", 0, "NAME", "what it is called (default: as the project)"},
    {"refresh", 0, NULL, "without a project: the newest packages"},
    {"sign", 0, "KEY", "sign it with a key of gpg, or with the SSH key in this file"},
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec jupyter_options[] = {
    {"on", 0, "WHERE", "where it runs: emulator (the default), cluster, cluster:NAME, or nodes"},
    NODES_OPTION,
    SSH_CONFIG_OPTION,
    RUNTIME_OPTION,
    {"install", 0, NULL, "have notebooks list it, and start it when one is opened"},
    {"connection-file", 0, "FILE", "a connection file that the client has made"},
    TARGET_OPTIONS,
};

static const struct option_spec run_options[] = {
    ON_OPTION,
    {"ranks", 'n', "N", "start N MPI ranks with mpirun"},
    {"host", 'H', "LIST", "run on these boards: pi1,pi2 or pi1:4,pi2:4, with slots"},
    {"hostfile", 0, "FILE", "run on the boards of this hostfile"},
    MPIRUN_OPTIONS,
    NODES_OPTION,
    SSH_CONFIG_OPTION,
    RUNTIME_OPTION,
    {"no-deploy", 0, NULL, "on boards: run what is there; deploy nothing"},
    SBATCH_OPTION,
    {"trace", 0, "[=FILE]", "record what the ranks do, and make a page of it: FILE.html"},
    {"mount", 0, "DIR[:PATH]",
     "show a folder to the emulated board, at PATH there; may be repeated"},
    {"timeout", 0, "SECONDS", "stop after this long, with status 124"},
    PURE_OPTION,
    {"memory", 0, "SIZE", "memory for the whole run: 512M, 2G, unlimited (default: the board's)"},
    {"no-backtrace", 0, NULL, "do not show where a program crashed"},
    {"keep-core", 0, NULL, "keep the core files of crashed programs, for gdb"},
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec test_options[] = {
    ON_OPTION,
    VARIANT_OPTIONS,
    {"regex", 'R', "REGEX", "run only tests whose name matches"},
    {"jobs", 'j', "N",
     "number of parallel tests; an MPI test counts as its ranks (default: cores)"},
    {"timeout", 0, "SECONDS", "time limit of each test"},
    PURE_OPTION,
    {"repeat-until-fail", 0, "N", "run each test up to N times, until it fails"},
    {"junit", 0, "FILE", "write the results as JUnit XML"},
    TARGET_OPTIONS,
};

static const struct option_spec debug_options[] = {
    {"ranks", 'n', "N", "start N MPI ranks with mpirun"},
    {"rank", 0, "R", "rank to debug (default 0); the others just run"},
    {"on", 0, "NODE", "debug on a board, with gdbserver: a node of pisdk.ini, or [USER@]HOST"},
    {"command", 'x', "COMMAND", "run a gdb command, then quit; may be repeated"},
    {"script", 0, "FILE", "run the gdb commands in a file, then quit"},
    {"batch", 0, NULL, "quit gdb after the commands"},
    {"serve", 0, "PORT", "wait for an editor's debugger on this port, or - for standard streams"},
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec ide_options[] = {
    {"print", 0, NULL, "print the files instead of writing them"},
};

static const struct option_spec ci_options[] = {
    {"package", 0, "WHERE", "where pisdk's package is: an address, or a file of the project"},
    {"print", 0, NULL, "print the files instead of writing them"},
};

static const struct option_spec env_options[] = {
    {"sh", 0, NULL, "print shell commands (the default): eval \"$(pisdk env)\""},
    {"meson", 0, NULL, "print arguments for Meson: meson setup build $(pisdk env --meson)"},
    TARGET_OPTIONS,
};

static const struct option_spec exec_options[] = {
    {"no-emulate", 0, NULL, "do not run programs for the board that the command starts"},
    {"emulate", 0, NULL, "fail where such programs cannot run (the default is to go on)"},
    PURE_OPTION,
    {"on", 0, "WHERE", "run on every board instead: nodes, cluster or cluster:NAME"},
    {"in-order", 0, NULL, "on boards: print each board's output when all are done"},
    NODES_OPTION,
    SSH_CONFIG_OPTION,
    TARGET_OPTIONS,
};

static const struct option_spec wheel_options[] = {
    {"output", 'o', "DIR", "where to put the wheel (default: dist)"},
    TARGET_OPTIONS,
};

static const struct option_spec deploy_options[] = {
    TO_OPTION,
    NODES_OPTION,
    SSH_CONFIG_OPTION,
    {"dry-run", 0, NULL, "only list what would be sent, and to which boards"},
    RUNTIME_OPTION,
    {"bundle", 0, NULL, "deploy what `pisdk bundle` packs, or has packed into FILE"},
    {"partial", 0, NULL, "switch the boards that are ready even if others failed"},
    {"direct", 0, NULL, "send to each board from here, instead of from board to board"},
    {"keep", 0, "N", "number of releases to keep on the boards (default 3)"},
    {"list", 0, NULL, "list the releases on the boards"},
    {"verify", 0, NULL, "only compare the boards' files with what was deployed"},
    {"again", 0, NULL, "check boards that have the release, and resend what differs"},
    VARIANT_OPTIONS,
    TARGET_OPTIONS,
};

static const struct option_spec submit_options[] = {
    {"ranks", 'n', "N", "start N MPI ranks with mpirun"},
    MPIRUN_OPTIONS,
    {"time", 't', "TIME", "time limit of the job, as for sbatch: 30, 1:30:00, 2-0"},
    {"partition", 'p', "NAME", "partition to run in"},
    SBATCH_OPTION,
    RUNTIME_OPTION,
    {"no-deploy", 0, NULL, "run what is there; deploy nothing"},
    {"status", 0, NULL, "list the project's jobs, or one of them"},
    {"output", 0, NULL, "print a job's output"},
    {"follow", 'f', NULL, "with --output: follow until the job ends; exit with its status"},
    {"cancel", 0, NULL, "cancel jobs"},
    {"host", 0, "HOST", "node to submit from (default: the project's)"},
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
        .summary = "Check this machine: what works, what is missing, how to fix it",
        .arguments = "",
        .run = cmd_doctor,
    },
    {
        .name = "sysroot",
        .summary = "Build and manage sysroots",
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
        .name = "init",
        .summary = "Make a project of the code in this folder",
        .arguments = "[NAME]",
        .description = "Writes pisdk.ini, with the build system, the program and MPI as they are "
                       "found; touches\nnothing else.",
        OPTIONS(init_options),
        .max_args = 1,
        .run = cmd_init,
    },
    {
        .name = "build",
        .summary = "Cross-compile the project",
        .arguments = "[-- BUILD-ARGS]",
        .description = "Configures with CMake and builds with Ninja in build/BOARD-TYPE/. What\n"
                       "follows -- is passed to the build: pisdk build -- -k 0",
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
        .description = "Compilers, pkg-config and so on, under the names that build systems "
                       "expect: CC, CXX, MPICC,\n"
                       "AR, PKG_CONFIG, CONFIG_SITE, CMAKE_TOOLCHAIN_FILE and so on.",
        OPTIONS(env_options),
        .max_args = 0,
        .needs = WANTS_PROJECT,
        .run = cmd_env,
    },
    {
        .name = "exec",
        .summary = "Run any build command in that environment",
        .arguments = "[--] COMMAND…",
        .description =
            "For any other code: pisdk exec -- ./configure, pisdk exec -- make. No pisdk.ini is\n"
            "needed. Names like gcc, ar and uname mean the board; what the command builds it can\n"
            "run, under emulation. The exit status is the command's own.",
        OPTIONS(exec_options),
        .passes_on = true,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_exec,
    },
    {
        .name = "wheel",
        .summary = "Build a Python package as a wheel that pip on a board installs",
        .arguments = "[SOURCE] [-- PIP-OPTIONS]",
        .description = "SOURCE is a folder with pyproject.toml or setup.py; the default is the "
                       "project or the\n"
                       "current folder. pip of the sysroot builds it, with the packages that the "
                       "sysroot has;\n"
                       "nothing is downloaded. The wheel's path is printed.",
        OPTIONS(wheel_options),
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_wheel,
    },
    {
        .name = "jupyter",
        .summary = "Start a kernel of Jupyter on an emulated or a real board",
        .arguments = "",
        .description = "Notebooks, consoles and Spyder on this desktop execute their cells there, "
                       "with the modules\n"
                       "of the project. The kernel is python3-ipykernel of the sysroot or the "
                       "board; it runs on\n"
                       "the first board, and its ports are on 127.0.0.1.",
        OPTIONS(jupyter_options),
        .needs = NEEDS_PROJECT,
        .run = cmd_jupyter,
    },
    {
        .name = "run",
        .summary = "Run a program under emulation, with or without mpirun",
        .arguments = "[PROGRAM] [[--] ARGS]",
        .description =
            "PROGRAM is a program of the project (built first if needed), a path, or a command in\n"
            "the sysroot; the default is the program that pisdk.ini names. Standard streams, "
            "signals\n"
            "and the exit status are the program's own (128 + N if signal N killed it, 124 if it\n"
            "timed out). Press Ctrl-C twice within a second to end everything at once.",
        OPTIONS(run_options),
        .passes_on = true,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_run,
    },
    {
        .name = "trace",
        .summary = "Show where the time of a recorded run went",
        .arguments = "COMMAND",
        .commands = trace_commands,
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
        .description = "gdb connects before the program starts: set breakpoints, then `continue`.\n"
                       "For scripts: pisdk debug -x 'break main' -x continue -x backtrace",
        OPTIONS(debug_options),
        .passes_on = true,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_debug,
    },
    {
        .name = "ide",
        .summary = "Set up an editor for the project: vscode, clion, vim",
        .arguments = "EDITOR",
        .description = "Tasks to build, run, test and deploy, completion for the board, and a "
                       "debugger for any\n"
                       "rank. Files that exist are added to, never overwritten.",
        OPTIONS(ide_options),
        .max_args = 1,
        .needs = NEEDS_PROJECT,
        .run = cmd_ide,
    },
    {
        .name = "ci",
        .summary = "Write a workflow that builds and tests the project: github, gitlab, woodpecker",
        .arguments = "SERVICE",
        .description = "It installs pisdk, makes the sysroot of pisdk.lock (kept from run to run), "
                       "builds, tests at\n"
                       "several ranks, measures coverage, and fails when pisdk.lock does not fit.",
        OPTIONS(ci_options),
        .max_args = 1,
        .needs = NEEDS_PROJECT,
        .run = cmd_ci,
    },
    {
        .name = "__complete", // not for users: see complete.c
        .arguments = "",
        .passes_on = true,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_complete,
    },
    {
        .name = "clean",
        .summary = "Remove what was built",
        .arguments = "",
        .description =
            "Removes the folders build/BOARD-TYPE of the project; where a makefile builds "
            "among the\nsources, runs `make clean`.",
        .needs = NEEDS_PROJECT,
        .run = cmd_clean,
    },
    {
        .name = "shell",
        .summary = "Start a shell on an emulated board",
        .arguments = "",
        .description = "The board has what those of a cluster have. It sees the project's folder, "
                       "and the working\nfolder; what is written elsewhere is gone with it.",
        OPTIONS(shell_options),
        .needs = WANTS_PROJECT,
        .run = cmd_shell,
    },
    {
        .name = "size",
        .summary = "Show what the programs take of memory, and which boards that fits",
        .arguments = "",
        .description = "text: code and constants, which ranks on one board share; data and bss: "
                       "what each has for\nitself from its start on.",
        OPTIONS(size_options),
        .needs = NEEDS_PROJECT,
        .run = cmd_size,
    },
    {
        .name = "predict",
        .summary = "Predict how long the program takes on boards that you do not have",
        .arguments = "[PROGRAM] [[--] ARGS]",
        .description = "Builds the project for the simulator SimGrid and runs it there on each "
                       "number of boards.\nProgram and arguments are those of `pisdk run`.",
        OPTIONS(predict_options),
        .passes_on = true,
        .max_args = -1,
        .needs = NEEDS_PROJECT,
        .run = cmd_predict,
    },
    {
        .name = "bundle",
        .summary = "Make one file of the project that installs itself on any armv7l Linux",
        .arguments = "",
        .description =
            "The project's programs and files, with MPI, the interpreters and the "
            "libraries that they need,\n"
            "the C library among them, so that nothing of the board is used. The file is "
            "a script:\n"
            "`sh FILE` on a board installs it, without root and without a network.\n"
            "Outside of a project, it has what --with and --package name.",
        OPTIONS(bundle_options),
        .needs = WANTS_PROJECT,
        .run = cmd_bundle,
    },
    {
        .name = "deploy",
        .summary = "Deploy the project to the boards: checked, in parallel, all or none",
        .arguments = "[FILE]",
        .description =
            "Builds the project and sends its programs, its libraries and the `files` of [deploy] "
            "to\n"
            "every board. When all boards have them, checked file by file, all switch to the new\n"
            "release. Only changes are sent, and boards pass them on to each other.",
        OPTIONS(deploy_options),
        .max_args = 1,
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
        .summary = "Submit a job to Slurm, or query it",
        .arguments = "[PROGRAM] [[--] ARGS] | --status [JOB] | --output JOB | --cancel JOB…",
        .description =
            "Deploys the project to where Slurm's nodes see it, submits the program with sbatch "
            "and\n"
            "prints the job's number. `pisdk run --on slurm` waits until the job has ended.",
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

// What people type who know other tools.
static const struct {
    const char *words, *command;
} elsewhere[] = {
    {"upload flash install push", "deploy"},
    {"mpirun mpiexec srun start", "run -n 4"},
    {"compile make cmake", "build"},
    {"create generate template", "new"},
    {"ps status", "cluster status"},
    {"up", "cluster up"},
    {"down stop", "cluster down"},
    {"ssh login monitor", "cluster ssh"},
    {"logs", "cluster logs"},
    {"devices hosts", "nodes list"},
    {"add", "sysroot add"},
    {"search", "sysroot search"},
    {"update upgrade outdated", "sysroot update"},
    {"list", "sysroot list"},
    {"sbatch", "submit"},
    {"gdb", "debug"},
    {"check ctest", "test"},
    {"pack package", "bundle"},
};

static const char *known_elsewhere(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
        _cleanup_strv_ struct strv words = {0};
        strv_add_words(&words, elsewhere[i].words);
        if (strv_has(&words, name)) {
            return elsewhere[i].command;
        }
    }
    return NULL;
}

const struct command *command_find(const struct command *table, const char *group, const char *name,
                                   struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    for (const struct command *c = table; c->name; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
        if (c->name[0] != '_') {
            strv_add(&names, c->name);
        }
    }
    const char *nearest = str_nearest(name, &names);
    const char *known = *group ? NULL : known_elsewhere(name);
    err_set(err, ERR_USAGE, "there is no command `%s`", name);
    if (known) {
        err_hint(err, "here it is `pisdk %s`", known);
    } else if (nearest) {
        err_hint(err, "did you mean `%s`?", nearest);
    } else {
        err_hint(err, "`pisdk help%s%s` lists the commands", *group ? " " : "", group);
    }
    return NULL;
}
