#include "project/template.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/ini.h"

enum { TEMPLATE_FILE_MAX = 1 << 20 };

int template_names(const char *folder, struct strv *names, struct err *err)
{
    _cleanup_strv_ struct strv entries = {0};
    if (fs_list_dir(folder, &entries, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < entries.n; i++) {
        _cleanup_free_ char *mark = xasprintf("%s/%s/template.ini", folder, entries.items[i]);
        if (fs_exists(mark)) {
            strv_add(names, entries.items[i]);
        }
    }
    return 0;
}

static int on_key(void *user, const char *section, const char *key, const char *value,
                  struct err *err)
{
    char **summary = user;
    if (strcmp(section, "template") != 0 || strcmp(key, "summary") != 0) {
        return ini_unknown(section, key, "template.summary", err);
    }
    free(*summary);
    *summary = xstrdup(value);
    return 0;
}

int template_summary(const char *folder, const char *name, char **summary, struct err *err)
{
    _cleanup_free_ char *file = xasprintf("%s/%s/template.ini", folder, name);
    *summary = NULL;
    if (ini_read(file, on_key, summary, err) != 0) {
        free(TAKE_PTR(*summary));
        return -1;
    }
    if (!*summary) {
        *summary = xstrdup("");
    }
    return 0;
}

static char *substitute(const char *text, const struct template_values *values)
{
    const struct {
        const char *mark, *value;
    } marks[] = {
        {"@NAME@", values->name}, {"@SYSROOT@", values->sysroot}, {"@BOARD@", values->board}};
    struct strbuf out = {0};

    while (*text) {
        const char *value = NULL;
        for (size_t i = 0; i < ARRAY_SIZE(marks) && !value; i++) {
            if (str_starts(text, marks[i].mark)) {
                value = marks[i].value;
                text += strlen(marks[i].mark);
            }
        }
        if (value) {
            strbuf_adds(&out, value);
        } else {
            strbuf_add(&out, text++, 1);
        }
    }
    return strbuf_take(&out);
}

static int copy_file(const char *from, const char *to, const struct template_values *values,
                     struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    struct stat st;

    if (fs_read_file(from, TEMPLATE_FILE_MAX, &text, err) != 0) {
        return -1;
    }
    if (stat(from, &st) != 0) {
        return err_sys(err, "cannot read %s", from);
    }
    _cleanup_free_ char *content = substitute(text.data, values);
    return fs_write_file(to, content, strlen(content), st.st_mode & S_IXUSR ? 0755 : 0644, err);
}

static int copy_folder(const char *from, const char *to, const struct template_values *values,
                       struct err *err)
{
    _cleanup_strv_ struct strv entries = {0};
    if (fs_mkdir_all(to, 0755, err) != 0 || fs_list_dir(from, &entries, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < entries.n; i++) {
        _cleanup_free_ char *source = fs_join(from, entries.items[i]);
        _cleanup_free_ char *name = substitute(entries.items[i], values);
        _cleanup_free_ char *target = fs_join(to, name);
        int r = fs_is_dir(source) ? copy_folder(source, target, values, err)
                                  : copy_file(source, target, values, err);
        if (r != 0) {
            return -1;
        }
    }
    return 0;
}

static int unknown_template(const char *folder, const char *name, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    (void)!template_names(folder, &names, &ignored);
    const char *nearest = str_nearest(name, &names);
    _cleanup_free_ char *known = strv_join(&names, ", ");
    err_set(err, ERR_NOT_FOUND, "there is no template `%s`; there are: %s", name, known);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest) : -1;
}

int template_create(const char *folder, const char *name, const char *target,
                    const struct template_values *values, struct err *err)
{
    _cleanup_free_ char *mark = xasprintf("%s/%s/template.ini", folder, name);
    _cleanup_free_ char *files = xasprintf("%s/%s/files", folder, name);
    bool existed = fs_exists(target);

    if (strchr(name, '/') || !fs_exists(mark)) {
        return unknown_template(folder, name, err);
    }
    if (existed && !fs_is_dir(target)) {
        return err_set(err, ERR_USAGE, "%s exists and is not a folder", target);
    }
    if (existed && !fs_dir_is_empty(target)) {
        err_set(err, ERR_USAGE, "the folder %s is not empty", target);
        return err_hint(err, "choose another name, or remove it first");
    }
    if (copy_folder(files, target, values, err) != 0) {
        struct err ignored = ERR_INIT;
        (void)!fs_remove_tree(target, &ignored);
        return -1;
    }
    return 0;
}
