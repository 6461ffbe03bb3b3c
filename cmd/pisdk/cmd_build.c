#include "target.h"

int cmd_build(struct app *app, struct err *err)
{
    struct target target;

    if (target_choose(app, &target, err) != 0) {
        return -1;
    }
    int status = target_build_all(app, &target, err);
    if (status == 0) {
        log_info(&app->log, "built in build/%s-%s", target.board.name, target.type);
    }
    target_release(&target);
    return status > 0 ? EXIT_FAILED : status; // the compiler has said why
}
