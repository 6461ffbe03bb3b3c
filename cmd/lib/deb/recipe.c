#include "deb/recipe.h"

#include <string.h>

#include "base/fs.h"
#include "base/ini.h"

#define KNOWN_KEYS                                                                                 \
    "release.title release.arch release.triple release.ranks_max origin.suites origin.components " \
    "origin.keyring "                                                                              \
    "origin.mirror packages.wanted packages.provided paths.leave_out paths.keep"

enum { RECIPE_MAX = 1 << 18 };

struct recipe_key {
    const char *section, *key;
    char **text;        // where a single value goes, or
    struct strv *words; // where a list of words goes
};

// A value that goes on in the next line comes in several calls.
static void append(char **text, const char *value)
{
    char *old = *text;
    *text = old ? xasprintf("%s %s", old, value) : xstrdup(value);
    free(old);
}

static void add_variable(struct strv *to, const char *name, const char *value)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < to->n; i++) {
        if (strncmp(to->items[i], name, n) == 0 && to->items[i][n] == '=') {
            append(&to->items[i], value);
            return;
        }
    }
    strv_addf(to, "%s=%s", name, value);
}

static int set_key(const struct recipe_key *keys, size_t n, const char *section, const char *key,
                   const char *value)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].key, key) != 0) {
            continue;
        }
        if (keys[i].words) {
            strv_add_words(keys[i].words, value);
        } else if (keys[i].text) {
            append(keys[i].text, value);
        }
        return 0;
    }
    return -1;
}

static struct recipe_origin *find_origin(struct recipe *r, const char *name)
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

static int add_link(struct recipe *r, const char *path, const char *target, struct err *err)
{
    if (path[0] == '/' || strstr(path, "..") || target[0] == '/' || target[0] == '\0') {
        return err_set(err, ERR_USAGE,
                       "a link is `path = target` with a path below the sysroot and a relative "
                       "target, not `%s = %s`",
                       path, target);
    }
    VEC_GROW(r->links, r->n_links);
    r->links[r->n_links++] = (struct recipe_link){xstrdup(path), xstrdup(target)};
    return 0;
}

static int on_key(void *user, const char *section, const char *key, const char *value,
                  struct err *err)
{
    struct recipe *r = user;
    if (strcmp(section, "links") == 0) {
        return add_link(r, key, value, err);
    }
    if (strcmp(section, "environment") == 0 || strcmp(section, "rootless") == 0) {
        add_variable(section[0] == 'e' ? &r->environment : &r->rootless, key, value);
        return 0;
    }
    if (str_starts(section, "origin ")) {
        struct recipe_origin *o = find_origin(r, section + strlen("origin "));
        const struct recipe_key keys[] = {
            {"origin", "suites", NULL, &o->suites},
            {"origin", "components", NULL, &o->components},
            {"origin", "keyring", &o->keyring, NULL},
            {"origin", "mirror", &o->mirror, NULL},
        };
        section = "origin";
        if (set_key(keys, ARRAY_SIZE(keys), section, key, value) == 0) {
            return 0;
        }
    } else {
        const struct recipe_key keys[] = {
            {"release", "title", &r->title, NULL},
            {"release", "arch", &r->arch, NULL},
            {"release", "triple", &r->triple, NULL},
            {"release", "ranks_max", &r->ranks_max, NULL},
            {"packages", "wanted", NULL, &r->wanted},
            {"packages", "provided", NULL, &r->provided},
            {"paths", "leave_out", NULL, &r->leave_out},
            {"paths", "keep", NULL, &r->keep},
        };
        if (set_key(keys, ARRAY_SIZE(keys), section, key, value) == 0) {
            return 0;
        }
    }
    return ini_unknown(section, key, KNOWN_KEYS, err);
}

static int require(const struct recipe *r, const void *value, const char *what, struct err *err)
{
    if (value) {
        return 0;
    }
    return err_set(err, ERR_USAGE, "%s: %s is missing", r->file, what);
}

static int check(struct recipe *r, struct err *err)
{
    if (require(r, r->arch, "arch in [release]", err) != 0 ||
        require(r, r->triple, "triple in [release]", err) != 0 ||
        require(r, r->wanted.items, "wanted in [packages]", err) != 0 ||
        require(r, r->origins, "a section [origin NAME]", err) != 0) {
        return -1;
    }
    _cleanup_free_ char *dir = fs_parent(r->file);
    for (size_t i = 0; i < r->n_origins; i++) {
        struct recipe_origin *o = &r->origins[i];
        if (require(r, o->suites.items, "suites in an [origin]", err) != 0 ||
            require(r, o->components.items, "components in an [origin]", err) != 0 ||
            require(r, o->keyring, "keyring in an [origin]", err) != 0) {
            return -1;
        }
        char *keyring = fs_join(dir, o->keyring);
        free(o->keyring);
        o->keyring = keyring;
    }
    if (!r->title) {
        r->title = xstrdup(r->name);
    }
    return 0;
}

int recipe_read(const char *file, struct recipe *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    *out = (struct recipe){0};
    if (fs_read_file(file, RECIPE_MAX, &text, err) != 0) {
        return -1;
    }
    const char *base = fs_base(file);
    out->file = fs_absolute(file);
    out->name = xstrndup(base, strlen(base) - (str_ends(base, ".ini") ? strlen(".ini") : 0));
    hash_bytes(text.data, text.len, out->sha256);
    if (ini_read_text(file, text.data, on_key, out, err) != 0 || check(out, err) != 0) {
        recipe_release(out);
        return -1;
    }
    return 0;
}

void recipe_release(struct recipe *r)
{
    for (size_t i = 0; i < r->n_origins; i++) {
        free(r->origins[i].name);
        free(r->origins[i].keyring);
        free(r->origins[i].mirror);
        strv_release(&r->origins[i].suites);
        strv_release(&r->origins[i].components);
    }
    for (size_t i = 0; i < r->n_links; i++) {
        free(r->links[i].path);
        free(r->links[i].target);
    }
    free(r->origins);
    free(r->links);
    free(r->name);
    free(r->file);
    free(r->title);
    free(r->arch);
    free(r->triple);
    free(r->ranks_max);
    strv_release(&r->wanted);
    strv_release(&r->provided);
    strv_release(&r->leave_out);
    strv_release(&r->keep);
    strv_release(&r->environment);
    strv_release(&r->rootless);
    *r = (struct recipe){0};
}
