// SPDX-License-Identifier: MIT
// Why the kernel refuses namespaces, and how to allow them.

#include <errno.h>
#include <string.h>

#include "base/fs.h"
#include "sandbox/namespace.h"

enum { SETTING_MAX = 1 << 12 };

static bool setting_is(const char *file, const char *value)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    return fs_read_file(file, SETTING_MAX, &text, &ignored) == 0 && text.data &&
           slice_is(slice_trim((struct slice){text.data, text.len}), value);
}

static bool in_container(void)
{
    return fs_exists("/.dockerenv") || fs_exists("/run/.containerenv");
}

const char *namespace_mend(void)
{
    // user_namespaces(7); Debian's and Ubuntu's own settings.
    static const struct {
        const char *file, *value, *mend;
    } settings[] = {
        {"/proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"},
        {"/proc/sys/user/max_net_namespaces", "0", "sudo sysctl user.max_net_namespaces=10000"},
        {"/proc/sys/kernel/unprivileged_userns_clone", "0",
         "sudo sysctl kernel.unprivileged_userns_clone=1"},
        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
         "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        if (setting_is(settings[i].file, settings[i].value)) {
            return settings[i].mend;
        }
    }
    if (in_container()) {
        return "this container refuses namespaces: start it with --security-opt seccomp=unconfined "
               "--security-opt systempaths=unconfined";
    }
    return NULL;
}

int namespace_unsupported(struct err *err, const char *what)
{
    err_sys(err, "%s", what);
    err->code = ERR_UNSUPPORTED;
    err->hint[0] = '\0'; // ENOSPC, for one, is a limit on namespaces here, not a full disk
    if (err->sys == ENOSPC || err->sys == EUSERS) {
        const char *mend = namespace_mend();
        return err_hint(err, "%s",
                        mend ? mend
                             : "a limit on namespaces is reached: see `sysctl user`, "
                               "max_*_namespaces");
    }
    const char *mend = err->sys == EPERM || err->sys == EACCES ? namespace_mend() : NULL;
    return mend ? err_hint(err, "%s", mend) : -1;
}
