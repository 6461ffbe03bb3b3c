// Folders of the desktop that an emulated program sees, at their own paths.
#ifndef PISDK_SHOWN_H
#define PISDK_SHOWN_H

#include <stdbool.h>

#include "base/str.h"

// Has the board such a folder itself, so that nothing of the desktop can be there?
bool shown_is_boards_own(const char *path);

// Is the path one of these folders, or in one of them?
bool shown_has(const struct strv *shown, const char *path);

#endif
