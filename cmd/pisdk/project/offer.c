// SPDX-License-Identifier: MIT
#include "pisdk/project/offer.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "project/json_merge.h"

enum { FILE_SIZE_MAX = 1 << 20, DEPTH_MAX = 8 };

static bool is_json(const char *path)
{
    return str_ends(path, ".json");
}

// Adds a file of ours to those that are wanted.
static int want_file(struct offer *o, const char *from, const char *path, struct err *err)
{
    _cleanup_strbuf_ struct strbuf bytes = {0};
    if (fs_read_file(from, FILE_SIZE_MAX, &bytes, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *text = str_expand(bytes.data, o->known, o->n_known);
    for (size_t i = 0; i < o->paths.n; i++) {
        char *both = NULL;
        if (strcmp(o->paths.items[i], path) != 0) {
            continue;
        }
        if (!is_json(path)) {
            both = xasprintf("%s%s", o->texts.items[i], text);
        } else if (json_merge(o->texts.items[i], strlen(o->texts.items[i]), text, &both, err)) {
            return -1;
        }
        if (both) {
            free(o->texts.items[i]);
            o->texts.items[i] = both;
        }
        return 0;
    }
    strv_add(&o->paths, path);
    strv_take(&o->texts, TAKE_PTR(text));
    return 0;
}

// The files in a folder, which is `inner` in the project.
static int add_folder(struct offer *o, const char *folder, const char *inner, int depth,
                      struct err *err) // NOLINT(misc-no-recursion)
{
    _cleanup_strv_ struct strv names = {0};
    int r = depth < DEPTH_MAX ? fs_list_dir(folder, &names, err)
                              : err_set(err, ERR_FAILED, "%s is too deep", folder);
    for (size_t i = 0; i < names.n && r == 0; i++) {
        _cleanup_free_ char *from = fs_join(folder, names.items[i]);
        _cleanup_free_ char *path =
            *inner ? fs_join(inner, names.items[i]) : xstrdup(names.items[i]);
        r = fs_is_dir(from) ? add_folder(o, from, path, depth + 1, err)
                            : want_file(o, from, path, err);
    }
    return r;
}

int offer_add(struct offer *o, const char *kind, struct err *err)
{
    _cleanup_free_ char *folder = xasprintf("%s/toolchain/%s", o->app->paths.share, kind);
    return fs_is_dir(folder) ? add_folder(o, folder, "", 0, err) : 0;
}

int offer_check(struct app *app, const char *group, const char *what, const char *word,
                struct err *err)
{
    _cleanup_free_ char *folder = xasprintf("%s/toolchain/%s", app->paths.share, group);
    _cleanup_strv_ struct strv names = {0};
    if (fs_list_dir(folder, &names, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *known = strv_join(&names, ", ");
    return !word ? err_set(err, ERR_USAGE, "`pisdk %s` needs one of: %s", group, known)
           : strv_has(&names, word)
               ? 0
               : err_set(err, ERR_USAGE, "pisdk has no files for the %s `%s`; it has for: %s", what,
                         word, known);
}

static mode_t mode_of(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 ? st.st_mode & 0777 : 0644;
}

static int write_one(struct offer *o, const char *path, const char *text, struct err *err)
{
    _cleanup_free_ char *named = fs_join(o->app->project.dir, path);
    _cleanup_free_ char *real = fs_real_path(named); // it may be a link to elsewhere
    const char *file = real ? real : named;
    _cleanup_free_ char *dir = fs_parent(file);
    _cleanup_strbuf_ struct strbuf has = {0};
    _cleanup_free_ char *merged = NULL;

    if (!real) {
        if (fs_mkdir_all(dir, 0777, err) != 0 ||
            fs_write_file(file, text, strlen(text), 0644, err) != 0) {
            return -1;
        }
        log_info(&o->app->log, "created %s", path);
        return 0;
    }
    if (fs_read_file(file, FILE_SIZE_MAX, &has, err) != 0) {
        return -1;
    }
    const char *old = has.data ? has.data : "";
    if (!is_json(path)) {
        return strcmp(old, text) == 0 ? 0 : err_set(err, ERR_FAILED, "it exists already");
    }
    if (json_merge(old, has.len, text, &merged, err) != 0 ||
        (merged && fs_write_file(file, merged, strlen(merged), mode_of(file), err) != 0)) {
        return -1;
    }
    if (merged) {
        log_info(&o->app->log, "added to %s", path);
    }
    return 0;
}

int offer_write(struct offer *o, struct err *err)
{
    size_t failed = 0;
    for (size_t i = 0; i < o->paths.n; i++) {
        struct err why = ERR_INIT;
        if (write_one(o, o->paths.items[i], o->texts.items[i], &why) != 0) {
            log_warning(&o->app->log, "%s is left as it is: %s", o->paths.items[i], why.msg);
            failed++;
        }
    }
    if (failed == 0) {
        return EXIT_OK;
    }
    return err_set(err, ERR_FAILED, "%zu of %zu files could not be written", failed, o->paths.n);
}

void offer_print(const struct offer *o)
{
    for (size_t i = 0; i < o->paths.n; i++) {
        printf("%s--- %s\n%s", i ? "\n" : "", o->paths.items[i], o->texts.items[i]);
    }
}

void offer_know(struct offer *o, const char *mark, const char *value)
{
    o->known[o->n_known++] = (struct str_pair){mark, value};
}

void offer_release(struct offer *o)
{
    strv_release(&o->paths);
    strv_release(&o->texts);
}
