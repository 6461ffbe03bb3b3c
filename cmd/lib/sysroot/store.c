// SPDX-License-Identifier: MIT
#include "sysroot/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fs.h"

enum { NAME_MAX_LENGTH = 64 };

bool sysroot_name_is_valid(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    size_t n = strlen(name);
    return n > 0 && n <= NAME_MAX_LENGTH && strspn(name, allowed) == n && name[0] != '.' &&
           name[0] != '-';
}

char *sysroot_side_path(const char *data, const char *name, const char *suffix)
{
    return xasprintf("%s/sysroots/.%s.%s", data, name, suffix);
}

// When it was made: its lock is written last and never again.
static void set_built(struct sysroot *s, const char *lock)
{
    struct stat st;
    struct tm tm;
    if (stat(lock, &st) == 0 && gmtime_r(&st.st_mtime, &tm)) {
        strftime(s->built, sizeof(s->built), "%Y-%m-%d %H:%M", &tm);
    }
}

static int read_lock(struct sysroot *s, struct err *err)
{
    _cleanup_free_ char *path = fs_join(s->dir, LOCK_FILE);
    if (lock_read(path, &s->lock, err) != 0) {
        err_set(err, ERR_FAILED, "the sysroot %s was not made by this version of pisdk", s->dir);
        return err_hint(err, "pisdk sysroot build %s", s->name);
    }
    set_built(s, path);
    return 0;
}

int sysroot_open(const char *data, const char *name, struct sysroot *out, struct err *err)
{
    *out = (struct sysroot){0};
    if (name[0] == '/') {
        out->dir = str_ends(name, "/root") ? fs_parent(name) : xstrdup(name);
        out->name = xstrdup(fs_base(out->dir));
    } else if (sysroot_name_is_valid(name)) {
        out->dir = xasprintf("%s/sysroots/%s", data, name);
        out->name = xstrdup(name);
    } else {
        return err_set(err, ERR_USAGE, "`%s` is not a valid sysroot name", name);
    }
    out->root = fs_join(out->dir, "root");
    if (!fs_is_dir(out->root)) {
        sysroot_release(out);
        err_set(err, ERR_NOT_FOUND, "there is no sysroot `%s` yet", name);
        return name[0] == '/' ? err_hint(err, "`pisdk sysroot list` lists the sysroots")
                              : err_hint(err, "pisdk sysroot build %s", name);
    }
    if (read_lock(out, err) != 0) {
        sysroot_release(out);
        return -1;
    }
    return 0;
}

static bool was_made_from(struct sysroot *s, const struct strbuf *wanted)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    char built[HASH_HEX + 1];
    memcpy(built, s->lock.built_sha256, sizeof(built)); // not of what was asked for
    s->lock.built_sha256[0] = '\0';
    lock_format(&s->lock, true, &text);
    memcpy(s->lock.built_sha256, built, sizeof(built));
    return text.len == wanted->len && memcmp(text.data, wanted->data, text.len) == 0;
}

int sysroot_open_locked(const char *data, const struct lock *lock, struct sysroot *out,
                        struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    _cleanup_strbuf_ struct strbuf wanted = {0};
    size_t n = strlen(lock->name);

    *out = (struct sysroot){0};
    lock_format(lock, true, &wanted);
    if (sysroot_names(data, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.items[i];
        struct err ignored = ERR_INIT;
        if (!str_starts(name, lock->name) || (name[n] != '\0' && name[n] != '-') ||
            sysroot_open(data, name, out, &ignored) != 0) {
            continue;
        }
        if (was_made_from(out, &wanted)) {
            return 0;
        }
        sysroot_release(out);
    }
    return err_set(err, ERR_NOT_FOUND,
                   "there is no sysroot with the packages of " LOCK_FILE " yet");
}

void sysroot_release(struct sysroot *s)
{
    free(s->name);
    free(s->dir);
    free(s->root);
    lock_release(&s->lock);
    *s = (struct sysroot){0};
}

int sysroot_names(const char *data, struct strv *names, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(data, "sysroots");
    _cleanup_strv_ struct strv entries = {0};

    if (!fs_is_dir(folder)) {
        return 0;
    }
    if (fs_list_dir(folder, &entries, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < entries.n; i++) {
        if (sysroot_name_is_valid(entries.items[i])) {
            strv_add(names, entries.items[i]);
        }
    }
    return 0;
}

int sysroot_lock(const char *data, const char *name, enum fs_lock_kind kind, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(data, "sysroots");
    _cleanup_free_ char *path = sysroot_side_path(data, name, "lock");
    if (fs_mkdir_all(folder, 0755, err) != 0) {
        return -1;
    }
    return fs_lock(path, kind, err);
}

int sysroot_remove(const char *data, const char *name, struct err *err)
{
    if (!sysroot_name_is_valid(name)) {
        return err_set(err, ERR_USAGE, "`%s` is not a valid sysroot name", name);
    }
    _cleanup_free_ char *dir = xasprintf("%s/sysroots/%s", data, name);
    _cleanup_free_ char *old = sysroot_side_path(data, name, "old");
    if (!fs_is_dir(dir)) {
        return err_set(err, ERR_NOT_FOUND, "there is no sysroot `%s`", name);
    }
    _cleanup_close_ int lock = sysroot_lock(data, name, FS_LOCK_EXCLUSIVE, err);
    if (lock < 0 || fs_remove_tree(old, err) != 0) {
        return -1;
    }
    if (rename(dir, old) != 0) {
        return err_sys(err, "cannot remove %s", dir);
    }
    return fs_remove_tree(old, err);
}

static bool has_line(const struct strbuf *text, const char *wanted)
{
    struct slice rest = {text->data, text->len};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        if (slice_is(line, wanted)) {
            return true;
        }
    }
    return false;
}

// Appended in one write, so that several may do it at once; a line that is there twice does no
// harm.
void sysroot_note_project(const struct sysroot *s, const char *project)
{
    _cleanup_free_ char *path = fs_join(s->dir, SYSROOT_PROJECTS);
    _cleanup_free_ char *line = xasprintf("%s\n", project);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;

    if (fs_read_file(path, SYSROOT_PROJECTS_MAX, &text, &ignored) == 0 &&
        has_line(&text, project)) {
        return;
    }
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0) {
        (void)!fs_write_all(fd, line, strlen(line), &ignored);
    }
}
