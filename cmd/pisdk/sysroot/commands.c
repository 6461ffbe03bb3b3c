// SPDX-License-Identifier: MIT
// The table of `pisdk sysroot`.

#include "pisdk/commands.h"

static const struct option_spec sysroot_build_options[] = {
    {"mpi", 0, "FLAVOUR", "MPI to use: openmpi, openmpi-source or mpich, if the release has it"},
    {"refresh", 0, NULL, "check the mirror for newer packages; rebuild if there are any"},
    {"locked", 0, NULL, "fail unless the project has a complete pisdk.lock; for CI"},
    MIRROR_OPTIONS,
};

static const struct option_spec sysroot_change_options[] = {
    {"dry-run", 0, NULL, "show what would change, but change nothing"},
    MIRROR_OPTIONS,
};

static const struct option_spec sysroot_remove_options[] = {
    {"force", 'f', NULL, "even if projects use it"},
};

static const struct option_spec sysroot_mirror_options[] = {
    MIRROR_OPTIONS,
};

static const struct option_spec sysroot_gc_options[] = {
    {"all", 0, NULL, "all downloads, even those of sysroots that stay"},
    {"dry-run", 0, NULL, "only show what would be removed"},
};

static const struct option_spec sysroot_path_options[] = {
    {"toolchain", 0, NULL, "print the CMake toolchain file instead"},
};

const struct command sysroot_commands[] = {
    {
        .name = "build",
        .summary = "Build a sysroot from signed Debian packages",
        .arguments = "[RELEASE | FILE.ini | FILE.tar.zst]",
        .description =
            "In a project, without arguments, builds the sysroot that pisdk.lock describes.\n"
            "Elsewhere, the default RELEASE is bookworm. Signatures, sizes and hashes are "
            "checked;\n"
            "downloads are kept in the cache. An existing sysroot is left as it is unless its "
            "recipe\n"
            "changed or --refresh finds newer packages.",
        OPTIONS(sysroot_build_options),
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_sysroot_build,
    },
    {
        .name = "add",
        .summary = "Add packages to the project's sysroot",
        .arguments = "PACKAGE…",
        .description =
            "Adds their dependencies, too; other packages keep their versions. Writes pisdk.lock.\n"
            "Sysroots of other projects are not touched.",
        OPTIONS(sysroot_change_options),
        .min_args = 1,
        .max_args = -1,
        .needs = NEEDS_PROJECT,
        .run = cmd_sysroot_add,
    },
    {
        .name = "search",
        .summary = "Search the packages that can be added, by name and description",
        .arguments = "WORD…",
        .description = "Lists the packages of the project's release (elsewhere: of bookworm) "
                       "that have all the words.",
        OPTIONS(sysroot_mirror_options),
        .min_args = 1,
        .max_args = -1,
        .needs = WANTS_PROJECT,
        .run = cmd_sysroot_search,
    },
    {
        .name = "update",
        .summary = "Update the packages of the project's sysroot",
        .arguments = "",
        .description = "Shows what changes, then builds the sysroot and writes pisdk.lock.",
        OPTIONS(sysroot_change_options),
        .max_args = 0,
        .needs = NEEDS_PROJECT,
        .run = cmd_sysroot_update,
    },
    {
        .name = "verify",
        .summary = "Check that nothing in a sysroot has changed",
        .arguments = "[NAME]",
        .description = "Reads every file, and lists those that were changed, added or removed.",
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
        OPTIONS(sysroot_remove_options),
        .min_args = 1,
        .max_args = 1,
        .run = cmd_sysroot_remove,
    },
    {
        .name = "import",
        .summary = "Build a sysroot like that of a live board, over ssh",
        .arguments = "[USER@]HOST [NAME]",
        .description =
            "Uses the versions that are installed there, from the mirror if it has them; "
            "libraries\n"
            "and headers that no mirror has are copied with rsync. The sysroot is named NAME, or\n"
            "after the host. Nothing is changed on the board.",
        OPTIONS(sysroot_mirror_options),
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
        .description =
            "Removes sysroots whose project is gone or has another pisdk.lock by now, unpacked\n"
            "packages that no sysroot uses, and downloads that none was made from.",
        OPTIONS(sysroot_gc_options),
        .max_args = 0,
        .run = cmd_sysroot_gc,
    },
    {0},
};
