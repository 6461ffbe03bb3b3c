// SPDX-License-Identifier: MIT
#include "sysroot/source_build.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "fetch/cache.h"
#include "sysroot/packages.h"
#include "sysroot/path.h"
#include "sysroot/source_script.h"
#include "sysroot/staging.h"
#include "target/board.h"
#include "target/compiler.h"
#include "target/wrapper.h"

enum { TAIL_LINES = 12, TAIL_BYTES = 4096, FOLDER_MODE = 0755 };

// What a build sees of the sysroot.
static const char *const used[] = {"libc6",    "libc6-dev",  "linux-libc-dev", "libcrypt*",
                                   "libgcc-*", "libstdc++*", "libatomic1",     "libgomp1"};

struct work {
    const struct source_build_options *o;
    const struct lock *lock;
    struct package *package;
    struct source_script script;
    struct compiler compiler;
    struct board board;
    char *script_path;
    char script_hash[HASH_HEX + 1];
    char *built_with;
    char *dir; // the work folder: src/, bin/, and root/, the sysroot that it is built against
    char *log_path;
    int log;          // open
    uint64_t printed; // lines of all steps so far
    uint64_t total;   // of all steps, as the script expects
    const char *step;
};

static bool is_used(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
        if (fnmatch(used[i], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

static void make_key(const struct work *w, char key[HASH_HEX + 1])
{
    const struct lock *lock = w->lock;
    const struct package *p = w->package;
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_free_ char *flags = strv_join(&lock->flags, " ");

    strbuf_addf(&text, "source 2\n%s\n%s\n%s\n%s\n", w->script_hash, w->built_with, flags,
                w->board.flags);
    for (size_t i = 0; i < p->n_files; i++) {
        strbuf_addf(&text, "%s\n", p->files[i].sha256);
    }
    for (size_t i = 0; i < lock->packages.n; i++) {
        const struct package *other = &lock->packages.items[i];
        if (other->kind == PACKAGE_DEB && is_used(other->name)) {
            strbuf_addf(&text, "%s\n", other->files[0].sha256);
        }
    }
    hash_bytes(text.data, text.len, key);
}

static char *find_script(const struct source_build_options *o, const struct package *p)
{
    for (size_t i = 0; o->recipe && i < o->recipe->n_sources; i++) {
        const struct recipe_source *s = &o->recipe->sources[i];
        if (strcmp(s->package, p->name) == 0 && strcmp(fs_base(s->script), p->script) == 0) {
            return xstrdup(s->script);
        }
    }
    return xasprintf("%s/sysroot-scripts/source/%s", o->share, p->script);
}

// --- Running the steps ---------------------------------------------------------------------------

static void on_output(void *user, const char *data, size_t n)
{
    struct work *w = user;
    struct err ignored = ERR_INIT;
    (void)!fs_write_all(w->log, data, n, &ignored);
    for (size_t i = 0; i < n; i++) {
        w->printed += data[i] == '\n';
    }
    _cleanup_free_ char *task = xasprintf("building %s (%s)", w->package->name, w->step);
    uint64_t shown = w->printed < w->total ? w->printed : w->total;
    log_progress(w->o->mirror->fetch.log, task, shown, w->total);
}

// The last lines of the log, to the user.
static void tell_tail(const struct work *w)
{
    char text[TAIL_BYTES];
    off_t size = lseek(w->log, 0, SEEK_END);
    off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    ssize_t n = pread(w->log, text, sizeof(text), from);
    size_t start = n > 0 ? (size_t)n : 0;
    struct slice line;

    for (int lines = 0; start > 0 && lines <= TAIL_LINES; start--) {
        lines += text[start - 1] == '\n';
        if (lines > TAIL_LINES) {
            break;
        }
    }
    struct slice rest = {text + start, n > 0 ? (size_t)n - start : 0};
    while (slice_cut(&rest, '\n', &line)) {
        log_info(w->o->mirror->fetch.log, "  %.*s", (int)line.n, line.p);
    }
}

static int run_logged(struct work *w, const struct strv *argv, const char *what, struct err *err)
{
    struct strbuf unused = {0};
    const struct proc_capture capture = {
        .input = -1, .on_data = on_output, .user = w, .out = &unused, .errors = &unused};
    int status = 0;

    _cleanup_free_ char *line = strv_join(argv, " ");
    log_debug(w->o->mirror->fetch.log, "%s", line);
    w->step = what;
    if (proc_capture(argv->items, &capture, &status, err) != 0) {
        return -1;
    }
    if (proc_stop_requested()) {
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    }
    if (status != 0) {
        log_info(w->o->mirror->fetch.log, "the last lines of %s:", w->log_path);
        tell_tail(w);
        err_set(err, ERR_FAILED, "building %s %s: %s ended with status %d", w->package->name,
                w->package->version, what, status);
        return err_hint(err, "what it printed is in %s", w->log_path);
    }
    return 0;
}

// The words of a step with its variables replaced.
static char *expand(const struct work *w, const char *word, const char *dest)
{
    _cleanup_free_ char *flags = strv_join(&w->lock->flags, " ");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    _cleanup_free_ char *jobs = xasprintf("%ld", cores < 1 ? 1 : cores);
    const struct str_pair values[] = {
        {"{script}", w->script.folder}, {"{dest}", dest}, {"{jobs}", jobs}, {"{flags}", flags}};
    return str_expand(word, values, ARRAY_SIZE(values));
}

// env(1) gives the program just this environment, and the source's folder to start in.
static void add_environment(const struct work *w, struct strv *argv)
{
    const char *path = getenv("PATH");
    strv_add_list(argv, "env", "-i", "-C", NULL);
    strv_addf(argv, "%s/src", w->dir);
    strv_addf(argv, "PATH=%s/bin:%s", w->dir, path ? path : "/usr/bin:/bin");
    strv_addf(argv, "HOME=%s", w->dir);
    strv_add_list(argv, "LC_ALL=C", "USER=pisdk", "LOGNAME=pisdk", "HOSTNAME=pisdk", NULL);
    strv_addf(argv, "SOURCE_DATE_EPOCH=%lld", (long long)TREE_TIME);
    for (size_t i = 0; i < w->script.environment.n; i++) {
        strv_take(argv, expand(w, w->script.environment.items[i], ""));
    }
}

static int run_step(struct work *w, const struct source_step *step, const char *dest,
                    struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    uint64_t before = w->printed;

    add_environment(w, &argv);
    for (size_t i = 0; i < step->run.n; i++) {
        strv_take(&argv, expand(w, step->run.items[i], dest));
    }
    if (run_logged(w, &argv, step->name, err) != 0) {
        return -1;
    }
    w->printed = before + (uint64_t)step->lines; // what it printed may be a little less or more
    return 0;
}

// --- The source ----------------------------------------------------------------------------------

static int unpack_file(struct work *w, const struct package_file *file, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_free_ char *path = cache_path(w->o->mirror->fetch.cache, file->sha256);
    bool debian = strstr(file->filename, ".debian.tar.") != NULL;

    strv_add_list(&argv, "tar", "-xf", path, "-C", NULL);
    strv_addf(&argv, "%s/src", w->dir);
    if (!debian) { // its one folder, whatever that is called, becomes src
        strv_add(&argv, "--strip-components=1");
        strv_add_all(&argv, w->script.unpack.items);
    }
    // The cache names files by their hash, so tar has to look into them to know how they are
    // packed.
    return run_logged(w, &argv, "unpacking", err);
}

static int apply_patch(struct work *w, const char *path, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    strv_add_list(&argv, "patch", "-f", "-s", "-p1", "-d", NULL);
    strv_addf(&argv, "%s/src", w->dir);
    strv_add_list(&argv, "-i", path, NULL);
    return run_logged(w, &argv, "patching", err);
}

static int apply_debian_patches(struct work *w, struct err *err)
{
    _cleanup_free_ char *folder = xasprintf("%s/src/debian/patches", w->dir);
    _cleanup_free_ char *series = fs_join(folder, "series");
    _cleanup_strbuf_ struct strbuf text = {0};
    struct slice line;

    if (!fs_exists(series)) {
        return 0;
    }
    if (fs_read_file(series, 1 << 16, &text, err) != 0) {
        return -1;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line);
        if (line.n == 0 || line.p[0] == '#') {
            continue;
        }
        _cleanup_free_ char *name = slice_dup(line);
        _cleanup_free_ char *path = fs_join(folder, name);
        if (apply_patch(w, path, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// With one time for all files, make finds none that is older than what it was made from: patched
// files of the build system do not call for autotools, which users have not.
static int set_times(struct work *w, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    strv_add(&argv, "find");
    strv_addf(&argv, "%s/src", w->dir);
    strv_add_list(&argv, "-exec", "touch", "-h", "-d", NULL);
    strv_addf(&argv, "@%lld", (long long)TREE_TIME);
    strv_add_list(&argv, "{}", "+", NULL);
    return run_logged(w, &argv, "setting times", err);
}

static int prepare_source(struct work *w, struct err *err)
{
    for (size_t i = 0; i < w->package->n_files; i++) {
        if (unpack_file(w, &w->package->files[i], err) != 0) {
            return -1;
        }
    }
    if (apply_debian_patches(w, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < w->script.patches.n; i++) {
        _cleanup_free_ char *path = fs_join(w->script.folder, w->script.patches.items[i]);
        if (apply_patch(w, path, err) != 0) {
            return -1;
        }
    }
    return set_times(w, err);
}

// A sysroot with nothing in it but what builds see.
static int make_root(struct work *w, struct err *err)
{
    _cleanup_free_ char *path = fs_join(w->dir, "root");
    _cleanup_close_ int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_(tree_release) struct tree unused = {0};

    if (root < 0) {
        return err_sys(err, "cannot open %s", path);
    }
    if (staging_merge_usr(root, &unused, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < w->lock->packages.n; i++) {
        const struct package *p = &w->lock->packages.items[i];
        _cleanup_(tree_release) struct tree list = {0};
        char key[HASH_HEX + 1];
        if (p->kind == PACKAGE_SOURCE || !is_used(p->name)) {
            continue;
        }
        packages_key(w->lock, NULL, p, key);
        if (!packages_load(w->o->data, key, &list)) {
            return err_set(err, ERR_FAILED, "package %s is not unpacked", p->name);
        }
        if (packages_link(w->o->data, key, &list, root, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int write_wrappers(struct work *w, struct err *err)
{
    _cleanup_free_ char *bin = fs_join(w->dir, "bin");
    _cleanup_free_ char *root = fs_join(w->dir, "root");
    // Nothing of the work folder's path gets into what is built.
    _cleanup_free_ char *flags = xasprintf("%s -ffile-prefix-map='%s/src'=/usr/src/%s",
                                           w->board.flags, w->dir, w->package->name);
    const struct wrapper_options options = {w->lock->triple, root, flags, &w->compiler};
    return wrapper_write(bin, &options, err);
}

// --- The result ----------------------------------------------------------------------------------

// Removes what is not wanted, and makes the rest the same wherever it was built. Folders come
// before what is in them, so they are removed in a second round, from the end.
static int normalise(const struct work *w, int root, struct tree *list, struct err *err)
{
    _cleanup_(tree_release) struct tree found = {0};
    if (tree_scan(root, &found, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < found.n; i++) {
        const struct tree_entry *e = &found.items[i];
        if (e->type != TREE_FOLDER && sysroot_path_matches(&w->script.leave_out, e->path) &&
            unlinkat(root, e->path, 0) != 0) {
            return err_sys(err, "cannot remove %s", e->path);
        }
    }
    for (size_t i = found.n; i-- > 0;) {
        if (found.items[i].type == TREE_FOLDER) {
            (void)!unlinkat(root, found.items[i].path, AT_REMOVEDIR); // when it is empty
        }
    }
    return packages_normalise(root, false, list, err);
}

static int make_package(struct work *w, const char *key, struct tree *list, struct err *err)
{
    struct packages_new fresh;
    if (packages_begin(w->o->data, key, &fresh, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *dest = fs_join(fresh.dir, "tree");
    int r = 0;
    for (size_t i = 0; i < SOURCE_STEPS && r == 0; i++) {
        r = run_step(w, &w->script.steps[i], dest, err);
    }
    r = r == 0 ? normalise(w, fresh.tree, list, err) : r;
    if (r == 0 && list->n == 0) {
        r = err_set(err, ERR_FAILED, "%s: nothing was installed", w->package->name);
    }
    r = r == 0 ? packages_commit(w->o->data, key, &fresh, list, err) : r;
    packages_end(&fresh);
    return r;
}

static int make_work_folder(struct work *w, const char *key, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(w->o->mirror->fetch.cache, "build");
    _cleanup_free_ char *template = xasprintf("%s/%s-XXXXXX", folder, w->package->name);

    if (fs_mkdir_all(folder, FOLDER_MODE, err) != 0) {
        return -1;
    }
    w->log_path = xasprintf("%s/%s-%.8s.log", folder, w->package->name, key);
    w->log = open(w->log_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (w->log < 0 || !mkdtemp(template)) {
        return err_sys(err, "cannot create a folder in %s", folder);
    }
    w->dir = TAKE_PTR(template);
    static const char *const parts[] = {"src", "bin", "root/usr"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        _cleanup_free_ char *part = fs_join(w->dir, parts[i]);
        if (fs_mkdir_all(part, FOLDER_MODE, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// The folders' names get into makefiles and shell scripts, which few authors expect to be odd.
static int check_folders(const struct work *w, struct err *err)
{
    const char *const folders[] = {w->o->data, w->o->mirror->fetch.cache, w->script_path};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        if (strpbrk(folders[i], " \t\n\"'`$\\#;&|<>()*?[]{}~!:=%,")) {
            err_set(err, ERR_FAILED,
                    "%s: cannot build from source in a path with spaces or shell characters",
                    folders[i]);
            return err_hint(err, "PISDK_DATA_DIR and PISDK_CACHE_DIR choose other folders");
        }
    }
    return 0;
}

static int fetch_sources(struct work *w, struct err *err)
{
    struct mirror_downloads d = {0};
    mirror_add_downloads(w->o->mirror, w->o->recipe, w->package, NULL, &d);
    int r = fetch_files(&w->o->mirror->fetch, d.files, d.n, NULL, err);
    mirror_downloads_release(&d);
    return r;
}

static int check_programs(struct err *err)
{
    static const char *const programs[] = {"make", "patch", "tar", "find", "env"};
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        _cleanup_free_ char *path = fs_find_program(programs[i]);
        if (!path) {
            err_set(err, ERR_NOT_FOUND, "%s is not installed", programs[i]);
            return err_hint(err, "sudo apt install %s", programs[i]);
        }
    }
    return 0;
}

static int build(struct work *w, const char *key, struct tree *list, struct err *err)
{
    struct err ignored = ERR_INIT;

    if (check_programs(err) != 0 || check_folders(w, err) != 0 ||
        source_script_read(w->script_path, &w->script, err) != 0 || fetch_sources(w, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < SOURCE_STEPS; i++) {
        w->total += (uint64_t)w->script.steps[i].lines;
    }
    log_info(w->o->mirror->fetch.log,
             "building %s %s from source; this takes some minutes, but only once", w->package->name,
             w->package->version);
    int r = make_work_folder(w, key, err);
    r = r == 0 ? prepare_source(w, err) : r;
    r = r == 0 ? make_root(w, err) : r;
    r = r == 0 ? write_wrappers(w, err) : r;
    w->printed = 0;
    r = r == 0 ? make_package(w, key, list, err) : r;
    if (w->dir) {
        (void)!fs_remove_tree(w->dir, &ignored);
    }
    if (w->log_path && (r == 0 || err->code == ERR_INTERRUPTED)) {
        unlink(w->log_path);
    }
    return r;
}

// Finds the built package, or builds it.
static int get_package(struct work *w, char key[HASH_HEX + 1], struct tree *list, bool *differs,
                       struct err *err)
{
    struct package *p = w->package;
    char digest[HASH_HEX + 1];

    make_key(w, key);
    if (!packages_load(w->o->data, key, list) && build(w, key, list, err) != 0) {
        return -1;
    }
    tree_digest(list, digest);
    if (!p->contents[0]) {
        free(p->script_sha256);
        free(p->built_with);
        p->script_sha256 = xstrdup(w->script_hash);
        p->built_with = xstrdup(w->built_with);
        memcpy(p->contents, digest, sizeof(digest));
    }
    *differs = *differs || strcmp(p->contents, digest) != 0;
    return 0;
}

static int add_package(struct work *w, struct tree *tree, bool *differs, struct err *err)
{
    _cleanup_(tree_release) struct tree list = {0};
    char key[HASH_HEX + 1];

    _cleanup_free_ char *boards = fs_join(w->o->share, "toolchain/boards");

    w->script_path = find_script(w->o, w->package);
    if (board_read(boards, WRAPPER_BOARD, false, &w->board, err) != 0) {
        return -1;
    }
    if (compiler_find(&w->compiler, err) != 0 ||
        compiler_describe(&w->compiler, &w->built_with, err) != 0 ||
        source_script_hash(w->script_path, w->script_hash, err) != 0 ||
        get_package(w, key, &list, differs, err) != 0 ||
        packages_link(w->o->data, key, &list, w->o->root, err) != 0) {
        return -1;
    }
    tree_append(tree, &list);
    return 0;
}

int source_build_all(const struct source_build_options *o, struct lock *lock, struct tree *tree,
                     bool *differs, struct err *err)
{
    int r = 0;
    for (size_t i = 0; i < lock->packages.n && r == 0; i++) {
        if (lock->packages.items[i].kind != PACKAGE_SOURCE) {
            continue;
        }
        struct work w = {.o = o, .lock = lock, .package = &lock->packages.items[i], .log = -1};
        r = add_package(&w, tree, differs, err);
        source_script_release(&w.script);
        compiler_release(&w.compiler);
        board_release(&w.board);
        free(w.script_path);
        free(w.built_with);
        free(w.dir);
        free(w.log_path);
        if (w.log >= 0) {
            close(w.log);
        }
    }
    return r;
}
