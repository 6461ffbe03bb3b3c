// SPDX-License-Identifier: MIT
#include "cluster/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define ERROR_WORD "error"

enum { ERROR_WORDS = 4 }; // the word itself, code, message, hint

union control {
    struct cmsghdr header; // for its alignment
    char bytes[CMSG_SPACE(WIRE_FDS * sizeof(int))];
};

static size_t pack(const struct strv *words, struct strbuf *out)
{
    for (size_t i = 0; i < words->n; i++) {
        strbuf_add(out, words->items[i], strlen(words->items[i]) + 1);
    }
    return out->len;
}

int wire_send(int socket, const struct strv *words, const int *fds, size_t n_fds, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    union control control = {0};

    if (pack(words, &text) > WIRE_MAX) {
        return err_set(err, ERR_USAGE, "arguments and environment are too long for a cluster");
    }
    struct iovec part = {.iov_base = text.data, .iov_len = text.len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (n_fds) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
    }
    ssize_t n;
    do {
        n = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n >= 0            ? 0
           : errno == EAGAIN ? wire_no_answer(err)
                             : err_sys(err, "cannot send a message to the cluster");
}

int wire_send_word(int socket, const char *word, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    strv_add(&words, word);
    return wire_send(socket, &words, NULL, 0, err);
}

int wire_send_number(int socket, const char *word, unsigned number, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    strv_add(&words, word);
    strv_addf(&words, "%u", number);
    return wire_send(socket, &words, NULL, 0, err);
}

void wire_send_error(int socket, const struct err *error)
{
    _cleanup_strv_ struct strv words = {0};
    struct err ignored = ERR_INIT;
    strv_add(&words, ERROR_WORD);
    strv_addf(&words, "%d", (int)error->code);
    strv_add_list(&words, error->msg, error->hint, NULL);
    (void)!wire_send(socket, &words, NULL, 0, &ignored);
}

int wire_parse(const char *data, size_t n, struct strv *words, struct err *err)
{
    if (n == 0 || data[n - 1] != '\0') {
        return err_set(err, ERR_VERIFY, "a message of the cluster is truncated");
    }
    for (size_t at = 0; at < n; at += strlen(data + at) + 1) {
        strv_add(words, data + at);
    }
    return 0;
}

static void take_descriptors(struct msghdr *message, struct wire *out)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            const int *fds = (const int *)CMSG_DATA(c);
            for (size_t i = 0; i < n; i++) {
                if (i < WIRE_FDS) {
                    out->fds[i] = fds[i];
                } else {
                    close(fds[i]); // padding has room for one more
                }
            }
        }
    }
}

int wire_receive(int socket, struct wire *out, struct err *err)
{
    _cleanup_free_ char *data = xmalloc(WIRE_MAX);
    union control control;
    struct iovec part = {.iov_base = data, .iov_len = WIRE_MAX};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t n;

    *out = (struct wire){.fds = {-1, -1, -1}};
    do {
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        return wire_no_answer(err);
    }
    if (n < 0 && errno != ECONNRESET) {
        return err_sys(err, "cannot read a message of the cluster");
    }
    if (n <= 0) {
        return 1;
    }
    take_descriptors(&message, out);
    if (wire_parse(data, (size_t)n, &out->words, err) != 0) {
        wire_release(out);
        return -1;
    }
    return 0;
}

bool wire_is_error(const struct wire *w)
{
    return w->words.n == ERROR_WORDS && strcmp(w->words.items[0], ERROR_WORD) == 0;
}

int wire_take_error(const struct wire *w, struct err *err)
{
    char *const *words = w->words.items;
    err_set(err, (enum err_code)strtol(words[1], NULL, 10), "%s", words[2]);
    return words[3][0] ? err_hint(err, "%s", words[3]) : -1;
}

int wire_other_version(struct err *err)
{
    err_set(err, ERR_FAILED, "the cluster belongs to another version of pisdk");
    return err_hint(err, "run `pisdk cluster down`, then start it again");
}

int wire_no_answer(struct err *err)
{
    err_set(err, ERR_NODES, "the cluster does not answer");
    return err_hint(err, "`pisdk cluster down` (with its --name) ends it, even when it is stopped");
}

int wire_expect(int socket, const char *word, struct wire *out, struct err *err)
{
    int r = wire_receive(socket, out, err);
    if (r < 0) {
        return -1;
    }
    if (r > 0) {
        return err_set(err, ERR_FAILED, "the cluster ended");
    }
    if (strcmp(out->words.items[0], word) == 0) {
        return 0;
    }
    if (wire_is_error(out)) {
        wire_take_error(out, err);
    } else {
        wire_other_version(err);
    }
    wire_release(out);
    return -1;
}

void wire_release(struct wire *w)
{
    for (size_t i = 0; i < WIRE_FDS; i++) {
        if (w->fds[i] >= 0) {
            close(w->fds[i]);
        }
    }
    strv_release(&w->words);
    *w = (struct wire){.fds = {-1, -1, -1}};
}
