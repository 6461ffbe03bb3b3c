// SPDX-License-Identifier: MIT
// `pisdk ci`: a workflow for a service that builds and tests each change, without a board.

#include <string.h>

#include "base/fs.h"
#include "deb/lock.h"
#include "pisdk/app.h"
#include "pisdk/project/offer.h"

enum { RANKS = 4 };

// The commands of one step. Programs that use no MPI have said what they need in their tests.
static char *run_commands(const struct project *p)
{
    struct strbuf b = {0};
    if (p->ranks == 0) {
        strbuf_adds(&b, "echo 'pisdk.ini names no [run] ranks'");
    }
    for (long ranks = 1; p->ranks > 0 && ranks <= RANKS; ranks *= 2) {
        strbuf_addf(&b, "%spisdk run -n %ld </dev/null", ranks > 1 ? " && " : "", ranks);
    }
    return strbuf_take(&b);
}

static void tell_next(struct app *app, const char *package)
{
    _cleanup_free_ char *lock = fs_join(app->project.dir, LOCK_FILE);
    if (!fs_exists(lock)) {
        log_warning(&app->log, "there is no " LOCK_FILE " yet, without which it fails: "
                               "pisdk sysroot build");
    }
    if (!strstr(package, "://")) {
        log_info(&app->log,
                 "it installs pisdk from %s: put the package there, or set PISDK_PACKAGE", package);
    }
}

int cmd_ci(struct app *app, struct err *err)
{
    const char *service = app->input.args.n ? app->input.args.items[0] : NULL;
    const char *package = input_value(&app->input, "package");
    struct offer files = {.app = app};

    if (offer_check(app, "ci", "service", service, err) != 0) {
        return err_hint(err, "pisdk ci github");
    }
    if (package && strpbrk(package, "'\"\\\n")) {
        return err_set(err, ERR_USAGE, "`%s` has a quote in it", package);
    }
    package = package ? package : "ci/pisdk_amd64.deb";
    _cleanup_free_ char *kind = xasprintf("ci/%s", service);
    _cleanup_free_ char *run = run_commands(&app->project);
    offer_know(&files, "@PACKAGE@", package);
    offer_know(&files, "@RUN@", run);
    int r = offer_add(&files, kind, err);
    if (r == 0 && input_flag(&app->input, "print")) {
        offer_print(&files);
    } else if (r == 0 && offer_write(&files, err) != 0) {
        r = err_hint(err, "`pisdk ci %s --print` shows what to put there", service);
    } else if (r == 0) {
        tell_next(app, package);
    }
    offer_release(&files);
    return r;
}
