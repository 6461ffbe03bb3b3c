// SPDX-License-Identifier: MIT
#include "fetch/gpgv.h"

#include <string.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/proc.h"

enum { RELEASE_MAX = 16 << 20 };

struct verdict {
    bool good, bad, expired;
    char missing_key[64];
};

// Lines of gpgv's status stream: doc/DETAILS of GnuPG.
static struct verdict read_status(const char *status)
{
    struct verdict v = {0};
    struct slice rest = {status, strlen(status)};
    struct slice line;

    while (slice_cut(&rest, '\n', &line)) {
        struct slice word;
        if (!slice_word(&line, &word) || !slice_is(word, "[GNUPG:]") || !slice_word(&line, &word)) {
            continue;
        }
        if (slice_is(word, "GOODSIG")) { // not VALIDSIG: expired keys get that one too
            v.good = true;
        } else if (slice_is(word, "BADSIG")) {
            v.bad = true;
        } else if (slice_is(word, "EXPKEYSIG") || slice_is(word, "REVKEYSIG") ||
                   slice_is(word, "EXPSIG")) {
            v.expired = true;
        } else if (slice_is(word, "NO_PUBKEY") && slice_word(&line, &word)) {
            snprintf(v.missing_key, sizeof(v.missing_key), "%.*s", (int)word.n, word.p);
        }
    }
    return v;
}

static int refuse(const struct verdict *v, const char *keyring, const char *errors, struct err *err)
{
    if (v->bad) {
        err_set(err, ERR_VERIFY, "bad signature: the file was changed in transit");
        return err_hint(err, "try another mirror with --mirror URL");
    }
    if (v->expired) {
        return err_set(err, ERR_VERIFY, "the key that signed it has expired or was revoked");
    }
    if (v->missing_key[0]) {
        return err_set(err, ERR_VERIFY, "signed by key %s, which is not in %s", v->missing_key,
                       keyring);
    }
    _cleanup_free_ char *first = xstrndup(errors, strcspn(errors, "\n"));
    return err_set(err, ERR_VERIFY, "not a signed file (%s)", *first ? first : "no signature");
}

// The text as something to read from the start; it is in no folder.
static int open_text(const struct strbuf *text, struct err *err)
{
    _cleanup_close_ int fd = memfd_create("signed", MFD_CLOEXEC);
    if (fd < 0 || fs_write_all(fd, text->data, text->len, err) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0) {
        return err_sys(err, "cannot pass the signed text to gpgv");
    }
    return TAKE_FD(fd);
}

int gpgv_verify(const char *keyring, const struct strbuf *text, struct strbuf *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf status = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    int exit_status = 0;
    _cleanup_strv_ struct strv argv = {0};

    strv_add_list(&argv, "gpgv", "--status-fd", "3", "--keyring", keyring, "--output", "-", "-",
                  NULL);
    if (!fs_exists(keyring)) {
        return err_set(err, ERR_NOT_FOUND, "no keyring %s", keyring);
    }
    _cleanup_close_ int input = open_text(text, err);
    if (input < 0) {
        return -1;
    }
    const struct proc_capture capture = {
        .input = input, .max = RELEASE_MAX, .out = out, .errors = &errors, .status_out = &status};
    if (proc_capture(argv.items, &capture, &exit_status, err) != 0) {
        if (err->code == ERR_NOT_FOUND) {
            err_set(err, ERR_NOT_FOUND, "gpgv, which checks signatures, is not installed");
            err_hint(err, "sudo apt install gpgv");
        }
        return -1;
    }
    struct verdict v = read_status(status.data ? status.data : "");
    if (v.bad || !v.good || out->len == 0) {
        return refuse(&v, keyring, errors.data ? errors.data : "", err);
    }
    return 0;
}
