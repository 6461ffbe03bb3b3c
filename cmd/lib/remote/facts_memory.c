// What boards said of themselves, kept: a line of the desktop's, then the board's answer.

#include <string.h>

#include "base/fs.h"
#include "base/hash.h"
#include "remote/facts.h"

#define FIRST_LINE "pisdk-facts 1 "

enum { KEY_DIGITS = 12, NAME_MAX_BYTES = 100, FOLDER_MODE = 0700, FILE_MODE = 0600 };

// A node is what ssh is given; its name in front is for people who look into the folder.
static char *file_of(const char *cache, const struct remotes *nodes, const struct remote *node)
{
    char hex[HASH_HEX + 1];
    _cleanup_free_ char *key =
        xasprintf("%s\n%ld\n%s\n%s", node->host, node->port, node->identity ? node->identity : "",
                  nodes->ssh_config ? nodes->ssh_config : "");
    _cleanup_free_ char *name = xasprintf("%.*s", (int)NAME_MAX_BYTES, node->host);
    hash_bytes(key, strlen(key), hex);
    for (char *p = name; *p; p++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.-_", *p)) {
            *p = '_';
        }
    }
    return xasprintf("%s/nodes/%s-%.*s", cache, name, (int)KEY_DIGITS, hex);
}

int facts_save(const char *cache, const struct remotes *nodes, const struct remote *node,
               const char *text, const struct facts *f, struct err *err)
{
    _cleanup_free_ char *path = file_of(cache, nodes, node);
    _cleanup_free_ char *folder = fs_parent(path);
    _cleanup_strbuf_ struct strbuf out = {0};

    strbuf_addf(&out, FIRST_LINE "%lld %d %.6f %.6f\n%s", (long long)f->asked, f->has_clock,
                f->clock_offset, f->clock_error, text);
    return fs_mkdir_all(folder, FOLDER_MODE, err) == 0
               ? fs_write_file(path, out.data, out.len, FILE_MODE, err)
               : -1;
}

int facts_load(const char *cache, const struct remotes *nodes, const struct remote *node,
               struct facts *out, struct err *err)
{
    _cleanup_free_ char *path = file_of(cache, nodes, node);
    _cleanup_strbuf_ struct strbuf text = {0};
    long long asked;
    int has_clock;
    double offset;
    double error;

    *out = (struct facts){0};
    if (fs_read_file(path, FACTS_TEXT_MAX + FACT_MAX, &text, err) != 0) {
        return -1;
    }
    const char *newline = strchr(text.data, '\n');
    if (!newline ||
        sscanf(text.data, FIRST_LINE "%lld %d %lf %lf", &asked, &has_clock, &offset, &error) != 4) {
        return err_set(err, ERR_NOT_FOUND, "%s is not what this pisdk wrote", path);
    }
    int r = facts_parse(newline + 1, text.len - (size_t)(newline + 1 - text.data), out, err);
    out->asked = (time_t)asked;
    out->has_clock = has_clock;
    out->clock_offset = offset;
    out->clock_error = error;
    return r;
}
