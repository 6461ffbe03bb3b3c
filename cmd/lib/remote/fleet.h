// SPDX-License-Identifier: MIT
// Talking to many boards at once, with the user's OpenSSH.
//
// A fleet has a session a board: an ssh whose far end runs a script of the shell, sh(1), that was
// sent to it, so that nothing needs to be on a board beforehand. All sessions are served by one
// loop, which calls back what comes; the callbacks may send, close and kill. What ssh says of a
// connection that fails becomes an error with a hint. When pisdk ends, so do the sessions: the
// scripts read the end of their input.
#ifndef PISDK_REMOTE_FLEET_H
#define PISDK_REMOTE_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "remote/remotes.h"

struct fleet;

enum fleet_stream { FLEET_OUT, FLEET_ERRORS };

struct fleet_handlers {
    void *user;
    // A line, without its end; also the last one when it has none. A carriage return ends one too.
    void (*on_line)(void *user, size_t node, enum fleet_stream stream, const char *line);
    // The session is over. `status` is that of the script; -1: the connection failed, see `why`.
    void (*on_end)(void *user, size_t node, int status, const struct err *why);
    // Called ten times a second, or NULL.
    void (*on_tick)(void *user);
    struct log *log; // gets "still waiting for pi3"; or NULL
};

// Nothing is started yet. The list must stay as long as the fleet.
struct fleet *fleet_new(const struct remotes *nodes, const struct fleet_handlers *handlers);
void fleet_free(struct fleet *f); // ends what is left

// Starts a session on node number `node`, which runs `script`, with `args` (or NULL) as its $1, $2,
// ….
int fleet_start(struct fleet *f, size_t node, const char *script, const struct strv *args,
                struct err *err) ERR_MUST_CHECK;
// Queues text for the script's standard input. A session that is over drops it.
void fleet_send(struct fleet *f, size_t node, const char *text);
// Queues `n` bytes of the file `fd` from `offset` on; the descriptor is the caller's and must stay.
void fleet_send_file(struct fleet *f, size_t node, int fd, uint64_t offset, uint64_t n);
void fleet_close_input(struct fleet *f, size_t node); // after what is queued
void fleet_kill(struct fleet *f, size_t node);        // ends the connection; on_end follows
bool fleet_is_open(const struct fleet *f, size_t node);

// Serves all sessions until none is left, or `stop` (which may be NULL) says so, or a signal asks
// pisdk to stop, which is ERR_INTERRUPTED: the caller holds signals back (base/proc.h).
int fleet_serve(struct fleet *f, bool (*stop)(void *user), struct err *err) ERR_MUST_CHECK;

// Reads a script for boards from toolchain/remote, whose path is `folder`. What is lost of it:
// comments, blank lines, and blanks at both ends of a line, which no script there may depend on.
int fleet_read_script(const char *folder, const char *name, struct strbuf *out,
                      struct err *err) ERR_MUST_CHECK;
// A text as printf(1) has it with %b: without line ends and single quotes.
void fleet_encode(const char *text, struct strbuf *out);
// The same as a word of a line: without blanks, with one in front, and never empty (a full stop
// begins it, which the script takes away).
void fleet_encode_word(const char *text, struct strbuf *out);

// The words of an ssh to a node, without a command: what else talks to boards has the same options.
void fleet_ssh_argv(const struct remotes *nodes, const struct remote *node, struct strv *argv);

// The words of an ssh that runs a script on a node, with `args` (or NULL) as its $1, $2, …: for a
// program whose output goes somewhere by itself.
void fleet_script_argv(const struct remotes *nodes, const struct remote *node, const char *script,
                       const struct strv *args, struct strv *argv);

// One script on all nodes, and what each said: for questions with an answer.
struct fleet_answer {
    int status;           // of the script; -1: the connection failed, see `err`
    struct strbuf out;    // never NULL data
    struct strbuf errors; // what the script printed to its standard error
    struct err err;
    double began, ended; // clock_seconds
};
// `answers` has nodes->n elements, which fleet_answers_release frees.
int fleet_ask(const struct remotes *nodes, const char *script, const struct strv *args,
              struct fleet_answer *answers, struct err *err) ERR_MUST_CHECK;
void fleet_answers_release(struct fleet_answer *answers, size_t n);

#endif
