// SPDX-License-Identifier: MIT
#include "deb/lock.h"

#include <inttypes.h>
#include <string.h>

#include "base/fs.h"
#include "deb/deb822.h"
#include "deb/text.h"

enum { LOCK_FORMAT = 1, LOCK_FORMAT_NATIVE = 2 };

enum { FILES_MAX = 64 };

static const uint64_t SIZE_LIMIT = UINT64_C(1) << 40;

static void add_field(struct strbuf *b, const char *name, const char *value)
{
    if (value && *value) {
        strbuf_addf(b, "%s: %s\n", name, value);
    }
}

// A field with one item a line.
static void add_lines(struct strbuf *b, const char *name, const struct strv *lines)
{
    if (lines->n) {
        strbuf_addf(b, "%s:\n", name);
    }
    for (size_t i = 0; i < lines->n; i++) {
        strbuf_addf(b, " %s\n", lines->items[i]);
    }
}

static void add_links(struct strbuf *b, const struct lock *lock, const char *name, bool optional)
{
    _cleanup_strv_ struct strv lines = {0};
    for (size_t i = 0; i < lock->n_links; i++) {
        if (lock->links[i].optional == optional) {
            strv_addf(&lines, "%s %s", lock->links[i].path, lock->links[i].target);
        }
    }
    add_lines(b, name, &lines);
}

static void add_natives(struct strbuf *b, const struct lock *lock)
{
    _cleanup_strv_ struct strv lines = {0};
    for (size_t i = 0; i < lock->n_natives; i++) {
        const struct lock_native *n = &lock->natives[i];
        _cleanup_free_ char *files = strv_join(&n->files, " ");
        strv_addf(&lines, "%s %s %s", n->arch, n->triple, files);
    }
    add_lines(b, "Native", &lines);
}

static void add_files(struct strbuf *b, const struct package *p)
{
    if (p->kind == PACKAGE_DEB) {
        strbuf_addf(b, "Size: %" PRIu64 "\nSHA256: %s\nFilename: %s\n", p->files[0].size,
                    p->files[0].sha256, p->files[0].filename);
        return;
    }
    _cleanup_strv_ struct strv lines = {0};
    for (size_t i = 0; i < p->n_files; i++) {
        strv_addf(&lines, "%s %" PRIu64 " %s", p->files[i].sha256, p->files[i].size,
                  p->files[i].filename);
    }
    add_lines(b, "Files", &lines);
}

static void add_package(struct strbuf *b, const struct package *p, bool with_tree)
{
    strbuf_addf(b, "\nPackage: %s\nVersion: %s\nArchitecture: %s\n", p->name, p->version, p->arch);
    add_field(b, "Origin", p->origin);
    add_field(b, "Suite", p->suite);
    add_field(b, "Source", p->source);
    if (p->installed_size) {
        strbuf_addf(b, "Installed-Size: %" PRIu64 "\n", p->installed_size);
    }
    add_files(b, p);
    add_field(b, "Script", p->script);
    add_field(b, "Script-SHA256", p->script_sha256);
    if (with_tree || p->kind == PACKAGE_COPIED) {
        add_field(b, "Built-With", p->built_with);
        add_field(b, "Contents-SHA256", p->contents);
    }
}

void lock_format(const struct lock *lock, bool with_tree, struct strbuf *out)
{
    _cleanup_free_ char *added = strv_join(&lock->added, " ");
    _cleanup_free_ char *flags = strv_join(&lock->flags, " ");
    _cleanup_free_ char *leave_out = strv_join(&lock->leave_out, " ");
    _cleanup_free_ char *keep = strv_join(&lock->keep, " ");
    _cleanup_free_ char *bytecode = strv_join(&lock->bytecode, " ");

    strbuf_addf(out, "Format: %d\nSysroot: %s\n",
                lock->n_natives ? LOCK_FORMAT_NATIVE : LOCK_FORMAT, lock->name);
    add_field(out, "Recipe", lock->recipe);
    add_field(out, "Flavour", lock->flavour);
    add_field(out, "Title", lock->title);
    add_field(out, "Architecture", lock->arch);
    add_field(out, "Triple", lock->triple);
    add_field(out, "Flags", flags);
    if (lock->ranks_max) {
        strbuf_addf(out, "Ranks-Max: %ld\n", lock->ranks_max);
    }
    add_field(out, "Needs-Exec", lock->needs_exec ? "yes" : NULL);
    add_field(out, "Added", added);
    add_field(out, "Leave-Out", leave_out);
    add_field(out, "Keep", keep);
    add_field(out, "Byte-Code", bytecode);
    add_natives(out, lock);
    add_links(out, lock, "Links", false);
    add_links(out, lock, "Alternatives", true);
    add_lines(out, "Environment", &lock->environment);
    add_lines(out, "Rootless", &lock->rootless);
    add_field(out, "Recipe-SHA256", lock->recipe_sha256);
    if (with_tree && lock->tree_sha256[0]) {
        strbuf_addf(out, "Tree-Size: %" PRIu64 "\nTree-SHA256: %s\n", lock->tree_size,
                    lock->tree_sha256);
        add_field(out, "Built-Tree-SHA256", lock->built_sha256);
    }
    for (size_t i = 0; i < lock->packages.n; i++) {
        add_package(out, &lock->packages.items[i], with_tree);
    }
    for (size_t k = 0; k < lock->n_natives; k++) {
        const struct package_list *list = &lock->natives[k].packages;
        for (size_t i = 0; i < list->n; i++) {
            add_package(out, &list->items[i], with_tree);
        }
    }
}

int lock_write(const char *path, const struct lock *lock, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    lock_format(lock, true, &text);
    return fs_write_file(path, text.data, text.len, 0644, err);
}

// A value of the paragraph, in one line; NULL when it is not there.
static char *field(const struct deb822 *p, const char *name)
{
    struct slice value = deb822_get(p, name);
    return value.p ? slice_dup(slice_trim(value)) : NULL;
}

static void words_field(const struct deb822 *p, const char *name, struct strv *out)
{
    _cleanup_free_ char *text = field(p, name);
    strv_add_words(out, text ? text : "");
}

static void lines_field(const struct deb822 *p, const char *name, struct strv *out)
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

static int number_field(const struct deb822 *p, const char *name, uint64_t *out, struct err *err)
{
    struct slice value = deb822_get(p, name);
    *out = 0;
    if (value.p && (!text_number(value, out) || *out > SIZE_LIMIT)) {
        return err_set(err, ERR_VERIFY, "`%s` is not a valid number", name);
    }
    return 0;
}

// 64 lower-case digits, or empty where that is allowed.
static int hash_field(const struct deb822 *p, const char *name, bool needed, char out[HASH_HEX + 1],
                      struct err *err)
{
    struct slice value = deb822_get(p, name);
    if (!value.p && !needed) {
        return 0;
    }
    if (!text_hash(value, out)) {
        return err_set(err, ERR_VERIFY, "`%s` is not a SHA-256", name);
    }
    return 0;
}

static int read_links(const struct deb822 *p, const char *name, bool optional, struct lock *out,
                      struct err *err)
{
    struct slice rest = deb822_get(p, name);
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        struct slice path;
        struct slice target;
        if (!slice_word(&line, &path)) {
            continue;
        }
        if (!slice_word(&line, &target)) {
            return err_set(err, ERR_VERIFY, "`%s` has a link without a target", name);
        }
        VEC_GROW(out->links, out->n_links);
        struct recipe_link *link = &out->links[out->n_links++];
        *link = (struct recipe_link){slice_dup(path), slice_dup(target), optional};
        if (recipe_check_link(link->path, link->target, err) != 0) {
            err->code = ERR_VERIFY;
            return -1;
        }
    }
    return 0;
}

static int check_format(const struct deb822 *p, struct err *err)
{
    struct slice format = deb822_get(p, "Format");
    uint64_t number;

    if (!format.p || !text_number(format, &number)) {
        return err_set(err, ERR_VERIFY, "not a lock file: it does not begin with Format: %d",
                       LOCK_FORMAT);
    }
    if (number < LOCK_FORMAT || number > LOCK_FORMAT_NATIVE) {
        err_set(err, ERR_FAILED, "format %.*s is newer than this pisdk", (int)format.n, format.p);
        return err_hint(err, "update pisdk, or ask whoever wrote it for one of format %d",
                        LOCK_FORMAT_NATIVE);
    }
    return 0;
}

static bool knows_native(const struct lock *lock, const char *arch)
{
    for (size_t i = 0; i < lock->n_natives; i++) {
        if (strcmp(lock->natives[i].arch, arch) == 0) {
            return true;
        }
    }
    return false;
}

static int read_natives(const struct deb822 *p, struct lock *out, struct err *err)
{
    struct slice rest = deb822_get(p, "Native");
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *text = slice_dup(line);
        _cleanup_strv_ struct strv words = {0};
        strv_add_words(&words, text);
        if (words.n == 0) {
            continue;
        }
        if (words.n < 2 || !text_is_name(words.items[0]) || !text_is_name(words.items[1]) ||
            strcmp(words.items[0], out->arch) == 0 || knows_native(out, words.items[0])) {
            return err_set(err, ERR_VERIFY,
                           "`Native` has a line that is not another architecture, a triple, files");
        }
        const struct strv files = {words.items + 2, words.n - 2};
        lock_add_native(out, words.items[0], words.items[1], &files);
    }
    return 0;
}

static int read_head(const struct deb822 *p, struct lock *out, struct err *err)
{
    uint64_t number;

    if (check_format(p, err) != 0) {
        return -1;
    }
    out->name = field(p, "Sysroot");
    out->recipe = field(p, "Recipe");
    out->flavour = field(p, "Flavour");
    out->title = field(p, "Title");
    out->arch = field(p, "Architecture");
    out->triple = field(p, "Triple");
    words_field(p, "Added", &out->added);
    words_field(p, "Flags", &out->flags);
    words_field(p, "Leave-Out", &out->leave_out);
    words_field(p, "Keep", &out->keep);
    words_field(p, "Byte-Code", &out->bytecode);
    lines_field(p, "Environment", &out->environment);
    lines_field(p, "Rootless", &out->rootless);
    if (!out->name || !text_is_name(out->name) || !out->arch || !text_is_name(out->arch) ||
        !out->triple || !text_is_name(out->triple)) {
        return err_set(err, ERR_VERIFY,
                       "`Sysroot`, `Architecture` or `Triple` is missing or invalid");
    }
    for (size_t i = 0; i < out->flags.n; i++) {
        if (!text_is_flag(out->flags.items[i])) {
            return err_set(err, ERR_VERIFY, "`Flags`: `%s` is not -DNAME or -DNAME=VALUE",
                           out->flags.items[i]);
        }
    }
    if (number_field(p, "Ranks-Max", &number, err) != 0 ||
        number_field(p, "Tree-Size", &out->tree_size, err) != 0 ||
        hash_field(p, "Recipe-SHA256", false, out->recipe_sha256, err) != 0 ||
        hash_field(p, "Tree-SHA256", false, out->tree_sha256, err) != 0 ||
        hash_field(p, "Built-Tree-SHA256", false, out->built_sha256, err) != 0) {
        return -1;
    }
    out->ranks_max = (long)number;
    out->needs_exec = slice_is(deb822_get(p, "Needs-Exec"), "yes");
    if (read_natives(p, out, err) != 0 || read_links(p, "Links", false, out, err) != 0) {
        return -1;
    }
    return read_links(p, "Alternatives", true, out, err);
}

static int read_files(const struct deb822 *p, struct package *out, struct err *err)
{
    struct slice rest = deb822_get(p, "Files");
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        struct slice hash;
        struct slice size;
        struct slice name;
        if (!slice_word(&line, &hash)) {
            continue;
        }
        struct package_file *file = package_add_file(out);
        if (!slice_word(&line, &size) || !slice_word(&line, &name) ||
            !text_hash(hash, file->sha256) || !text_number(size, &file->size) ||
            out->n_files > FILES_MAX) {
            return err_set(err, ERR_VERIFY, "`Files` has a line that is not SHA-256, size, name");
        }
        file->filename = slice_dup(name);
    }
    return 0;
}

static struct lock_native *find_native(const struct lock *lock, const struct package *p)
{
    for (size_t i = 0; i < lock->n_natives; i++) {
        if (p->kind == PACKAGE_DEB && str_eq(p->arch, lock->natives[i].arch)) {
            return &lock->natives[i];
        }
    }
    return NULL;
}

static int check_package(const struct lock *lock, const struct package *p, struct err *err)
{
    if (!p->name || !text_is_name(p->name)) {
        return err_set(err, ERR_VERIFY, "`%s` is not a valid package name", p->name ? p->name : "");
    }
    if (!p->version || !text_is_version(p->version)) {
        return err_set(err, ERR_VERIFY, "%s: `Version` is missing or invalid", p->name);
    }
    if (p->script &&
        (!text_is_name(p->script) || !p->script_sha256 || !hash_is_hex(p->script_sha256))) {
        return err_set(err, ERR_VERIFY, "%s: `Script` or its SHA-256 is invalid", p->name);
    }
    if (p->kind == PACKAGE_SOURCE ? p->n_files == 0
                                  : p->n_files != (p->kind == PACKAGE_DEB ? 1U : 0U)) {
        return err_set(err, ERR_VERIFY, "%s: unexpected files for this package type", p->name);
    }
    const char *other = p->kind == PACKAGE_SOURCE ? "source" : "all";
    if (!str_eq(p->arch, lock->arch) && !str_eq(p->arch, other) && !find_native(lock, p)) {
        return err_set(err, ERR_VERIFY, "%s: `Architecture` is neither %s nor all", p->name,
                       lock->arch);
    }
    for (size_t i = 0; i < p->n_files; i++) {
        const struct package_file *file = &p->files[i];
        if (file->size == 0 || !text_is_inner_path(file->filename)) {
            return err_set(err, ERR_VERIFY, "%s: `%s` or its size is invalid", p->name,
                           file->filename);
        }
    }
    return 0;
}

static int read_package(const struct deb822 *p, const struct lock *lock, struct package *to,
                        struct err *err)
{
    *to = (struct package){
        .name = field(p, "Package"),
        .version = field(p, "Version"),
        .arch = field(p, "Architecture"),
        .origin = field(p, "Origin"),
        .suite = field(p, "Suite"),
        .source = field(p, "Source"),
        .script = field(p, "Script"),
        .script_sha256 = field(p, "Script-SHA256"),
        .built_with = field(p, "Built-With"),
    };
    to->kind = to->script                    ? PACKAGE_SOURCE
               : deb822_get(p, "Filename").p ? PACKAGE_DEB
                                             : PACKAGE_COPIED;
    if (number_field(p, "Installed-Size", &to->installed_size, err) != 0 ||
        hash_field(p, "Contents-SHA256", to->kind == PACKAGE_COPIED, to->contents, err) != 0 ||
        read_files(p, to, err) != 0) {
        return to->name ? err_wrap(err, "%s", to->name) : -1;
    }
    if (to->kind == PACKAGE_DEB) {
        struct package_file *file = package_add_file(to);
        file->filename = field(p, "Filename");
        if (number_field(p, "Size", &file->size, err) != 0 ||
            hash_field(p, "SHA256", true, file->sha256, err) != 0) {
            return to->name ? err_wrap(err, "%s", to->name) : -1;
        }
    }
    return check_package(lock, to, err);
}

static int add_read_package(const struct deb822 *p, struct lock *lock, struct err *err)
{
    struct package package;
    int r = read_package(p, lock, &package, err);
    struct lock_native *native = find_native(lock, &package);
    struct package_list *list = native ? &native->packages : &lock->packages;
    VEC_GROW(list->items, list->n);
    list->items[list->n++] = package; // released with the list, whatever it is
    return r;
}

// Lists have one item a line; everything else is one line.
static int check_lines(const struct deb822 *p, struct err *err)
{
    static const char *const lists[] = {"Links",    "Alternatives", "Environment",
                                        "Rootless", "Files",        "Native"};
    for (size_t i = 0; i < p->n; i++) {
        const struct deb822_field *f = &p->fields[i];
        bool list = false;
        for (size_t k = 0; k < ARRAY_SIZE(lists) && !list; k++) {
            list = slice_is(f->name, lists[k]);
        }
        if (!list && f->value.n && memchr(f->value.p, '\n', f->value.n)) {
            return err_set(err, ERR_VERIFY, "`%.*s` has several lines", (int)f->name.n, f->name.p);
        }
    }
    return 0;
}

static int sort_packages(struct package_list *list, struct err *err)
{
    package_list_sort(list);
    for (size_t i = 1; i < list->n; i++) {
        const char *name = list->items[i].name;
        if (strcmp(name, list->items[i - 1].name) == 0) {
            return err_set(err, ERR_VERIFY, "%s is listed twice", name);
        }
    }
    return 0;
}

static int parse(struct deb822_reader *reader, struct lock *out, struct err *err)
{
    struct deb822 p = {0};
    int r = !deb822_next(reader, &p)    ? err_set(err, ERR_VERIFY, "not a lock file")
            : check_lines(&p, err) == 0 ? read_head(&p, out, err)
                                        : -1;
    while (r == 0 && deb822_next(reader, &p)) {
        r = check_lines(&p, err) == 0 ? add_read_package(&p, out, err) : -1;
    }
    deb822_release(&p);
    if (r == 0 && reader->bad) {
        r = err_set(err, ERR_VERIFY, "neither a field nor its continuation");
    }
    if (r == 0) { // else the last one may have no name
        r = sort_packages(&out->packages, err);
        for (size_t i = 0; i < out->n_natives && r == 0; i++) {
            r = sort_packages(&out->natives[i].packages, err);
        }
    }
    return r;
}

static bool is_text(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t') {
            return false;
        }
    }
    return true;
}

int lock_parse(const char *path, const char *text, size_t n, struct lock *out, struct err *err)
{
    struct deb822_reader reader;

    *out = (struct lock){0};
    if (!is_text(text, n)) {
        return err_set(err, ERR_VERIFY, "%s: not a lock file: it has control characters", path);
    }
    deb822_reader_init(&reader, text, n);
    if (parse(&reader, out, err) != 0) {
        lock_release(out);
        return err_wrap(err, "%s:%d", path, reader.line);
    }
    return 0;
}

int lock_read(const char *path, struct lock *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    if (fs_read_file(path, LOCK_MAX, &text, err) != 0) {
        return -1;
    }
    return lock_parse(path, text.data, text.len, out, err);
}

void lock_from_recipe(const struct recipe *recipe, const struct strv *added, struct lock *out)
{
    *out = (struct lock){
        .name = xstrdup(recipe->name),
        .recipe = xstrdup(recipe->base),
        .flavour = recipe->flavour ? xstrdup(recipe->flavour) : NULL,
        .title = xstrdup(recipe->title),
        .arch = xstrdup(recipe->arch),
        .triple = xstrdup(recipe->triple),
        .needs_exec = recipe->needs_exec,
        .ranks_max = recipe->ranks_max ? strtol(recipe->ranks_max, NULL, 10) : 0,
    };
    memcpy(out->recipe_sha256, recipe->sha256, sizeof(out->recipe_sha256));
    if (added) {
        strv_add_all(&out->added, added->items);
    }
    strv_add_all(&out->flags, recipe->flags.items);
    strv_add_all(&out->leave_out, recipe->leave_out.items);
    strv_add_all(&out->keep, recipe->keep.items);
    strv_add_all(&out->bytecode, recipe->bytecode.items);
    strv_add_all(&out->environment, recipe->environment.items);
    strv_add_all(&out->rootless, recipe->rootless.items);
    for (size_t i = 0; i < recipe->n_links; i++) {
        const struct recipe_link *from = &recipe->links[i];
        VEC_GROW(out->links, out->n_links);
        out->links[out->n_links++] =
            (struct recipe_link){xstrdup(from->path), xstrdup(from->target), from->optional};
    }
}

struct lock_native *lock_add_native(struct lock *lock, const char *arch, const char *triple,
                                    const struct strv *files)
{
    VEC_GROW(lock->natives, lock->n_natives);
    struct lock_native *n = &lock->natives[lock->n_natives++];
    *n = (struct lock_native){.arch = xstrdup(arch), .triple = xstrdup(triple)};
    for (size_t i = 0; i < files->n; i++) {
        strv_add(&n->files, files->items[i]);
    }
    return n;
}

const char *lock_tree_digest(const struct lock *lock)
{
    return lock->built_sha256[0] ? lock->built_sha256 : lock->tree_sha256;
}

bool lock_is_same(const struct lock *a, const struct lock *b)
{
    _cleanup_strbuf_ struct strbuf x = {0};
    _cleanup_strbuf_ struct strbuf y = {0};
    lock_format(a, false, &x);
    lock_format(b, false, &y);
    return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

void lock_release_native(struct lock_native *n)
{
    free(n->arch);
    free(n->triple);
    strv_release(&n->files);
    package_list_release(&n->packages);
    *n = (struct lock_native){0};
}

void lock_release(struct lock *lock)
{
    free(lock->name);
    free(lock->recipe);
    free(lock->flavour);
    free(lock->title);
    free(lock->arch);
    free(lock->triple);
    strv_release(&lock->added);
    strv_release(&lock->flags);
    strv_release(&lock->leave_out);
    strv_release(&lock->keep);
    strv_release(&lock->bytecode);
    strv_release(&lock->environment);
    strv_release(&lock->rootless);
    for (size_t i = 0; i < lock->n_links; i++) {
        free(lock->links[i].path);
        free(lock->links[i].target);
    }
    free(lock->links);
    package_list_release(&lock->packages);
    for (size_t i = 0; i < lock->n_natives; i++) {
        lock_release_native(&lock->natives[i]);
    }
    free(lock->natives);
    *lock = (struct lock){0};
}
