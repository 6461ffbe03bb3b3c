// SPDX-License-Identifier: MIT
// Which projects use a sysroot.
#ifndef PISDK_COMMAND_SYSROOT_USERS_H
#define PISDK_COMMAND_SYSROOT_USERS_H

#include "sysroot/store.h"

// Adds the folders of the projects whose lock or pisdk.ini wants it.
void sysroot_add_users(const struct sysroot *s, struct strv *projects);

#endif
