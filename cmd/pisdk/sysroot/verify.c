// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "sysroot/store.h"
#include "sysroot/tree.h"
#include "workspace/target_choice.h"

static void on_change(void *user, enum tree_change change, const char *path, const char *how)
{
    static const char *const words[] = {"changed", "missing", "added"};
    struct table *t = user;
    table_text(t, words[change]);
    table_text(t, path);
    table_text(t, how);
}

// The list of files as it was when the sysroot was made; the lock has its digest.
static int read_list(const struct sysroot *s, struct tree *out, struct err *err)
{
    _cleanup_free_ char *path = fs_join(s->dir, "files");
    _cleanup_strbuf_ struct strbuf text = {0};
    char digest[HASH_HEX + 1];

    if (fs_read_file(path, TREE_TEXT_MAX, &text, err) != 0 ||
        tree_parse(text.data, text.len, out, err) != 0) {
        return -1;
    }
    hash_bytes(text.data, text.len, digest);
    if (!str_eq(digest, lock_tree_digest(&s->lock))) {
        tree_release(out);
        return err_set(err, ERR_VERIFY,
                       "%s is not the list of files that " LOCK_FILE
                       " has the digest of (%.12s…, expected %.12s…)",
                       path, digest, lock_tree_digest(&s->lock));
    }
    return 0;
}

static int scan(const struct sysroot *s, struct tree *out, struct err *err)
{
    _cleanup_close_ int root = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? err_sys(err, "cannot open %s", s->root) : tree_scan(root, out, err);
}

static int verify(struct app *app, const struct sysroot *s, struct err *err)
{
    static const struct column columns[] = {
        {"state", COLUMN_TEXT},
        {"path", COLUMN_TEXT},
        {"difference", COLUMN_TEXT},
    };
    _cleanup_(tree_release) struct tree expected = {0};
    _cleanup_(tree_release) struct tree found = {0};

    if (read_list(s, &expected, err) != 0 || scan(s, &found, err) != 0) {
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    size_t n = tree_compare(&expected, &found, on_change, t);
    if (n > 0 || app->json) {
        table_print(t, app->json);
    }
    table_free(t);
    if (n == 0) {
        log_info(&app->log, "%s is unchanged: %zu files and folders, digest %s", s->name,
                 expected.n, lock_tree_digest(&s->lock));
        return EXIT_OK;
    }
    err_set(err, ERR_VERIFY,
            n == 1 ? "%zu file or folder of sysroot `%s` has changed"
                   : "%zu files or folders of sysroot `%s` have changed",
            n, s->name);
    bool own = strcmp(s->name, s->lock.name) == 0; // else it is a project's
    return err_hint(err, "pisdk sysroot remove %s && pisdk sysroot build%s%s", s->name,
                    own ? " " : ", in the project", own ? s->name : "");
}

int cmd_sysroot_verify(struct app *app, struct err *err)
{
    struct sysroot s;
    if (target_open_named(&app->work, app->input.args.n ? app->input.args.items[0] : NULL, &s,
                          err) != 0) {
        return -1;
    }
    int r = verify(app, &s, err);
    sysroot_release(&s);
    return r;
}
