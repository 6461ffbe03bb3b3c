// The folder of a cluster, and who has it. Not for others than this folder.
#ifndef PISDK_CLUSTER_PLACE_H
#define PISDK_CLUSTER_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct place {
    char *dir;
    int fd;   // of dir
    int lock; // held: the cluster is ours
};

// Makes the folder of a cluster, empty, and takes its lock. ERR_USAGE when it is taken.
int place_claim(const char *runtime, const char *name, struct place *out,
                struct err *err) ERR_MUST_CHECK;
void place_release(struct place *p);

// Is somebody holding the lock? What a dead cluster left is removed.
bool place_is_alive(const char *dir);

// Removes a cluster's folder, and those above it that are pisdk's and empty now.
void place_remove(const char *dir);

// Keeps which process the cluster belongs to, and kills it: all boards end with it.
int place_note_supervisor(const struct place *p, pid_t pid, struct err *err) ERR_MUST_CHECK;
void place_kill_supervisor(const char *dir);

// Waits until nobody holds the lock; false after `seconds`. Then removes what is left.
bool place_wait_gone(const char *dir, double seconds);

char *place_path(const char *runtime, const char *name);
int place_check_runtime(const char *runtime, struct err *err) ERR_MUST_CHECK;

// The socket `control` in the folder: made to listen, or connected to. Who connects waits for no
// longer than `seconds` for each message: longer than the supervisor waits for another one, and for
// boards that start longer than that takes.
enum { PLACE_PATIENCE = 10, PLACE_PATIENCE_START = 60 };
int place_listen(const struct place *p, struct err *err) ERR_MUST_CHECK;
int place_connect(const char *dir, int seconds, struct err *err) ERR_MUST_CHECK;
// Connects and sends a request; the answer is still to be read from the socket, which is the
// caller's.
int place_ask(const char *dir, const struct strv *words, int seconds,
              struct err *err) ERR_MUST_CHECK;

#endif
