// SPDX-License-Identifier: MIT
#include "pisdk/project/bundle_project.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/proc.h"
#include "deb/lock.h"
#include "project/project.h"

// What an interpreter has without being asked: MPI, and what its own manual takes for granted.
static const struct {
    const char *with, *packages;
} usual[] = {{"python", "python3 python3-numpy python3-mpi4py python3-pip-whl"},
             {"r", "r-base-core r-cran-rmpi"}};

struct bundle_project {
    const struct paths *paths;
    struct strv packages; // of the sysroot, sorted, each once
    const char *name;
    const char *sysroot;
    char *dir;
};

static void collect_packages(const struct bundle_request *request, struct bundle_project *p)
{
    _cleanup_strv_ struct strv all = {0};
    for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
        if (strv_has(request->with, usual[i].with)) {
            strv_add_words(&all, usual[i].packages);
        }
    }
    if (request->packages->n > 0) {
        strv_add_all(&all, request->packages->items);
    }
    strv_sort(&all);
    for (size_t i = 0; i < all.n; i++) {
        if (i == 0 || strcmp(all.items[i], all.items[i - 1]) != 0) {
            strv_add(&p->packages, all.items[i]);
        }
    }
}

static int describe(const struct bundle_request *request, struct bundle_project *p, struct err *err)
{
    const struct strv *with = request->with;
    char sha256[HASH_HEX + 1];

    collect_packages(request, p);
    if (p->packages.n == 0) {
        err_set(err, ERR_NOT_FOUND, "there is no " PROJECT_FILE " here or above");
        return err_hint(err, "without a project: pisdk bundle --with python, or --package NAME");
    }
    p->name = request->name ? request->name : with->n ? with->items[0] : p->packages.items[0];
    p->sysroot = request->sysroot ? request->sysroot : PROJECT_DEFAULT_SYSROOT;
    if (!project_name_is_valid(p->name)) {
        err_set(err, ERR_USAGE, "`%s` cannot be the name of the bundle", p->name);
        return err_hint(err, "pisdk bundle --name NAME, of letters, digits, _ and -");
    }
    _cleanup_free_ char *words = strv_join(&p->packages, " ");
    _cleanup_free_ char *text = xasprintf("%s\n%s\n%s\n", p->name, p->sysroot, words);
    hash_bytes(text, strlen(text), sha256);
    p->dir = xasprintf("%s/bundles/%s-%.8s", p->paths->cache, p->name, sha256);
    return 0;
}

// `out` gets what it prints; NULL: we do.
static int run_pisdk(const struct bundle_project *p, const struct strv *words, struct strbuf *out,
                     int *status, struct err *err)
{
    const struct proc_capture capture = {.input = -1, .out = out};
    _cleanup_strv_ struct strv argv = {0};
    strv_add(&argv, p->paths->program);
    strv_add_all(&argv, words->items);
    return out ? proc_capture(argv.items, &capture, status, err)
               : proc_run(argv.items, status, err);
}

// The project, whose pisdk.lock stays: the same packages again, until --refresh. What `sysroot add`
// prints, a table of all packages, is not what was asked for.
static int make(const struct bundle_project *p, int *status, struct err *err)
{
    _cleanup_free_ char *file = fs_join(p->dir, PROJECT_FILE);
    _cleanup_free_ char *lock = fs_join(p->dir, LOCK_FILE);
    _cleanup_free_ char *text = xasprintf("[project]\nname = %s\n\n[target]\nsysroot = %s\n\n"
                                          "[build]\nsystem = none\n",
                                          p->name, p->sysroot);
    _cleanup_strv_ struct strv words = {0};
    _cleanup_strbuf_ struct strbuf dropped = {0};
    struct err ignored = ERR_INIT;

    if (fs_mkdir_all(p->dir, 0755, err) != 0 ||
        fs_write_file(file, text, strlen(text), 0644, err) != 0) {
        return -1;
    }
    strv_add_list(&words, "-C", p->dir, "sysroot", fs_exists(lock) ? "update" : "add", NULL);
    if (!fs_exists(lock)) {
        strv_add_all(&words, p->packages.items);
    }
    if (run_pisdk(p, &words, &dropped, status, err) != 0 || *status != 0) {
        if (!fs_exists(lock)) {
            (void)!fs_remove_tree(p->dir, &ignored);
        }
        return *status != 0 ? 0 : -1;
    }
    return 0;
}

static void add_values(struct strv *words, const char *name, const struct strv *values)
{
    for (size_t i = 0; i < values->n; i++) {
        strv_addf(words, "--%s=%s", name, values->items[i]);
    }
}

// `pisdk bundle` in that project, with what it writes and reads here.
static int bundle(const struct bundle_project *p, const struct bundle_request *request, int *status,
                  struct err *err)
{
    const char *sign = request->sign;
    _cleanup_strv_ struct strv words = {0};
    _cleanup_free_ char *here = getcwd(NULL, 0);
    if (!here) {
        return err_sys(err, "cannot tell the current folder");
    }
    strv_add_list(&words, "-C", p->dir, "bundle", "--output", NULL);
    strv_take(&words, request->output ? fs_join(here, request->output) : xasprintf("%s/", here));
    add_values(&words, "with", request->with);
    add_values(&words, "package", request->packages);
    if (sign) {
        _cleanup_free_ char *key = fs_exists(sign) ? fs_join(here, sign) : xstrdup(sign);
        strv_addf(&words, "--sign=%s", key);
    }
    return run_pisdk(p, &words, NULL, status, err);
}

static int make_both(const struct bundle_project *p, const struct bundle_request *request,
                     int *status, struct err *err)
{
    _cleanup_free_ char *lock = fs_join(p->dir, LOCK_FILE);
    if ((request->refresh || !fs_exists(lock)) && (make(p, status, err) != 0 || *status != 0)) {
        return *status != 0 ? 0 : -1;
    }
    return bundle(p, request, status, err);
}

int bundle_without_project(const struct paths *paths, const struct bundle_request *request,
                           struct err *err)
{
    struct bundle_project p = {.paths = paths};
    int status = 0;
    int r = describe(request, &p, err) == 0 ? make_both(&p, request, &status, err) : -1;
    strv_release(&p.packages);
    free(p.dir);
    return r == 0 ? status : -1;
}
