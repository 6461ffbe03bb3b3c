// SPDX-License-Identifier: MIT
// A Python package, by pip and what pyproject.toml or setup.py say: its modules are in the build
// folder, in python/, where `pisdk run` and `pisdk deploy` take them from.

#include "project/build_internal.h"
#include "target/python.h"

static int configure(struct build *b, int *status, struct err *err)
{
    (void)b;
    (void)err;
    *status = 0;
    return 0;
}

static int compile(struct build *b, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    if (python_builder(b->o->tools, &argv, err) != 0) {
        return -1;
    }
    strv_add_list(&argv, "install", b->dir, b->p->dir, NULL);
    strv_add_all(&argv, b->p->build.args.items);
    strv_add_all(&argv, b->o->extra ? b->o->extra->items : NULL);
    return build_run(b, b->p->dir, &argv, status, err);
}

static const char *const files[] = {"pyproject.toml", "setup.py", NULL};

const struct build_system build_python = {
    .name = "python",
    .files = files,
    .apart = true,
    .configure = configure,
    .compile = compile,
    .test = build_test_scripts,
};
