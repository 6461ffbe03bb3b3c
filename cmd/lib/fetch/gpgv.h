// SPDX-License-Identifier: MIT
// Signatures of Release files, checked by gpgv.
#ifndef PISDK_FETCH_GPGV_H
#define PISDK_FETCH_GPGV_H

#include "base/err.h"
#include "base/str.h"

// Checks the clear-signed text of an InRelease with gpgv against the keyring, and puts the signed
// part into `out`: only what gpgv verified, nothing around it. One good signature is enough, as a
// Release file is signed by the keys of two releases; one bad signature is too many.
// ERR_VERIFY when it is not signed by a key in the keyring, ERR_NOT_FOUND without gpgv.
int gpgv_verify(const char *keyring, const struct strbuf *text, struct strbuf *out,
                struct err *err) ERR_MUST_CHECK;

#endif
