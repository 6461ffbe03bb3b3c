// SPDX-License-Identifier: MIT
// The folder of a cluster, and who has it. Not for others than this folder.
#ifndef PISDK_CLUSTER_FOLDER_H
#define PISDK_CLUSTER_FOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct cluster_folder {
    char *dir;
    int fd;   // of dir
    int lock; // held: the cluster is ours
};

// Makes the folder of a cluster, empty, and takes its lock. ERR_USAGE when it is taken.
int cluster_folder_claim(const char *runtime, const char *name, struct cluster_folder *out,
                         struct err *err) ERR_MUST_CHECK;
void cluster_folder_release(struct cluster_folder *p);

// Is somebody holding the lock? What a dead cluster left is removed.
bool cluster_folder_is_alive(const char *dir);

// Removes a cluster's folder, and those above it that are pisdk's and empty now.
void cluster_folder_remove(const char *dir);

// Keeps which process the cluster belongs to, and kills it: all boards end with it.
int cluster_folder_note_supervisor(const struct cluster_folder *p, pid_t pid,
                                   struct err *err) ERR_MUST_CHECK;
void cluster_folder_kill_supervisor(const char *dir);

// Waits until nobody holds the lock; false after `seconds`. Then removes what is left.
bool cluster_folder_wait_gone(const char *dir, double seconds);

char *cluster_folder_path(const char *runtime, const char *name);
int cluster_folder_check_runtime(const char *runtime, struct err *err) ERR_MUST_CHECK;

// The socket `control` in the folder: made to listen, or connected to. Who connects waits for no
// longer than `seconds` for each message: longer than the supervisor waits for another one, and for
// boards that start longer than that takes.
enum { CLUSTER_FOLDER_PATIENCE = 10, CLUSTER_FOLDER_PATIENCE_START = 60 };
int cluster_folder_listen(const struct cluster_folder *p, struct err *err) ERR_MUST_CHECK;
int cluster_folder_connect(const char *dir, int seconds, struct err *err) ERR_MUST_CHECK;
// Connects and sends a request; the answer is still to be read from the socket, which is the
// caller's.
int cluster_folder_ask(const char *dir, const struct strv *words, int seconds,
                       struct err *err) ERR_MUST_CHECK;

#endif
