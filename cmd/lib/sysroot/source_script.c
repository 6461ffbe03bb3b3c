// SPDX-License-Identifier: MIT
#include "sysroot/source_script.h"

#include <string.h>

#include "base/fs.h"
#include "base/ini.h"

#define KNOWN_KEYS                                                                                 \
    "source.patches source.unpack source.files configure.run configure.lines compile.run "         \
    "compile.lines install.run install.lines paths.leave_out"

enum { FILE_MAX = 1 << 22, LINES_MAX = 1000000 };

struct reading {
    struct source_script *script;
    struct strv files; // that the script names
};

static int on_step_key(struct source_step *step, const char *key, const char *value,
                       struct err *err)
{
    if (strcmp(key, "run") == 0) {
        strv_add_words(&step->run, value);
        return 0;
    }
    if (strcmp(key, "lines") == 0) {
        return ini_number(key, value, 0, LINES_MAX, &step->lines, err);
    }
    return ini_unknown(step->name, key, KNOWN_KEYS, err);
}

// A value that goes on in the next line comes in several calls.
static void add_variable(struct strv *to, const char *name, const char *value)
{
    _cleanup_free_ char *start = xasprintf("%s=", name);
    char **last = to->n ? &to->items[to->n - 1] : NULL;
    if (last && str_starts(*last, start)) {
        char *longer = xasprintf("%s %s", *last, value);
        free(*last);
        *last = longer;
    } else {
        strv_addf(to, "%s%s", start, value);
    }
}

static int on_key(void *user, const char *section, const char *key, const char *value,
                  struct err *err)
{
    struct reading *in = user;
    struct source_script *s = in->script;
    for (size_t i = 0; i < SOURCE_STEPS; i++) {
        if (strcmp(section, s->steps[i].name) == 0) {
            return on_step_key(&s->steps[i], key, value, err);
        }
    }
    if (strcmp(section, "environment") == 0) {
        add_variable(&s->environment, key, value);
        return 0;
    }
    _cleanup_free_ char *name = xasprintf("%s.%s", section, key);
    if (strcmp(name, "source.patches") == 0) {
        strv_add_words(&s->patches, value);
        strv_add_words(&in->files, value);
    } else if (strcmp(name, "source.files") == 0) {
        strv_add_words(&in->files, value);
    } else if (strcmp(name, "source.unpack") == 0) {
        strv_add_words(&s->unpack, value);
    } else if (strcmp(name, "paths.leave_out") == 0) {
        strv_add_words(&s->leave_out, value);
    } else {
        return ini_unknown(section, key, KNOWN_KEYS, err);
    }
    return 0;
}

static int read_all(const char *path, struct reading *in, struct err *err)
{
    static const char *const names[SOURCE_STEPS] = {"configure", "compile", "install"};
    struct source_script *s = in->script;

    *s = (struct source_script){.folder = fs_parent(path)};
    for (size_t i = 0; i < SOURCE_STEPS; i++) {
        s->steps[i].name = names[i];
    }
    if (ini_read(path, on_key, in, err) != 0) {
        source_script_release(s);
        return -1;
    }
    return 0;
}

int source_script_read(const char *path, struct source_script *out, struct err *err)
{
    struct reading in = {.script = out};
    int r = read_all(path, &in, err);
    strv_release(&in.files);
    return r;
}

static int add_file(struct hash *sum, const char *folder, const char *name, struct err *err)
{
    _cleanup_free_ char *path = fs_join(folder, name);
    _cleanup_strbuf_ struct strbuf text = {0};
    if (fs_read_file(path, FILE_MAX, &text, err) != 0) {
        return -1;
    }
    hash_update(sum, name, strlen(name) + 1);
    hash_update(sum, text.data, text.len + 1); // the NUL keeps files apart
    return 0;
}

int source_script_hash(const char *path, char out[HASH_HEX + 1], struct err *err)
{
    struct source_script script;
    struct reading in = {.script = &script};
    struct hash sum;

    if (read_all(path, &in, err) != 0) {
        strv_release(&in.files);
        return -1;
    }
    hash_init(&sum);
    int r = add_file(&sum, script.folder, fs_base(path), err);
    for (size_t i = 0; r == 0 && i < in.files.n; i++) {
        r = add_file(&sum, script.folder, in.files.items[i], err);
    }
    hash_finish(&sum, out);
    strv_release(&in.files);
    source_script_release(&script);
    return r;
}

void source_script_release(struct source_script *s)
{
    free(s->folder);
    strv_release(&s->patches);
    strv_release(&s->unpack);
    strv_release(&s->environment);
    strv_release(&s->leave_out);
    for (size_t i = 0; i < SOURCE_STEPS; i++) {
        strv_release(&s->steps[i].run);
    }
    *s = (struct source_script){0};
}
