// SPDX-License-Identifier: MIT
#include "pisdk/sysroot/users.h"

#include <string.h>

#include "project/project.h"
#include "sysroot/gc.h"

static bool wants(const char *dir, const char *name)
{
    struct project project;
    struct err ignored = ERR_INIT;
    if (project_read(dir, &project, &ignored) != 0) {
        return false;
    }
    bool same = strcmp(project.sysroot ? project.sysroot : PROJECT_DEFAULT_SYSROOT, name) == 0;
    project_release(&project);
    return same;
}

void sysroot_add_users(const struct sysroot *s, struct strv *projects)
{
    (void)sysroot_users(s, wants, projects);
}
