// SPDX-License-Identifier: MIT
// A project of scripts: there is nothing to build.

#include "base/fs.h"
#include "project/build_internal.h"

static int nothing(struct build *b, int *status, struct err *err)
{
    (void)b;
    (void)err;
    *status = 0;
    return 0;
}

int build_test_scripts(struct build *b, struct strv *argv, struct err *err)
{
    static const char script[] = "for n; do echo \"$n rank(s):\"; \"$0\" run -n \"$n\" python3 -m "
                                 "unittest discover -s tests "
                                 "|| exit; done";
    static const char single[] = "exec \"$0\" run python3 -m unittest discover -s tests";
    _cleanup_free_ char *tests = fs_join(b->p->dir, "tests");
    (void)err;
    if (!fs_is_dir(tests)) {
        return 0;
    }
    strv_add_list(argv, "sh", "-c", b->p->ranks ? script : single, b->o->tools->pisdk, NULL);
    if (b->p->ranks) {
        strv_add_list(argv, "1", "2", "4", NULL);
    }
    return 0;
}

static const char *const files[] = {"main.py", "main.R", NULL};

const struct build_system build_none = {
    .name = "none",
    .files = files,
    .apart = true,
    .configure = nothing,
    .compile = nothing,
    .test = build_test_scripts,
};
