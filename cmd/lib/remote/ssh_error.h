// SPDX-License-Identifier: MIT
// What ssh(1) says when a connection fails, in words that help.
#ifndef PISDK_REMOTE_SSH_ERROR_H
#define PISDK_REMOTE_SSH_ERROR_H

#include <stdbool.h>

#include "base/err.h"
#include "remote/remotes.h"

// `said` is what ssh wrote to its standard error. Sets an ERR_NETWORK error without the node's
// name, with the command that mends it as hint where there is one; a host key that changed or is
// not known is ERR_VERIFY. Returns -1.
int ssh_error(const struct remote *node, const char *said, struct err *err);

// May another try help? True when the far end was too busy to take the connection.
bool ssh_error_is_passing(const char *said);

#endif
