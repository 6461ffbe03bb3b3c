// What the readers of hostfiles and of inventories share.
#ifndef PISDK_REMOTE_HOSTFILE_INTERNAL_H
#define PISDK_REMOTE_HOSTFILE_INTERNAL_H

#include "remote/remotes.h"

// A host may be named more than once; looking each up takes time.
enum { HOSTFILE_LINE_MAX = 4096, HOSTFILE_MENTIONS_MAX = 4 * REMOTES_MAX };

struct hostfile_source {
    const char *path;
    struct slice text;
    int line;        // that is being read
    size_t mentions; // of hosts, so far
};

// Calls back for each line that is neither empty nor a comment, without the blanks around it; the
// file and the line are added to its error.
typedef int hostfile_line_handler(void *user, struct slice line, struct err *err);
int hostfile_lines(struct hostfile_source *s, hostfile_line_handler *handler, void *user,
                   struct err *err) ERR_MUST_CHECK;

// The words of a line, up to a comment, without their quotes.
int hostfile_words(struct slice line, struct strv *words, struct err *err) ERR_MUST_CHECK;

// Counts `n` more hosts that were named.
int hostfile_mention(struct hostfile_source *s, size_t n, struct err *err) ERR_MUST_CHECK;

// See hostfile_parse.
int inventory_parse(struct hostfile_source *s, const char *group, struct remotes *out,
                    struct err *err) ERR_MUST_CHECK;

#endif
