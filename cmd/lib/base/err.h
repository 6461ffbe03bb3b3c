// SPDX-License-Identifier: MIT
// Errors.
//
// A `struct err` belongs to the caller and is the last parameter of every function that can fail.
// Such a function returns 0 or -1 (or a pointer or NULL) and fills the error only when it fails.
// The message is one line without a final full stop that says what failed, on what, and why; the
// hint, where there is one, is the command or change that mends it. Nothing here prints.
#ifndef PISDK_BASE_ERR_H
#define PISDK_BASE_ERR_H

#define ERR_MUST_CHECK               __attribute__((warn_unused_result))
#define ERR_PRINTF(fmt_index, first) __attribute__((format(printf, fmt_index, first)))

enum err_code {
    ERR_NONE = 0,
    ERR_FAILED,      // something did not work: a file, a program, the network
    ERR_USAGE,       // the caller's words are wrong: options, names, a broken pisdk.ini
    ERR_VERIFY,      // a signature, a hash, a size or an ABI does not match
    ERR_RESOLVE,     // the packages wanted cannot be installed together
    ERR_NODES,       // some of the nodes failed
    ERR_NOT_FOUND,   // a thing named by the user, a file or an URL does not exist
    ERR_NETWORK,     // no connection, a stalled transfer, a server error
    ERR_UNSUPPORTED, // this kernel or machine cannot do it; another way may work
    ERR_INTERRUPTED, // SIGINT or SIGTERM arrived
};

enum { ERR_MSG_MAX = 2048, ERR_HINT_MAX = 512 };

struct err {
    enum err_code code;
    int sys; // errno at the place of failure, 0 when there was none
    char msg[ERR_MSG_MAX];
    char hint[ERR_HINT_MAX];
};

#define ERR_INIT                                                                                   \
    {                                                                                              \
        .code = ERR_NONE                                                                           \
    }

// Sets the error and returns -1, so that `return err_set(err, …)` reads well.
int err_set(struct err *err, enum err_code code, const char *fmt, ...) ERR_PRINTF(3, 4);

// The same with code ERR_FAILED, and ": " and the text of errno (read first) at the end.
int err_sys(struct err *err, const char *fmt, ...) ERR_PRINTF(2, 3);

// Puts "context: " in front of the message. Returns -1.
int err_wrap(struct err *err, const char *fmt, ...) ERR_PRINTF(2, 3);

// Sets the hint, replacing an earlier one. Returns -1.
int err_hint(struct err *err, const char *fmt, ...) ERR_PRINTF(2, 3);

// Empties the error, before a second attempt.
void err_clear(struct err *err);

#endif
