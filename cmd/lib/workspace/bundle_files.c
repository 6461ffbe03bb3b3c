// SPDX-License-Identifier: MIT
#include "workspace/bundle_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/hash.h"
#include "workspace/package_files.h"
#include "workspace/release_files.h"
#include "workspace/sbom.h"

// The packages that something in a release comes from.
struct parts {
    const struct package_list *packages;
    bool *is_in; // for each of them
};

// Where nothing is known of a file, it may come from what is known of no file: a package that was
// built here, or that came with an exported sysroot.
static void note_owners(struct parts *parts, const struct package_files *known, const char *root,
                        const struct payload *r)
{
    const struct package *first = parts->packages->items;
    bool unknown = false;
    for (size_t i = 0; i < r->n; i++) {
        const char *source = r->items[i].source;
        if (!source || !fs_is_below(source, root) || str_ends(source, ".pyc")) {
            continue;
        }
        const struct package *owner = package_files_owner(known, source + strlen(root) + 1);
        if (owner) {
            parts->is_in[owner - first] = true;
        }
        unknown = unknown || !owner;
    }
    for (size_t i = 0; unknown && i < parts->packages->n; i++) {
        parts->is_in[i] = parts->is_in[i] || known->n == 0 || first[i].kind == PACKAGE_SOURCE;
    }
}

static int add_licences(const struct parts *parts, const char *root, struct payload *r,
                        struct err *err)
{
    for (size_t i = 0; i < parts->packages->n; i++) {
        const char *name = parts->packages->items[i].name;
        _cleanup_free_ char *path = xasprintf("%s/usr/share/doc/%s/copyright", root, name);
        _cleanup_free_ char *real = fs_real_path(path);
        _cleanup_free_ char *to = xasprintf("share/licences/%s", name);
        if (parts->is_in[i] && real && fs_is_below(real, root) &&
            payload_add(r, root, real, to, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// Of the same packages, the same document.
static void describe(const struct parts *parts, const struct lock *lock, const char *root,
                     const char *name, int64_t newest, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf list = {0};
    char sha256[HASH_HEX + 1];
    strbuf_addf(&list, "%s\n", name);
    for (size_t i = 0; i < parts->packages->n; i++) {
        const struct package *p = &parts->packages->items[i];
        if (parts->is_in[i]) {
            strbuf_addf(&list, "%s %s\n", p->name, p->version);
        }
    }
    hash_bytes(list.data, list.len, sha256);
    _cleanup_free_ char *space = xasprintf("urn:pisdk:bundle:%s:%s", name, sha256);
    sbom_format(&(struct sbom_subject){.kind = "Bundle",
                                       .name = name,
                                       .version = sha256,
                                       .description = lock->title,
                                       .space = space,
                                       .root = root,
                                       .packages = parts->packages,
                                       .is_in = parts->is_in,
                                       .created = newest},
                out);
}

static int add_notices(const struct workspace *w, const struct target *t,
                       const struct bundle_names *names, struct payload *r, struct strbuf *sbom,
                       struct err *err)
{
    const struct lock *lock = &t->sysroot.lock;
    struct parts parts = {.packages = &lock->packages,
                          .is_in = xcalloc(lock->packages.n + 1, sizeof(*parts.is_in))};
    _cleanup_free_ char *root = fs_real_path(t->sysroot.root);
    _cleanup_free_ char *path = xasprintf("share/sbom/%s.spdx.json", names->name);
    struct package_files known;

    package_files_read(w->paths->data, &t->sysroot, &known);
    note_owners(&parts, &known, root ? root : "", r);
    int status = root ? add_licences(&parts, root, r, err) : err_sys(err, "%s", t->sysroot.root);
    if (status == 0) {
        describe(&parts, lock, root, names->name, known.newest, sbom);
        status = payload_add_text(r, names->work, path, sbom->data, false, err);
    }
    package_files_release(&known);
    free(parts.is_in);
    return status;
}

int bundle_files_collect(const struct workspace *w, struct target *t,
                         const struct bundle_wish *wish, struct payload *r, struct strbuf *sbom,
                         struct err *err)
{
    const struct release_runtime runtime = {
        .work = wish->names.work, .with = wish->with, .packages = wish->packages, .small = true};
    if (release_files_collect(w, t, &runtime, r, err) != 0) {
        return -1;
    }
    if (r->n == 0) {
        err_set(err, ERR_NOT_FOUND, "nothing to bundle: the build made no program");
        return err_hint(err,
                        "`files` in [deploy] of " PROJECT_FILE " can name files; --with python");
    }
    return bundle_complete(r, &wish->names, err) == 0
               ? add_notices(w, t, &wish->names, r, sbom, err)
               : -1;
}
