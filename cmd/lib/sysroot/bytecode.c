// SPDX-License-Identifier: MIT
#include "sysroot/bytecode.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "sandbox/sandbox.h"
#include "sysroot/packages.h"
#include "sysroot/path.h"

// Changes when the same files give other byte code.
#define KEY_VERSION "bytecode 1"

enum { SAID_MAX = 1 << 14, MINOR_EXACT = 11 };

static const char interpreter[] = "usr/bin/python3";
static const char modules[] = "dist-packages/";

// Files that are compiled together: what is in one folder of dist-packages, or all of
// usr/lib/pythonX.
struct group {
    struct slice name; // of a path in the tree
    struct strv paths;
    struct hash sum;
    char key[HASH_HEX + 1];
    bool missing;              // among the unpacked packages: it is
    struct packages_new fresh; // being made
    struct tree list;          // of what was made
};

struct groups {
    struct group *items;
    size_t n;
};

struct python {
    char *name;    // "python3.11"
    char *version; // "3.11.2"
};

// --- Which files, which Python -------------------------------------------------------------------

static struct slice group_name(const char *path)
{
    const char *found = strstr(path, modules);
    if (!found) {
        const char *slash = path;
        for (int i = 0; i < 3 && slash; i++) { // usr/lib/python3.11
            slash = strchr(slash + (i > 0), '/');
        }
        return (struct slice){path, slash ? (size_t)(slash - path) : strlen(path)};
    }
    const char *inner = found + strlen(modules);
    size_t n = strcspn(inner, "/");
    // Files beside the folders are one group.
    return (struct slice){path, (size_t)(inner - path) + (inner[n] == '/' ? n : 0)};
}

static bool is_source(const struct lock *lock, const struct tree_entry *e)
{
    return e->type == TREE_FILE && str_ends(e->path, ".py") && !strchr(e->path, '\n') &&
           sysroot_path_matches(&lock->bytecode, e->path);
}

// The interpreter that the sysroot has, by its link; false: none.
static bool find_python(const struct lock *lock, const struct tree *tree, struct python *out)
{
    *out = (struct python){0};
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_entry *e = &tree->items[i];
        if (e->type == TREE_LINK && strcmp(e->path, interpreter) == 0) {
            out->name = xstrdup(fs_base(e->target));
        }
    }
    _cleanup_free_ char *package = out->name ? xasprintf("%s-minimal", out->name) : NULL;
    const struct package *p = package ? package_list_find(&lock->packages, package) : NULL;
    if (p) {
        out->version = xstrndup(p->version, strcspn(p->version, "-+~"));
    }
    return p != NULL;
}

static void release_python(struct python *p)
{
    free(p->name);
    free(p->version);
}

// The tree is sorted, so the files of a group follow each other, but for those of folders that
// other folders' names begin with: groups are looked for.
static struct group *get_group(struct groups *groups, struct slice name,
                               const struct python *python)
{
    for (size_t i = groups->n; i > 0; i--) {
        struct group *g = &groups->items[i - 1];
        if (g->name.n == name.n && memcmp(g->name.p, name.p, name.n) == 0) {
            return g;
        }
    }
    VEC_GROW(groups->items, groups->n);
    struct group *g = &groups->items[groups->n++];
    *g = (struct group){.name = name, .fresh = {.tree = -1, .held = -1}};
    hash_init(&g->sum);
    hash_update(&g->sum, KEY_VERSION, sizeof(KEY_VERSION));
    hash_update(&g->sum, python->version, strlen(python->version) + 1);
    return g;
}

static void find_groups(const struct lock *lock, const struct tree *tree,
                        const struct python *python, struct groups *groups)
{
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_entry *e = &tree->items[i];
        if (!is_source(lock, e)) {
            continue;
        }
        struct group *g = get_group(groups, group_name(e->path), python);
        strv_add(&g->paths, e->path);
        hash_update(&g->sum, e->path, strlen(e->path) + 1);
        hash_update(&g->sum, e->sha256, HASH_HEX);
    }
    for (size_t i = 0; i < groups->n; i++) {
        hash_finish(&groups->items[i].sum, groups->items[i].key);
    }
}

static void release_groups(struct groups *groups)
{
    for (size_t i = 0; i < groups->n; i++) {
        strv_release(&groups->items[i].paths);
        tree_release(&groups->items[i].list);
        packages_end(&groups->items[i].fresh);
    }
    free(groups->items);
}

void bytecode_keys(const struct lock *lock, const struct tree *tree, struct strv *keys)
{
    struct python python;
    if (find_python(lock, tree, &python)) {
        struct groups groups = {0};
        find_groups(lock, tree, &python, &groups);
        for (size_t i = 0; i < groups.n; i++) {
            strv_add(keys, groups.items[i].key);
        }
        release_groups(&groups);
    }
    release_python(&python);
}

// --- Compiling -----------------------------------------------------------------------------------

// The desktop's Python, if it has this very version: another one may compile otherwise. Before 3.11
// the result depends on the size of a word (bytecode.py).
static bool find_desktops(const struct python *python, struct strv *argv)
{
    _cleanup_free_ char *path = fs_find_program(python->name);
    _cleanup_strbuf_ struct strbuf said = {0};
    const struct proc_capture capture = {.input = -1, .max = SAID_MAX, .out = &said};
    struct err ignored = ERR_INIT;
    char ask[] = "import sys; print(sys.version.split()[0])";
    char *const words[] = {path, (char[]){"-I"}, (char[]){"-c"}, ask, NULL};
    int status = 0;

    if (!path || strtol(python->name + strlen("python3."), NULL, 10) < MINOR_EXACT ||
        proc_capture(words, &capture, &status, &ignored) != 0 || status != 0) {
        return false;
    }
    struct slice version = slice_trim((struct slice){said.data ? said.data : "", said.len});
    if (!slice_is(version, python->version)) {
        return false;
    }
    strv_add(argv, path);
    return true;
}

static int find_emulated(const struct bytecode_options *o, const struct python *python,
                         struct strv *argv, struct err *err)
{
    char *qemu = sandbox_find_qemu(err);
    if (!qemu) {
        return err_wrap(err, "compiling Python files needs %s %s, or to run the sysroot's",
                        python->name, python->version);
    }
    strv_take(argv, qemu);
    strv_add_list(argv, "-L", o->path, NULL);
    strv_addf(argv, "%s/usr/bin/%s", o->path, python->name);
    return 0;
}

static int find_command(const struct bytecode_options *o, const struct python *python,
                        struct strv *argv, struct err *err)
{
    if (!find_desktops(python, argv) && find_emulated(o, python, argv, err) != 0) {
        return -1;
    }
    strv_add_list(argv, "-s", "-S", "-B", NULL);
    strv_addf(argv, "%s/sysroot-scripts/generated/bytecode.py", o->share);
    strv_add(argv, o->path);
    return 0;
}

// The standard input of bytecode.py: a folder and a path a line.
static int open_input(const struct groups *groups, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_close_ int fd = memfd_create("bytecode", MFD_CLOEXEC);
    for (size_t i = 0; i < groups->n; i++) {
        const struct group *g = &groups->items[i];
        for (size_t k = 0; g->missing && k < g->paths.n; k++) {
            strbuf_addf(&text, "%s/tree\t%s\n", g->fresh.dir, g->paths.items[k]);
        }
    }
    if (fd < 0) {
        return err_sys(err, "no memory");
    }
    if (fs_write_all(fd, text.data, text.len, err) != 0) {
        return -1;
    }
    return lseek(fd, 0, SEEK_SET) == 0 ? TAKE_FD(fd) : err_sys(err, "no memory");
}

static int compile(const struct bytecode_options *o, const struct python *python,
                   const struct groups *groups, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv env = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    _cleanup_close_ int input = open_input(groups, err);
    const struct proc_context context = {.env = &env};
    const struct proc_capture capture = {
        .input = input, .max = SAID_MAX, .out = &said, .errors = &said, .place = &context};
    int status = 0;

    strv_add_list(&env, "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "PYTHONHASHSEED=0", NULL);
    if (input < 0 || find_command(o, python, &argv, err) != 0) {
        return -1;
    }
    log_debug(o->log, "compiling Python files with %s", argv.items[0]);
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return -1;
    }
    if (status != 0) {
        _cleanup_free_ char *last = str_last_line(said.data ? said.data : "");
        return err_set(err, ERR_FAILED, "cannot compile the sysroot's Python files: %s", last);
    }
    return 0;
}

// Loads the groups that were made before, and makes the others, all in one go.
static int get_groups(const struct bytecode_options *o, const struct python *python,
                      struct groups *groups, struct err *err)
{
    bool missing = false;
    for (size_t i = 0; i < groups->n; i++) {
        struct group *g = &groups->items[i];
        g->missing = !packages_load(o->data, g->key, &g->list);
        missing = missing || g->missing;
        if (g->missing && packages_begin(o->data, g->key, &g->fresh, err) != 0) {
            return -1;
        }
    }
    if (missing && compile(o, python, groups, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < groups->n; i++) {
        struct group *g = &groups->items[i];
        if (g->missing && (packages_normalise(g->fresh.tree, false, &g->list, err) != 0 ||
                           packages_commit(o->data, g->key, &g->fresh, &g->list, err) != 0)) {
            return -1;
        }
    }
    return 0;
}

int bytecode_add(const struct bytecode_options *o, const struct lock *lock, struct tree *tree,
                 struct err *err)
{
    struct groups groups = {0};
    struct python python;

    bool wanted = find_python(lock, tree, &python) && lock->bytecode.n > 0;
    if (wanted) {
        find_groups(lock, tree, &python, &groups);
    }
    int r = get_groups(o, &python, &groups, err);
    for (size_t i = 0; r == 0 && i < groups.n; i++) {
        struct group *g = &groups.items[i];
        r = packages_link(o->data, g->key, &g->list, o->root, err);
    }
    for (size_t i = 0; r == 0 && i < groups.n; i++) {
        tree_append(tree, &groups.items[i].list);
    }
    if (wanted) {
        tree_sort(tree);
    }
    release_groups(&groups);
    release_python(&python);
    return r;
}
