#include "project/build.h"
#include "pisdk/project/target_choice.h"
#include "sandbox/sandbox.h"

static void tell_place(struct app *app, const struct target *target)
{
    const char *system;
    struct err ignored = ERR_INIT;
    if (project_build_system(&app->project, &system, &ignored) == 0 &&
        project_builds_apart(system)) {
        log_info(&app->log, "built in build/%s-%s", target->board.name, target->type);
    } else {
        log_info(&app->log, "built for %s", target->board.name);
    }
}

int cmd_build(struct app *app, struct err *err)
{
    struct target target;

    sandbox_mark_environment();
    if (target_choose(app, &target, err) != 0) {
        return -1;
    }
    int status = target_build_all(app, &target, err);
    if (status == 0) {
        tell_place(app, &target);
    }
    target_release(&target);
    return status > 0 ? EXIT_FAILED : status; // the compiler has said why
}
