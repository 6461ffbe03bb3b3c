// SPDX-License-Identifier: MIT
#include "remote/ssh_error.h"

#include <string.h>

#include "base/str.h"

#define MDNS "names that end in .local need mDNS on this desktop: sudo apt install libnss-mdns"

// The texts are those of OpenSSH (ssh.c, sshconnect.c, sshconnect2.c, packet.c, clientloop.c).
static const struct {
    const char *text;
    const char *meaning; // NULL: ssh's own line
    const char *hint;    // %s: what ssh is given
} known[] = {
    {" is off\n", "it is off", NULL}, // `pisdk cluster connect`
    {".local: Name or service not known", "unknown host name", MDNS},
    {".local: Temporary failure in name resolution", "unknown host name", MDNS},
    {"Could not resolve hostname", "unknown host name", NULL},
    {"Connection refused", "no sshd is running there",
     "on the board: sudo systemctl enable --now ssh"},
    {"No route to host", "it is off, or not on the network", NULL},
    {"Network is unreachable", "this machine cannot reach its network", NULL},
    {"Connection timed out", "it does not answer", NULL},
    {"Operation timed out", "it does not answer", NULL},
    {"does not answer", "it does not answer", NULL}, // `pisdk cluster connect`
    {"not responding", "it stopped answering", NULL},
    {"Too many authentication failures", "ssh offered too many keys",
     "say which key in ~/.ssh/config: IdentityFile, with IdentitiesOnly yes"},
    {"Permission denied (", "it does not accept a login without a password", "ssh-copy-id %s"},
    {"Connection reset by", "the connection was lost", NULL},
    {"Connection closed by", "the connection was lost", NULL},
    {"closed by remote host", "the connection was lost", NULL},
    {"Broken pipe", "the connection was lost", NULL},
};

static int host_key(const struct remote *node, const char *said, struct err *err)
{
    const char *at = strrchr(node->host, '@');
    const char *host = at ? at + 1 : node->host;
    _cleanup_free_ char *words = remote_words(node);
    _cleanup_free_ char *entry =
        node->port ? xasprintf("'[%s]:%ld'", host, node->port) : xstrdup(host);
    if (strstr(said, "IDENTIFICATION HAS CHANGED")) {
        err_set(err, ERR_VERIFY,
                "host key changed: the board was reinstalled, or this is another machine");
        return err_hint(err, "if you know why: ssh-keygen -R %s && ssh %s", entry, words);
    }
    err_set(err, ERR_VERIFY, "host key not known yet");
    return err_hint(err, "log in once and compare the key: ssh %s", words);
}

int ssh_error(const struct remote *node, const char *said, struct err *err)
{
    if (strstr(said, "Host key verification failed") ||
        strstr(said, "IDENTIFICATION HAS CHANGED")) {
        return host_key(node, said, err);
    }
    _cleanup_free_ char *last = str_last_line(said);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (!strstr(said, known[i].text)) {
            continue;
        }
        err_set(err, ERR_NETWORK, "%s", known[i].meaning);
        const char *own = strstr(said, "hint: "); // of `pisdk cluster connect`
        if (own) {
            return err_hint(err, "%.*s", (int)strcspn(own + 6, "\n"), own + 6);
        }
        if (known[i].hint && strstr(known[i].hint, "%s")) {
            const char *at = strstr(known[i].hint, "%s");
            _cleanup_free_ char *words = remote_words(node);
            err_hint(err, "%.*s%s%s", (int)(at - known[i].hint), known[i].hint, words, at + 2);
        } else if (known[i].hint) {
            err_hint(err, "%s", known[i].hint);
        }
        return -1;
    }
    return err_set(err, ERR_NETWORK, "%s", *last ? last : "the connection was lost");
}

bool ssh_error_is_passing(const char *said)
{
    static const char *const lasting[] = {" is off\n", "No route to host", "does not answer"};
    static const char *const texts[] = {
        "kex_exchange_identification", "ssh_exchange_identification", "banner exchange",
        "Connection reset by",         "Connection closed by",        "Connection timed out"};
    for (size_t i = 0; i < ARRAY_SIZE(lasting); i++) {
        if (strstr(said, lasting[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (strstr(said, texts[i])) {
            return true;
        }
    }
    return false;
}
