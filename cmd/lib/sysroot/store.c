#include "sysroot/store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "deb/deb822.h"

enum { MANIFEST_MAX = 16 << 20, NAME_MAX_LENGTH = 64 };

#define MANIFEST_FORMAT "1"

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

static char *field(const struct deb822 *p, const char *name)
{
    return slice_dup(deb822_get(p, name));
}

static uint64_t number(const struct deb822 *p, const char *name)
{
    _cleanup_free_ char *text = field(p, name);
    return strtoull(text, NULL, 10);
}

static void read_package(const struct deb822 *p, struct package_list *list)
{
    VEC_GROW(list->items, list->n);
    struct package *to = &list->items[list->n++];
    struct slice sum = deb822_get(p, "SHA256");
    *to = (struct package){
        .name = field(p, "Package"),
        .version = field(p, "Version"),
        .arch = field(p, "Architecture"),
        .filename = field(p, "Filename"),
        .size = number(p, "Size"),
        .installed_size = number(p, "Installed-Size"),
    };
    if (sum.n == HASH_HEX) {
        memcpy(to->sha256, sum.p, HASH_HEX);
    }
}

// A field with one item a line.
static void read_lines(const struct deb822 *p, const char *name, struct strv *out)
{
    struct slice rest = deb822_get(p, name);
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line);
        if (line.n) {
            strv_take(out, slice_dup(line));
        }
    }
}

static void write_lines(struct strbuf *b, const char *name, const struct strv *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        strbuf_addf(b, "%s%s %s\n", i ? "" : name, i ? "" : ":", lines->items[i]);
    }
}

static int read_manifest(struct sysroot *s, struct err *err)
{
    _cleanup_free_ char *path = fs_join(s->dir, "manifest");
    _cleanup_strbuf_ struct strbuf text = {0};
    struct deb822_reader reader;
    struct deb822 p = {0};

    if (fs_read_file(path, MANIFEST_MAX, &text, err) != 0) {
        return -1;
    }
    deb822_reader_init(&reader, text.data, text.len);
    if (!deb822_next(&reader, &p) || !slice_is(deb822_get(&p, "Format"), MANIFEST_FORMAT)) {
        deb822_release(&p);
        err_set(err, ERR_FAILED, "%s is not a manifest that this pisdk understands", path);
        return err_hint(err, "pisdk sysroot build %s", s->name);
    }
    s->title = field(&p, "Title");
    s->arch = field(&p, "Architecture");
    s->triple = field(&p, "Triple");
    s->recipe_sha256 = field(&p, "Recipe-SHA256");
    s->built = field(&p, "Built");
    s->bytes = number(&p, "Bytes");
    s->ranks_max = (long)number(&p, "Ranks-Max");
    read_lines(&p, "Environment", &s->environment);
    read_lines(&p, "Rootless", &s->rootless);
    while (deb822_next(&reader, &p)) {
        read_package(&p, &s->packages);
    }
    deb822_release(&p);
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
        return err_set(err, ERR_USAGE, "`%s` cannot be the name of a sysroot", name);
    }
    out->root = fs_join(out->dir, "root");
    if (!fs_is_dir(out->root)) {
        sysroot_release(out);
        err_set(err, ERR_NOT_FOUND, "there is no sysroot `%s` yet", name);
        return name[0] == '/' ? err_hint(err, "`pisdk sysroot list` shows the sysroots there are")
                              : err_hint(err, "pisdk sysroot build %s", name);
    }
    if (read_manifest(out, err) != 0) {
        sysroot_release(out);
        return -1;
    }
    return 0;
}

void sysroot_release(struct sysroot *s)
{
    free(s->name);
    free(s->title);
    free(s->arch);
    free(s->triple);
    free(s->dir);
    free(s->root);
    free(s->recipe_sha256);
    free(s->built);
    strv_release(&s->environment);
    strv_release(&s->rootless);
    package_list_release(&s->packages);
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

int sysroot_lock(const char *data, const char *name, bool wait, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(data, "sysroots");
    _cleanup_free_ char *path = sysroot_side_path(data, name, "lock");
    if (fs_mkdir_all(folder, 0755, err) != 0) {
        return -1;
    }
    return fs_lock(path, wait, err);
}

int sysroot_remove(const char *data, const char *name, struct err *err)
{
    if (!sysroot_name_is_valid(name)) {
        return err_set(err, ERR_USAGE, "`%s` cannot be the name of a sysroot", name);
    }
    _cleanup_free_ char *dir = xasprintf("%s/sysroots/%s", data, name);
    _cleanup_free_ char *old = sysroot_side_path(data, name, "old");
    if (!fs_is_dir(dir)) {
        return err_set(err, ERR_NOT_FOUND, "there is no sysroot `%s`", name);
    }
    _cleanup_close_ int lock = sysroot_lock(data, name, true, err);
    if (lock < 0 || fs_remove_tree(old, err) != 0) {
        return -1;
    }
    if (rename(dir, old) != 0) {
        return err_sys(err, "cannot remove %s", dir);
    }
    return fs_remove_tree(old, err);
}

int sysroot_write_manifest(const char *dir, const struct recipe *recipe,
                           const struct package_list *packages, uint64_t bytes, struct err *err)
{
    _cleanup_strbuf_ struct strbuf b = {0};
    _cleanup_free_ char *path = fs_join(dir, "manifest");
    char built[32];
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(built, sizeof(built), "%Y-%m-%d %H:%M", &tm);
    strbuf_addf(&b,
                "Format: " MANIFEST_FORMAT "\nTitle: %s\nArchitecture: %s\nTriple: %s\n"
                "Recipe-SHA256: %s\nBuilt: %s\nBytes: %" PRIu64 "\n",
                recipe->title, recipe->arch, recipe->triple, recipe->sha256, built, bytes);
    if (recipe->ranks_max) {
        strbuf_addf(&b, "Ranks-Max: %s\n", recipe->ranks_max);
    }
    write_lines(&b, "Environment", &recipe->environment);
    write_lines(&b, "Rootless", &recipe->rootless);
    for (size_t i = 0; i < packages->n; i++) {
        const struct package *p = &packages->items[i];
        strbuf_addf(&b,
                    "\nPackage: %s\nVersion: %s\nArchitecture: %s\nSize: %" PRIu64
                    "\nInstalled-Size: %" PRIu64 "\nSHA256: %s\nFilename: %s\n",
                    p->name, p->version, p->arch, p->size, p->installed_size, p->sha256,
                    p->filename);
    }
    return fs_write_file(path, b.data, b.len, 0644, err);
}
