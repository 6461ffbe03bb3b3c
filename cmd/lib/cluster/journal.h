// SPDX-License-Identifier: MIT
// What happened to a cluster, in files of its folder `log`, for `pisdk cluster logs`. Not for
// others than this folder.
#ifndef PISDK_CLUSTER_JOURNAL_H
#define PISDK_CLUSTER_JOURNAL_H

// Adds a line with the time, which is the user's, to the file `name`. `log` is the folder. A line
// that cannot be written is lost.
void journal_write(int log, const char *name, const char *text);

#endif
