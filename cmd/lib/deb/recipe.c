// SPDX-License-Identifier: MIT
#include "deb/recipe.h"

#include <string.h>

#include "base/fs.h"
#include "base/ini.h"
#include "deb/text.h"

#define KNOWN_KEYS                                                                                 \
    "release.title release.arch release.triple release.ranks_max release.include release.mpi "     \
    "release.flags release.needs_exec origin.suites origin.components origin.keyring "             \
    "origin.mirror origin.optional "                                                               \
    "source.package source.origin source.suite source.script packages.wanted packages.provided "   \
    "packages.preferred paths.leave_out paths.keep generated.byte_code native.triple "             \
    "native.libraries native.provided"

enum { RECIPE_MAX = 1 << 18, INCLUDES_MAX = 16 };

// A recipe being read: the file that is read now, and what came before.
struct reading {
    struct recipe *recipe;
    const char *folder; // pisdk's own recipes
    const char *file;
    char *last;       // "section.key" of the line before: a value may go on in the next line
    struct hash *sum; // of all files
    int includes;
};

struct recipe_key {
    const char *section, *key;
    char **text;        // where a single value goes, or
    struct strv *words; // where a list of words goes
};

static void set_text(char **text, const char *value, bool goes_on)
{
    char *old = *text;
    *text = old && goes_on ? xasprintf("%s %s", old, value) : xstrdup(value);
    free(old);
}

static void add_variable(struct strv *to, const char *name, const char *value, bool goes_on)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < to->n; i++) {
        char **item = &to->items[i];
        if (strncmp(*item, name, n) == 0 && (*item)[n] == '=') {
            _cleanup_free_ char *fresh = goes_on ? NULL : xasprintf("%s=%s", name, value);
            set_text(item, goes_on ? value : fresh, goes_on);
            return;
        }
    }
    strv_addf(to, "%s=%s", name, value);
}

// Where a file is that a recipe names: beside it, or among pisdk's own.
static char *locate(const struct reading *in, const char *name)
{
    _cleanup_free_ char *dir = fs_parent(in->file);
    _cleanup_free_ char *near = fs_join(dir, name);
    _cleanup_free_ char *own = fs_join(in->folder, name);
    return fs_absolute(fs_exists(near) || !fs_exists(own) ? near : own);
}

static struct recipe_origin *get_origin(struct recipe *r, const char *name)
{
    for (size_t i = 0; i < r->n_origins; i++) {
        if (strcmp(r->origins[i].name, name) == 0) {
            return &r->origins[i];
        }
    }
    VEC_GROW(r->origins, r->n_origins);
    r->origins[r->n_origins] = (struct recipe_origin){.name = xstrdup(name)};
    return &r->origins[r->n_origins++];
}

static struct recipe_source *get_source(struct recipe *r, const char *name)
{
    for (size_t i = 0; i < r->n_sources; i++) {
        if (strcmp(r->sources[i].name, name) == 0) {
            return &r->sources[i];
        }
    }
    VEC_GROW(r->sources, r->n_sources);
    r->sources[r->n_sources] = (struct recipe_source){.name = xstrdup(name)};
    return &r->sources[r->n_sources++];
}

static struct recipe_native *get_native(struct recipe *r, const char *arch)
{
    for (size_t i = 0; i < r->n_natives; i++) {
        if (strcmp(r->natives[i].arch, arch) == 0) {
            return &r->natives[i];
        }
    }
    VEC_GROW(r->natives, r->n_natives);
    r->natives[r->n_natives] = (struct recipe_native){.arch = xstrdup(arch)};
    return &r->natives[r->n_natives++];
}

static struct strv *get_programs(struct recipe_native *n, const char *package)
{
    for (size_t i = 0; i < n->n_programs; i++) {
        if (strcmp(n->programs[i].package, package) == 0) {
            return &n->programs[i].paths;
        }
    }
    VEC_GROW(n->programs, n->n_programs);
    n->programs[n->n_programs] = (struct recipe_programs){.package = xstrdup(package)};
    return &n->programs[n->n_programs++].paths;
}

static int add_link(struct recipe *r, const char *path, const char *target, bool optional,
                    struct err *err)
{
    if (recipe_check_link(path, target, err) != 0) {
        return -1;
    }
    VEC_GROW(r->links, r->n_links);
    r->links[r->n_links++] = (struct recipe_link){xstrdup(path), xstrdup(target), optional};
    return 0;
}

// 0: taken, 1: there is no such key here.
static int set_key(const struct reading *in, const struct recipe_key *keys, size_t n,
                   const char *section, const char *key, const char *value)
{
    _cleanup_free_ char *name = xasprintf("%s.%s", section, key);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].key, key) != 0) {
            continue;
        }
        if (keys[i].words) {
            strv_add_words(keys[i].words, value);
        } else if (keys[i].text) {
            set_text(keys[i].text, value, str_eq(in->last, name));
        }
        return 0;
    }
    return 1;
}

static int set_origin_key(const struct reading *in, const char *name, const char *key,
                          const char *value)
{
    struct recipe_origin *o = get_origin(in->recipe, name);
    const struct recipe_key keys[] = {
        {"origin", "suites", NULL, &o->suites},
        {"origin", "components", NULL, &o->components},
        {"origin", "mirror", &o->mirror, NULL},
    };
    if (strcmp(key, "keyring") == 0) {
        free(o->keyring);
        o->keyring = locate(in, value);
        return 0;
    }
    if (strcmp(key, "optional") == 0) {
        o->optional = strcmp(value, "yes") == 0;
        return 0;
    }
    return set_key(in, keys, ARRAY_SIZE(keys), "origin", key, value);
}

static int set_source_key(const struct reading *in, const char *name, const char *key,
                          const char *value)
{
    struct recipe_source *s = get_source(in->recipe, name);
    const struct recipe_key keys[] = {
        {"source", "package", &s->package, NULL},
        {"source", "origin", &s->origin, NULL},
        {"source", "suite", &s->suite, NULL},
    };
    if (strcmp(key, "script") == 0) {
        free(s->script);
        s->script = locate(in, value);
        return 0;
    }
    return set_key(in, keys, ARRAY_SIZE(keys), "source", key, value);
}

static int set_native_key(const struct reading *in, const char *arch, const char *key,
                          const char *value)
{
    struct recipe_native *n = get_native(in->recipe, arch);
    const struct recipe_key keys[] = {
        {"native", "triple", &n->triple, NULL},
        {"native", "libraries", NULL, &n->libraries},
        {"native", "provided", NULL, &n->provided},
    };
    if (set_key(in, keys, ARRAY_SIZE(keys), "native", key, value) == 1) {
        if (!text_is_name(key)) {
            return 1;
        }
        strv_add_words(get_programs(n, key), value);
    }
    return 0;
}

static int read_file(struct reading *in, const char *file, struct err *err);

static int include(struct reading *in, const char *files, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    strv_add_words(&names, files);
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *file = locate(in, names.items[i]);
        if (++in->includes > INCLUDES_MAX) {
            return err_set(err, ERR_USAGE, "more than %d includes: does it include itself?",
                           INCLUDES_MAX);
        }
        if (read_file(in, file, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int take_key(struct reading *in, const char *section, const char *key, const char *value,
                    struct err *err)
{
    struct recipe *r = in->recipe;
    const struct recipe_key keys[] = {
        {"release", "title", &r->title, NULL},
        {"release", "arch", &r->arch, NULL},
        {"release", "triple", &r->triple, NULL},
        {"release", "ranks_max", &r->ranks_max, NULL},
        {"release", "mpi", NULL, &r->flavours},
        {"release", "flags", NULL, &r->flags},
        {"packages", "wanted", NULL, &r->wanted},
        {"packages", "provided", NULL, &r->provided},
        {"paths", "leave_out", NULL, &r->leave_out},
        {"paths", "keep", NULL, &r->keep},
        {"packages", "preferred", NULL, &r->preferred},
        {"generated", "byte_code", NULL, &r->bytecode},
    };
    _cleanup_free_ char *name = xasprintf("%s.%s", section, key);
    if (strcmp(name, "release.include") == 0) {
        return include(in, value, err);
    }
    if (strcmp(name, "release.needs_exec") == 0) {
        r->needs_exec = strcmp(value, "yes") == 0;
        return 0;
    }
    if (strcmp(section, "links") == 0) {
        return add_link(r, key, value, false, err);
    }
    if (strcmp(section, "alternatives") == 0) {
        return add_link(r, key, value, true, err);
    }
    if (strcmp(section, "environment") == 0 || strcmp(section, "rootless") == 0) {
        add_variable(section[0] == 'e' ? &r->environment : &r->rootless, key, value,
                     str_eq(in->last, name));
        return 0;
    }
    if (str_starts(section, "origin ")) {
        return set_origin_key(in, section + strlen("origin "), key, value);
    }
    if (str_starts(section, "source ")) {
        return set_source_key(in, section + strlen("source "), key, value);
    }
    if (str_starts(section, "native ")) {
        return set_native_key(in, section + strlen("native "), key, value);
    }
    return set_key(in, keys, ARRAY_SIZE(keys), section, key, value);
}

static int on_key(void *user, const char *section, const char *key, const char *value,
                  struct err *err)
{
    struct reading *in = user;
    int r = take_key(in, section, key, value, err);
    if (r == 1) {
        _cleanup_free_ char *kind = xstrndup(section, strcspn(section, " "));
        return ini_unknown(kind, key, KNOWN_KEYS, err);
    }
    free(in->last);
    in->last = xasprintf("%s.%s", section, key);
    return r;
}

static int read_file(struct reading *in, const char *file, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    const char *outer = in->file;

    if (fs_read_file(file, RECIPE_MAX, &text, err) != 0) {
        return -1;
    }
    if (strlen(text.data) != text.len) {
        return err_set(err, ERR_USAGE, "%s: contains a NUL byte", file);
    }
    hash_update(in->sum, text.data, text.len + 1); // the NUL keeps files apart
    in->file = file;
    free(TAKE_PTR(in->last));
    int r = ini_read_text(file, text.data, on_key, in, err);
    in->file = outer;
    return r;
}

static int choose_flavour(struct reading *in, const char *flavour, struct err *err)
{
    struct recipe *r = in->recipe;
    const char *wanted = flavour ? flavour : r->flavours.n ? r->flavours.items[0] : "none";
    if (strcmp(wanted, "none") == 0) {
        return 0;
    }
    if (!strv_has(&r->flavours, wanted)) {
        _cleanup_free_ char *known = strv_join(&r->flavours, ", ");
        err_set(err, ERR_USAGE, "%s has no MPI called `%s`", r->title ? r->title : r->base, wanted);
        return r->flavours.n ? err_hint(err, "it has: %s", known) : -1;
    }
    _cleanup_free_ char *name = xasprintf("mpi/%s.ini", wanted);
    _cleanup_free_ char *file = locate(in, name);
    r->flavour = xstrdup(wanted);
    return read_file(in, file, err);
}

const struct recipe_origin *recipe_find_origin(const struct recipe *r, const char *name)
{
    for (size_t i = 0; i < r->n_origins; i++) {
        if (strcmp(r->origins[i].name, name) == 0) {
            return &r->origins[i];
        }
    }
    return NULL;
}

static int require(const struct recipe *r, const void *value, const char *what, struct err *err)
{
    if (value) {
        return 0;
    }
    return err_set(err, ERR_USAGE, "%s: %s is missing", r->file, what);
}

static int check_origins(const struct recipe *r, struct err *err)
{
    for (size_t i = 0; i < r->n_origins; i++) {
        const struct recipe_origin *o = &r->origins[i];
        if (require(r, o->suites.items, "suites in an [origin]", err) != 0 ||
            require(r, o->components.items, "components in an [origin]", err) != 0 ||
            require(r, o->keyring, "keyring in an [origin]", err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < r->n_sources; i++) {
        const struct recipe_source *s = &r->sources[i];
        if (require(r, s->package, "package in a [source]", err) != 0 ||
            require(r, s->origin, "origin in a [source]", err) != 0 ||
            require(r, s->suite, "suite in a [source]", err) != 0 ||
            require(r, s->script, "script in a [source]", err) != 0) {
            return -1;
        }
        if (!recipe_find_origin(r, s->origin)) {
            return err_set(err, ERR_USAGE, "%s: [source %s] has an unknown origin `%s`", r->file,
                           s->name, s->origin);
        }
    }
    return 0;
}

static int check_natives(const struct recipe *r, struct err *err)
{
    for (size_t i = 0; i < r->n_natives; i++) {
        const struct recipe_native *n = &r->natives[i];
        if (require(r, n->triple, "triple in a [native]", err) != 0) {
            return -1;
        }
        if (!text_is_name(n->arch) || !text_is_name(n->triple) || strcmp(n->arch, r->arch) == 0) {
            return err_set(err, ERR_USAGE, "%s: [native %s] is not another architecture", r->file,
                           n->arch);
        }
    }
    return 0;
}

static int check(struct recipe *r, struct err *err)
{
    for (size_t i = 0; i < r->flags.n; i++) {
        if (!text_is_flag(r->flags.items[i])) {
            return err_set(err, ERR_USAGE, "%s: flag `%s` is not -DNAME or -DNAME=VALUE", r->file,
                           r->flags.items[i]);
        }
    }
    if (require(r, r->arch, "arch in [release]", err) != 0 ||
        require(r, r->triple, "triple in [release]", err) != 0 ||
        require(r, r->wanted.items, "wanted in [packages]", err) != 0 ||
        require(r, r->origins, "a section [origin NAME]", err) != 0) {
        return -1;
    }
    if (!r->title) {
        r->title = xstrdup(r->base);
    }
    return check_origins(r, err) == 0 ? check_natives(r, err) : -1;
}

static char *name_without_ini(const char *file)
{
    const char *base = fs_base(file);
    return xstrndup(base, strlen(base) - (str_ends(base, ".ini") ? strlen(".ini") : 0));
}

static void name_sysroot(struct recipe *r, const char *addition)
{
    const char *flavour = r->flavour ? r->flavour : "none";
    bool first = r->flavours.n == 0 || strcmp(flavour, r->flavours.items[0]) == 0;
    _cleanup_free_ char *plain = first ? xstrdup(r->base) : xasprintf("%s-%s", r->base, flavour);
    _cleanup_free_ char *more = addition ? name_without_ini(addition) : NULL;
    r->name = more ? xasprintf("%s-%s", plain, more) : TAKE_PTR(plain);
}

static int read_addition(struct reading *in, const char *addition, struct err *err)
{
    _cleanup_free_ char *file = fs_join(in->folder, addition);
    return read_file(in, file, err);
}

int recipe_read(const char *folder, const char *file, const char *flavour, const char *addition,
                struct recipe *out, struct err *err)
{
    struct hash sum;
    struct reading in = {.recipe = out, .folder = folder, .sum = &sum};

    *out = (struct recipe){0};
    out->file = fs_absolute(file);
    out->base = name_without_ini(file);
    hash_init(&sum);
    in.file = file; // what a flavour is looked for beside
    int r = read_file(&in, file, err);
    r = r == 0 ? choose_flavour(&in, flavour, err) : r;
    r = r == 0 && addition ? read_addition(&in, addition, err) : r;
    r = r == 0 ? check(out, err) : r;
    hash_finish(&sum, out->sha256);
    free(in.last);
    if (r != 0) {
        recipe_release(out);
        return -1;
    }
    name_sysroot(out, addition);
    return 0;
}

static void release_native(struct recipe_native *n)
{
    for (size_t i = 0; i < n->n_programs; i++) {
        free(n->programs[i].package);
        strv_release(&n->programs[i].paths);
    }
    free(n->programs);
    free(n->arch);
    free(n->triple);
    strv_release(&n->libraries);
    strv_release(&n->provided);
}

void recipe_release(struct recipe *r)
{
    for (size_t i = 0; i < r->n_natives; i++) {
        release_native(&r->natives[i]);
    }
    free(r->natives);
    for (size_t i = 0; i < r->n_origins; i++) {
        free(r->origins[i].name);
        free(r->origins[i].keyring);
        free(r->origins[i].mirror);
        strv_release(&r->origins[i].suites);
        strv_release(&r->origins[i].components);
    }
    for (size_t i = 0; i < r->n_sources; i++) {
        free(r->sources[i].name);
        free(r->sources[i].package);
        free(r->sources[i].origin);
        free(r->sources[i].suite);
        free(r->sources[i].script);
    }
    for (size_t i = 0; i < r->n_links; i++) {
        free(r->links[i].path);
        free(r->links[i].target);
    }
    free(r->origins);
    free(r->sources);
    free(r->links);
    free(r->name);
    free(r->base);
    free(r->flavour);
    free(r->file);
    free(r->title);
    free(r->arch);
    free(r->triple);
    free(r->ranks_max);
    strv_release(&r->flavours);
    strv_release(&r->flags);
    strv_release(&r->wanted);
    strv_release(&r->provided);
    strv_release(&r->leave_out);
    strv_release(&r->keep);
    strv_release(&r->preferred);
    strv_release(&r->bytecode);
    strv_release(&r->environment);
    strv_release(&r->rootless);
    *r = (struct recipe){0};
}
