// SPDX-License-Identifier: MIT
#include "project/template.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/held.h"
#include "base/ini.h"
#include "base/proc.h"

#define KNOWN_KEYS "template.summary template.run template.packages"

enum { TEMPLATE_FILE_MAX = 16 << 20, TEMPLATE_DEPTH_MAX = 32, OUTPUT_MAX = 1 << 16 };

// --- Finding one ---------------------------------------------------------------------------------

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
    struct template *t = user;
    if (strcmp(section, "template") == 0 && strcmp(key, "summary") == 0) {
        free(t->summary);
        t->summary = xstrdup(value);
        return 0;
    }
    if (strcmp(section, "template") == 0 && strcmp(key, "run") == 0) {
        free(t->run);
        t->run = xstrdup(value);
        return 0;
    }
    if (strcmp(section, "template") == 0 && strcmp(key, "packages") == 0) {
        strv_add_words(&t->packages, value);
        return 0;
    }
    return ini_unknown(section, key, KNOWN_KEYS, err);
}

static int read_description(struct template *t, struct err *err)
{
    _cleanup_free_ char *file = fs_join(t->dir, "template.ini");
    _cleanup_free_ char *project = fs_join(t->dir, "files/pisdk.ini");

    if (!fs_exists(file) || !fs_exists(project)) {
        err_set(err, ERR_NOT_FOUND, "%s is not a template", t->dir);
        return err_hint(err, "a template is a folder with template.ini and files/pisdk.ini in it");
    }
    if (ini_read(file, on_key, t, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < t->packages.n; i++) { // they become words of a command line
        if (t->packages.items[i][0] == '-') {
            return err_set(err, ERR_USAGE, "%s: `%s` is not the name of a package", file,
                           t->packages.items[i]);
        }
    }
    if (!t->summary) {
        t->summary = xstrdup("");
    }
    return 0;
}

static bool is_url(const char *which)
{
    const char *colon = strchr(which, ':');
    const char *slash = strchr(which, '/');
    return strstr(which, "://") || (colon && (!slash || colon < slash));
}

// git runs nothing of what it fetches: there are no hooks in a clone, submodules are left alone,
// and transports that are commands are refused.
static int fetch(const char *url, struct template *t, struct err *err)
{
    char place[] = "/tmp/pisdk-template-XXXXXX";
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf output = {0};
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &output, .errors = &output};
    int status = 0;

    if (!mkdtemp(place)) {
        return err_sys(err, "cannot create a folder in /tmp");
    }
    t->fetched = xstrdup(place);
    t->dir = fs_join(place, "template");
    strv_add_list(&argv, "env", "GIT_TERMINAL_PROMPT=0", "git", "-c", "protocol.ext.allow=never",
                  "-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=true", "clone", "-q",
                  "--depth=1", "--no-recurse-submodules", "--", url, t->dir, NULL);
    _cleanup_free_ char *git = fs_find_program("git");
    if (!git) {
        err_set(err, ERR_NOT_FOUND, "git is not installed");
        return err_hint(err, "sudo apt install git");
    }
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return -1;
    }
    if (status != 0) {
        struct slice said = slice_trim((struct slice){output.data, output.len});
        return err_set(err, ERR_NETWORK, "cannot fetch the template %s: %.*s", url, (int)said.n,
                       said.n ? said.p : "");
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
    return nearest ? err_hint(err, "did you mean `%s`?", nearest)
                   : err_hint(err, "for a template of your own, give a path or a git URL");
}

static int locate(const char *folder, const char *which, struct template *t, struct err *err)
{
    if (is_url(which)) {
        return fetch(which, t, err);
    }
    if (strchr(which, '/')) {
        t->dir = fs_real_path(which);
        return t->dir ? 0 : err_sys(err, "cannot open template %s", which);
    }
    t->dir = fs_join(folder, which);
    return fs_is_dir(t->dir) && which[0] != '.' ? 0 : unknown_template(folder, which, err);
}

int template_open(const char *folder, const char *which, struct template *out, struct err *err)
{
    *out = (struct template){0};
    if (locate(folder, which, out, err) == 0 && read_description(out, err) == 0) {
        return 0;
    }
    template_release(out);
    return -1;
}

void template_release(struct template *t)
{
    struct err ignored = ERR_INIT;
    if (t->fetched) {
        (void)!fs_remove_tree(t->fetched, &ignored);
    }
    free(t->dir);
    free(t->fetched);
    free(t->summary);
    free(t->run);
    strv_release(&t->packages);
    *t = (struct template){0};
}

// --- Copying it ----------------------------------------------------------------------------------

struct copy {
    const struct template_values *values;
    int depth;
};

// The length of a variable "@NAME@" at this place; 0: there is none.
static size_t variable_length(const char *text)
{
    size_t n = 1;
    if (text[0] != '@' || !isupper((unsigned char)text[1])) {
        return 0;
    }
    while (isupper((unsigned char)text[n]) || isdigit((unsigned char)text[n]) || text[n] == '_') {
        n++;
    }
    return text[n] == '@' ? n + 1 : 0;
}

// `file` is for the error; `strict`: a variable that is not known is one.
static int substitute(const struct copy *c, const char *file, const char *text, bool strict,
                      char **out, struct err *err)
{
    const struct str_pair known[] = {{"@NAME@", c->values->name},
                                     {"@SYSROOT@", c->values->sysroot},
                                     {"@BOARD@", c->values->board}};
    _cleanup_strbuf_ struct strbuf b = {0};
    size_t line = 1;

    while (*text) {
        size_t n = variable_length(text);
        const struct str_pair *pair = str_find_pair(text, known, ARRAY_SIZE(known));
        if (n && !pair && strict) {
            err_set(err, ERR_USAGE, "%s:%zu: unknown variable %.*s", file, line, (int)n, text);
            err_hint(err, "templates have @NAME@, @SYSROOT@ and @BOARD@; files that end in .in may "
                          "have others");
            return -1;
        }
        if (pair) {
            strbuf_adds(&b, pair->value);
            text += n;
        } else {
            line += *text == '\n';
            strbuf_add(&b, text++, 1);
        }
    }
    *out = strbuf_take(&b);
    return 0;
}

static int copy_file(const struct copy *c, const char *from, const char *to, mode_t mode,
                     struct err *err)
{
    _cleanup_strbuf_ struct strbuf bytes = {0};
    _cleanup_free_ char *text = NULL;
    mode_t permissions = mode & S_IXUSR ? 0755 : 0644;

    if (fs_read_file(from, TEMPLATE_FILE_MAX, &bytes, err) != 0) {
        return -1;
    }
    if (!bytes.data || memchr(bytes.data, '\0', bytes.len)) { // no text: an image, say
        return fs_write_file(to, bytes.data ? bytes.data : "", bytes.len, permissions, err);
    }
    if (substitute(c, from, bytes.data, !str_ends(from, ".in"), &text, err) != 0) {
        return -1;
    }
    return fs_write_file(to, text, strlen(text), permissions, err);
}

static int copy_folder(struct copy *c, const char *from, const char *to, struct err *err);

static int copy_entry(struct copy *c, const char *from, const char *to, struct err *err)
{
    struct stat st;
    if (lstat(from, &st) != 0) {
        return err_sys(err, "cannot read %s", from);
    }
    if (S_ISDIR(st.st_mode)) {
        return copy_folder(c, from, to, err);
    }
    if (S_ISREG(st.st_mode)) {
        return copy_file(c, from, to, st.st_mode, err);
    }
    err_set(err, ERR_USAGE, "%s is %s", from,
            S_ISLNK(st.st_mode) ? "a symbolic link" : "neither a file nor a folder");
    return err_hint(err, "a template may have files and folders only");
}

static int copy_folder(struct copy *c, const char *from, const char *to, struct err *err)
{
    _cleanup_strv_ struct strv entries = {0};

    if (c->depth == TEMPLATE_DEPTH_MAX) {
        return err_set(err, ERR_USAGE, "%s: folders are nested too deep", from);
    }
    if (fs_mkdir_all(to, 0755, err) != 0 || fs_list_dir(from, &entries, err) != 0) {
        return -1;
    }
    c->depth++;
    for (size_t i = 0; i < entries.n; i++) {
        _cleanup_free_ char *source = fs_join(from, entries.items[i]);
        _cleanup_free_ char *name = NULL;
        if (strcasecmp(entries.items[i], ".git") == 0) { // its settings can name programs to run
            return err_set(err, ERR_USAGE, "%s: a template must not contain a repository", source);
        }
        if (substitute(c, source, entries.items[i], true, &name, err) != 0) {
            return -1;
        }
        _cleanup_free_ char *target = fs_join(to, name);
        if (copy_entry(c, source, target, err) != 0) {
            return -1;
        }
    }
    c->depth--;
    return 0;
}

// Made beside its place and renamed: what has the name is whole.
static int create_at_once(struct copy *c, const char *files, const char *target, struct err *err)
{
    enum { FOLDER_MODE = 0777 };
    const mode_t mask = umask(0);
    umask(mask);
    _cleanup_free_ char *parent = fs_parent(target);
    _cleanup_free_ char *prefix = xasprintf(".%s.new-", fs_base(target));
    _cleanup_free_ char *made = NULL;
    struct err ignored = ERR_INIT;

    if (fs_mkdir_all(parent, FOLDER_MODE, err) != 0) {
        return -1;
    }
    _cleanup_close_ int held = held_make(parent, prefix, FOLDER_MODE & ~mask, &made, err);
    if (held < 0) {
        return -1;
    }
    int r = copy_entry(c, files, made, err);
    if (r == 0 && rename(made, target) != 0) {
        r = err_sys(err, "cannot create folder %s", target);
    }
    if (r != 0) {
        (void)!fs_remove_tree(made, &ignored);
    }
    return r;
}

int template_create(const struct template *t, const char *target,
                    const struct template_values *values, struct err *err)
{
    _cleanup_free_ char *files = fs_join(t->dir, "files");
    struct copy c = {.values = values};
    bool existed = fs_exists(target);

    if (existed && !fs_is_dir(target)) {
        return err_set(err, ERR_USAGE, "%s exists and is not a folder", target);
    }
    if (existed && !fs_dir_is_empty(target)) {
        err_set(err, ERR_USAGE, "the folder %s is not empty", target);
        return err_hint(err, "choose another name, or remove it first");
    }
    if (!existed) {
        return create_at_once(&c, files, target, err);
    }
    // In a folder that is there already nothing can be done at once.
    if (copy_entry(&c, files, target, err) != 0) {
        struct err ignored = ERR_INIT;
        (void)!fs_remove_tree(target, &ignored);
        return -1;
    }
    return 0;
}
