// `pisdk sysroot build` of the program that users start: hands over to pisdk-sysroot, which is the
// same program with this command in it. Loading the libraries that only this command needs
// (libcurl, libsolv, libarchive and what they bring) takes ten times as long as all else at
// start-up.

#include <unistd.h>

#include "app.h"
#include "base/fs.h"

int cmd_sysroot_build(struct app *app, struct err *err)
{
    static const char *const places[] = {"pisdk-sysroot", "../libexec/pisdk/pisdk-sysroot"};
    _cleanup_free_ char *folder = fs_parent(app->paths.program);

    // It reads the same words, so it has to start where we did.
    if (app->start_dir >= 0 && fchdir(app->start_dir) != 0) {
        return err_sys(err, "cannot go back to the folder where pisdk was started");
    }
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_free_ char *program = fs_join(folder, places[i]);
        if (fs_is_program(program)) {
            execv(program, app->argv);
            return err_sys(err, "cannot run %s", program);
        }
    }
    err_set(err, ERR_FAILED, "pisdk-sysroot, a part of pisdk, is not beside %s",
            app->paths.program);
    return err_hint(err, "install pisdk again: ./bootstrap install");
}
