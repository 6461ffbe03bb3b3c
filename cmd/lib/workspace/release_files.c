// SPDX-License-Identifier: MIT
#include "workspace/release_files.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "deploy/runtime.h"
#include "project/build.h"
#include "target/elf.h"
#include "workspace/package_files.h"

enum { DEPTH_MAX = 8 };

// A walk through what was built.
struct walk {
    struct payload *release;
    const char *root;
    bool in_sources; // built among them: only some folders are looked into
};

// Folders that build systems keep their own things in.
static bool is_looked_into(const struct walk *walk, const char *name)
{
    static const char *const kept_out[] = {"CMakeFiles", "debug",      "meson-private",
                                           "meson-info", "meson-logs", "Testing",
                                           "_deps",      "python",     "setuptools"};
    for (size_t i = 0; i < ARRAY_SIZE(kept_out); i++) {
        if (strcmp(name, kept_out[i]) == 0) {
            return false;
        }
    }
    if (walk->in_sources) {
        return strcmp(name, "bin") == 0 || strcmp(name, "lib") == 0 || strcmp(name, "src") == 0;
    }
    return name[0] != '.' && !str_ends(name, ".p");
}

// A program or a shared library for the board.
static bool is_wanted(const char *path, const char *name, const struct stat *st)
{
    struct elf_info info;
    struct err ignored = ERR_INIT;
    if (!(st->st_mode & 0111) && !strstr(name, ".so")) {
        return false;
    }
    if (elf_read(path, &info, &ignored) != 0) {
        return false;
    }
    bool wanted = elf_is_arm(&info) && !info.is_object;
    elf_info_release(&info);
    return wanted;
}

static int walk_folder(const struct walk *walk, const char *below, int depth, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    _cleanup_free_ char *folder = *below ? fs_join(walk->root, below) : xstrdup(walk->root);

    if (fs_list_dir(folder, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.items[i];
        _cleanup_free_ char *path = fs_join(folder, name);
        _cleanup_free_ char *inner = *below ? fs_join(below, name) : xstrdup(name);
        _cleanup_free_ char *to = fs_join("bin", inner);
        struct stat st;
        int r = 0;
        if (lstat(path, &st) != 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode)) {
            r = depth < DEPTH_MAX && is_looked_into(walk, name)
                    ? walk_folder(walk, inner, depth + 1, err)
                    : 0;
        } else if ((S_ISLNK(st.st_mode) && strstr(name, ".so")) ||
                   (S_ISREG(st.st_mode) && is_wanted(path, name, &st))) {
            r = payload_add(walk->release, walk->root, path, to, err);
        }
        if (r != 0) {
            return -1;
        }
    }
    return 0;
}

// The modules of a Python package: beside the project's scripts, where Python looks first.
static int add_modules(const char *dir, struct payload *r, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(dir, "python");
    _cleanup_strv_ struct strv names = {0};
    if (!fs_is_dir(folder)) {
        return 0;
    }
    if (fs_list_dir(folder, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(folder, names.items[i]);
        if (payload_add(r, folder, path, names.items[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_built(const struct workspace *w, const struct target *target, struct payload *r,
                     struct err *err)
{
    const char *system;
    _cleanup_free_ char *dir = project_build_dir(w->project, target->board.name, target->type);

    if (project_build_system(w->project, &system, err) != 0) {
        return -1;
    }
    bool apart = project_builds_apart(system);
    struct walk walk = {.release = r, .root = dir};
    if (fs_is_dir(dir) && (walk_folder(&walk, "", 0, err) != 0 || add_modules(dir, r, err) != 0)) {
        return -1;
    }
    walk = (struct walk){.release = r, .root = w->project->dir, .in_sources = true};
    return apart ? 0 : walk_folder(&walk, "", 0, err);
}

static int add_match(const struct workspace *w, struct payload *r, const char *match,
                     struct err *err)
{
    const char *root = w->project->dir;
    _cleanup_free_ char *parent = fs_parent(match);
    _cleanup_free_ char *folder = fs_real_path(parent); // the link itself stays one
    if (!folder || !fs_is_below(folder, root)) {
        err_set(err, ERR_USAGE, "%s is outside the project", match);
        return err_hint(err, "move or copy it into %s", root);
    }
    _cleanup_free_ char *source = fs_join(folder, fs_base(match));
    const char *path = source + strlen(root) + 1;
    if (strcmp(path, "bin") == 0 || strcmp(path, "runtime") == 0) {
        err_set(err, ERR_USAGE, "`%s` on the boards is where pisdk puts programs", path);
        return err_hint(err, "name what is in it: files = %s/*", path);
    }
    return payload_add(r, root, source, path, err);
}

// A project of scripts that does not say what goes to the boards: all of them, and its packages;
// those of a Python package are built.
static void add_scripts(const struct project *p, struct strv *files)
{
    static const char *const patterns[] = {"*.py", "*.R", "*.sh", "*/__init__.py"};
    const char *system = "";
    struct err ignored = ERR_INIT;
    if (project_build_system(p, &system, &ignored) != 0) {
        return;
    }
    bool builds = strcmp(system, "python") == 0;
    if (!builds && strcmp(system, "none") != 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        _cleanup_free_ char *pattern = fs_join(p->dir, patterns[i]);
        bool package = strchr(patterns[i], '/') != NULL;
        glob_t found;
        if ((package && builds) || glob(pattern, 0, NULL, &found) != 0) {
            continue;
        }
        for (size_t k = 0; k < found.gl_pathc; k++) {
            const char *path = found.gl_pathv[k];
            if (!builds || strcmp(fs_base(path), "setup.py") != 0) {
                strv_take(files, package ? fs_parent(path) : xstrdup(path));
            }
        }
        globfree(&found);
    }
}

static int add_named(const struct workspace *w, struct payload *r, struct err *err)
{
    _cleanup_strv_ struct strv all = {0};
    const struct strv *files = &all;
    strv_add_all(&all, w->project->deploy_files.items);
    if (all.n == 0) {
        add_scripts(w->project, &all);
    }
    for (size_t i = 0; i < files->n; i++) {
        _cleanup_free_ char *pattern = fs_join(w->project->dir, files->items[i]);
        glob_t found;
        while (str_ends(pattern, "/")) {
            pattern[strlen(pattern) - 1] = '\0';
        }
        if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0) {
            err_set(err, ERR_NOT_FOUND, "`files` in [deploy]: there is no %s", files->items[i]);
            return err_hint(err, "in %s/" PROJECT_FILE, w->project->dir);
        }
        int status = 0;
        for (size_t k = 0; k < found.gl_pathc && status == 0; k++) {
            status = add_match(w, r, found.gl_pathv[k], err);
        }
        globfree(&found);
        if (status != 0) {
            return -1;
        }
    }
    return 0;
}

// --- Libraries that were built before ------------------------------------------------------------

struct libraries {
    const struct workspace *w;
    const struct sysroot *sysroot;
    struct payload *release;
};

// The folders that a file's libraries may be in, on the desktop.
static void library_folders(const struct libraries *l, const struct elf_info *info,
                            struct strv *out)
{
    const struct strv *prefixes = &l->w->project->build.prefixes;
    struct slice rest = {info->runpath ? info->runpath : "",
                         info->runpath ? strlen(info->runpath) : 0};
    struct slice folder;
    while (slice_cut(&rest, ':', &folder)) {
        _cleanup_free_ char *path = slice_dup(folder);
        if (path[0] == '/' && !fs_is_below(path, l->sysroot->root)) {
            strv_add(out, path);
        }
    }
    for (size_t i = 0; i < prefixes->n; i++) {
        strv_addf(out, "%s/lib", prefixes->items[i]);
        strv_addf(out, "%s/lib/%s", prefixes->items[i], l->sysroot->lock.triple);
    }
}

// Libraries of the desktop may have the same names.
static char *find_library(const struct strv *folders, const char *soname)
{
    for (size_t i = 0; i < folders->n; i++) {
        _cleanup_free_ char *path = fs_join(folders->items[i], soname);
        struct elf_info info = {0};
        struct err ignored = ERR_INIT;
        bool fits = elf_read(path, &info, &ignored) == 0 && elf_is_arm(&info);
        elf_info_release(&info);
        if (fits) {
            return fs_real_path(path);
        }
    }
    return NULL;
}

// Did the build make a library of this name itself? `file` is the one that was built before.
static bool has_own(const struct payload *r, const char *soname, const char *file)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct payload_file *f = &r->items[i];
        if (strcmp(fs_base(f->path), soname) == 0 && (!f->source || strcmp(f->source, file) != 0)) {
            return true;
        }
    }
    return false;
}

// A library without a soname that was linked by its path is looked for there, on the boards as
// well.
static int refuse_path(const char *user, const char *library, struct err *err)
{
    err_set(err, ERR_USAGE, "%s needs %s by that path, since the library has no soname", user,
            library);
    return err_hint(err, "link the library with -Wl,-soname,%s, and build again", fs_base(library));
}

static int add_libraries(struct libraries *l, size_t user, struct err *err)
{
    _cleanup_(elf_info_release) struct elf_info info = {0};
    _cleanup_strv_ struct strv folders = {0};
    _cleanup_free_ char *beside = fs_parent(l->release->items[user].path);
    struct err ignored = ERR_INIT;

    if (elf_read(l->release->items[user].source, &info, &ignored) != 0 || !elf_is_arm(&info)) {
        return 0;
    }
    library_folders(l, &info, &folders);
    for (size_t i = 0; i < info.needed.n; i++) {
        const char *soname = info.needed.items[i];
        _cleanup_free_ char *file = find_library(&folders, soname);
        if (file && soname[0] == '/') {
            return refuse_path(l->release->items[user].path, soname, err);
        }
        if (!file || has_own(l->release, soname, file)) {
            continue;
        }
        _cleanup_free_ char *folder = fs_parent(file);
        _cleanup_free_ char *path = fs_join(beside, soname);
        if (payload_add(l->release, folder, file, path, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_built_before(const struct workspace *w, const struct target *target,
                            struct payload *r, struct err *err)
{
    struct libraries l = {w, &target->sysroot, r};
    for (size_t i = 0; i < r->n; i++) { // which grows
        if (r->items[i].kind == PAYLOAD_FILE && add_libraries(&l, i, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// --- The whole -----------------------------------------------------------------------------------

static int add_packages(const struct workspace *w, const struct target *target,
                        const struct strv *names, struct strv *files, struct err *err)
{
    struct package_files known;
    if (!names || names->n == 0) {
        return 0;
    }
    package_files_read(w->paths->data, &target->sysroot, &known);
    int r = package_files_of(&known, &target->sysroot, names, files, err);
    package_files_release(&known);
    return r;
}

static int add_runtime(const struct workspace *w, const struct target *target,
                       const struct release_runtime *runtime, struct payload *r, struct err *err)
{
    _cleanup_free_ char *data = fs_join(w->paths->share, "sysroot-scripts/runtime");
    _cleanup_strv_ struct strv files = {0};
    if (add_packages(w, target, runtime->packages, &files, err) != 0) {
        return -1;
    }
    const struct runtime_source source = {
        .root = target->sysroot.root,
        .triple = target->sysroot.lock.triple,
        .flavour = target->sysroot.lock.flavour,
        .data = data,
        .work = runtime->work,
        .with = runtime->with,
        .files = &files,
        .small = runtime->small,
    };
    return runtime_add(r, &source, err);
}

int release_files_collect(const struct workspace *w, struct target *target,
                          const struct release_runtime *runtime, struct payload *r, struct err *err)
{
    int status = target_build(w, target, NULL, err);
    if (status != 0) {
        return status < 0 ? -1 : err_set(err, ERR_FAILED, "the build failed");
    }
    if (add_built(w, target, r, err) != 0 || add_named(w, r, err) != 0 ||
        add_built_before(w, target, r, err) != 0) {
        return -1;
    }
    bool wanted = runtime && (r->n > 0 || (runtime->with && runtime->with->n > 0) ||
                              (runtime->packages && runtime->packages->n > 0));
    return wanted ? add_runtime(w, target, runtime, r, err) : 0;
}
