// SPDX-License-Identifier: MIT
// Folders of the desktop that an emulated program sees, at their own paths.
#ifndef PISDK_SANDBOX_VISIBLE_H
#define PISDK_SANDBOX_VISIBLE_H

#include <stdbool.h>

#include "base/str.h"

// Has the board such a folder itself, so that nothing of the desktop can be there?
bool visible_is_boards_own(const char *path);

// Is the path one of these folders, or in one of them?
bool visible_has(const struct strv *shown, const char *path);

#endif
