#include "target.h"

int cmd_build(struct app *app, struct err *err)
{
    struct target target;

    if (input_flag(&app->input, "debug") && input_flag(&app->input, "release")) {
        return err_set(err, ERR_USAGE, "--debug and --release exclude each other");
    }
    if (target_choose(app, &target, err) != 0) {
        return -1;
    }
    int status = target_build(app, &target, false, err);
    target_release(&target);
    if (status > 0) {
        return EXIT_FAILED; // the compiler has said why
    }
    return status;
}
