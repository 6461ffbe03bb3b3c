// SPDX-License-Identifier: MIT
// The table of `pisdk trace`.

#include "pisdk/commands.h"

static const struct option_spec trace_show_options[] = {
    {"html", 0, "FILE", "write the page instead"},
    {"chrome", 0, "FILE", "write the calls in Chrome's trace format, which Perfetto opens"},
};

const struct command trace_commands[] = {
    {
        .name = "show",
        .summary = "Print its tables: ranks, calls, who waits for whom",
        .arguments = "TRACE",
        .description = "TRACE is the page or the folder that `pisdk run --trace` has written.",
        OPTIONS(trace_show_options),
        .min_args = 1,
        .max_args = 1,
        .needs = WANTS_PROJECT,
        .run = cmd_trace_show,
    },
    {0},
};
