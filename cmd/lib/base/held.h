// SPDX-License-Identifier: MIT
// Folders that are being made, or are used for a while: whoever has one holds a lock on it, so that
// what a process left that was killed can be told from them, and removed by the next one.
#ifndef PISDK_BASE_HELD_H
#define PISDK_BASE_HELD_H

#include <sys/types.h>

#include "base/err.h"

// Makes FOLDER/PREFIXxxxxxx, a new name, with this mode, after removing those of that prefix which
// nobody holds. Returns a descriptor that holds it; its path is the caller's to free.
int held_make(const char *folder, const char *prefix, mode_t mode, char **path,
              struct err *err) ERR_MUST_CHECK;

#endif
