// SPDX-License-Identifier: MIT
#include "pisdk/requests.h"

enum { TIMEOUT_MAX = 3600 };

static bool has_flag(const struct input *in, const char *name)
{
    return input_value_if(in, name) != NULL;
}

int target_request_read(const struct input *in, struct target_request *out, struct err *err)
{
    *out = (struct target_request){
        .sysroot = input_value_if(in, "sysroot"),
        .board = input_value_if(in, "board"),
        .debug = has_flag(in, "debug"),
        .lto = has_flag(in, "lto"),
        .coverage = has_flag(in, "coverage"),
        .sanitize = input_value_if(in, "sanitize"),
    };
    if (out->debug && has_flag(in, "release")) {
        return err_set(err, ERR_USAGE, "--debug and --release exclude each other");
    }
    return 0;
}

int mirror_request_read(const struct input *in, struct mirror_request *out, struct err *err)
{
    *out = (struct mirror_request){
        .mirrors = input_values(in, "mirror"),
        .offline = input_flag(in, "offline"),
    };
    return input_number(in, "timeout", 0, 1, TIMEOUT_MAX, &out->timeout, err);
}

struct nodes_request nodes_request_read(const struct input *in)
{
    return (struct nodes_request){
        .nodes = input_value_if(in, "nodes"),
        .ssh_config = input_value_if(in, "ssh-config"),
    };
}

int deploy_request_read(const struct input *in, struct deploy_request *out, struct err *err)
{
    *out = (struct deploy_request){
        .nodes = nodes_request_read(in),
        .with_runtime = has_flag(in, "with-runtime"),
        .bundle = !has_flag(in, "bundle") ? NULL
                  : in->args.n            ? in->args.items[0]
                                          : "",
        .as_before = !input_has_option(in, "bundle"),
        .no_deploy = has_flag(in, "no-deploy"),
        .only_look = has_flag(in, "list") || has_flag(in, "verify"),
    };
    return target_request_read(in, &out->target, err);
}

struct mpirun_request mpirun_request_read(const struct input *in)
{
    return (struct mpirun_request){
        .map_by = input_value(in, "map-by"),
        .bind_to = input_value(in, "bind-to"),
        .rank_by = input_value(in, "rank-by"),
        .mca = input_values(in, "mca"),
        .words = input_values(in, "mpirun"),
    };
}

struct slurm_request slurm_request_read(const struct input *in)
{
    return (struct slurm_request){
        .nodes = nodes_request_read(in),
        .host = input_value_if(in, "host"),
        .partition = input_value_if(in, "partition"),
        .time = input_value_if(in, "time"),
        .sbatch = input_values(in, "sbatch"),
    };
}

int run_request_read(const struct input *in, long ranks, struct strv *args, struct run_request *out,
                     struct err *err)
{
    *out = (struct run_request){
        .slurm = slurm_request_read(in),
        .mpirun = mpirun_request_read(in),
        .program = in->args.n ? in->args.items[0] : NULL,
        .args = args,
        .variables = input_values(in, "export"),
        .memory = RUN_MEMORY_OF_BOARD,
    };
    strv_add_all(args, in->args.n ? in->args.items + 1 : NULL);
    strv_add_all(args, in->rest.items);
    if (input_number(in, "ranks", in->args.n ? 0 : ranks, 1, PROJECT_RANKS_MAX, &out->ranks, err) !=
        0) {
        return err_hint(err, "for example, four ranks: -n 4");
    }
    return deploy_request_read(in, &out->deploy, err);
}
