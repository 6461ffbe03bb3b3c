// SPDX-License-Identifier: MIT
#include "assembly.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

enum { OUTPUT_MAX = 1 << 20, CANNOT_RUN = 127 };

bool assembly_has(const struct strv *words)
{
    for (size_t i = 0; i < words->n; i++) {
        if (str_ends(words->items[i], ".s") || str_ends(words->items[i], ".S") ||
            str_ends(words->items[i], ".sx")) {
            return true;
        }
    }
    return false;
}

int assembly_run(const struct toolset *t, struct strv *argv)
{
    _cleanup_strbuf_ struct strbuf errors = {0};
    const struct proc_capture capture = {
        .input = STDIN_FILENO, .max = OUTPUT_MAX, .errors = &errors};
    struct err err = ERR_INIT;
    int status = 0;

    int r = proc_capture(argv->items, &capture, &status, &err);
    if (r == 0 && status != 0 && t->as) {
        strv_add(argv, "-fno-integrated-as");
        strv_addf(argv, "-B%s/lib/gnu", t->dir);
        return proc_run(argv->items, &status, &err) == 0 ? status : CANNOT_RUN;
    }
    fwrite(errors.data ? errors.data : "", 1, errors.len, stderr);
    if (r != 0) {
        fprintf(stderr, "error: %s\n", err.msg);
        return CANNOT_RUN;
    }
    if (status != 0) {
        fprintf(stderr, "hint: if GNU's assembler takes this file: sudo apt install binutils-%s\n",
                t->triple);
    }
    return status;
}
