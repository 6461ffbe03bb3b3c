// SPDX-License-Identifier: MIT
// Messages between pisdk and a cluster's supervisor, and between the supervisor and its boards.
//
// A message is a list of words and up to WIRE_FDS descriptors, sent as one packet of a Unix socket
// of type SOCK_SEQPACKET: each word is followed by a NUL. Both ends belong to the same user; what
// is malformed is refused all the same.
#ifndef PISDK_CLUSTER_WIRE_H
#define PISDK_CLUSTER_WIRE_H

#include "base/err.h"
#include "base/str.h"

enum { WIRE_FDS = 3, WIRE_MAX = 1 << 17 }; // WIRE_MAX: bytes of a message

struct wire {
    struct strv words;
    int fds[WIRE_FDS]; // -1: none
};

// `fds` may be NULL when `n_fds` is 0. ERR_USAGE for words that are too long together.
int wire_send(int socket, const struct strv *words, const int *fds, size_t n_fds,
              struct err *err) ERR_MUST_CHECK;
// A single word, or a word and a number.
int wire_send_word(int socket, const char *word, struct err *err) ERR_MUST_CHECK;
int wire_send_number(int socket, const char *word, unsigned number, struct err *err) ERR_MUST_CHECK;
// An error, which the other end's wire_expect gives to its caller.
void wire_send_error(int socket, const struct err *error);

// Waits for a message. 0: there is one, the caller's to release; 1: the other end is closed.
int wire_receive(int socket, struct wire *out, struct err *err) ERR_MUST_CHECK;
// The same for one that must start with `word`. An error of the other end becomes ours, and a
// closed one ERR_FAILED.
int wire_expect(int socket, const char *word, struct wire *out, struct err *err) ERR_MUST_CHECK;

// The words in the n bytes of a packet. ERR_VERIFY when there is none, or the last one has no end.
int wire_parse(const char *data, size_t n, struct strv *words, struct err *err) ERR_MUST_CHECK;

// Is it an error of the other end? Then it becomes ours. Returns -1.
bool wire_is_error(const struct wire *w);
int wire_take_error(const struct wire *w, struct err *err);
// No message came in the time that the socket has (SO_RCVTIMEO). Returns -1.
int wire_no_answer(struct err *err);
// What was received is not what we expect there. Returns -1.
int wire_other_version(struct err *err);

void wire_release(struct wire *w);

#endif
