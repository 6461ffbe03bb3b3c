// SPDX-License-Identifier: MIT
#include "deb/resolver.h"

#include <ctype.h>
#include <inttypes.h>
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/repo_deb.h>
#include <solv/repo_solv.h>
#include <solv/repo_write.h>
#include <solv/solver.h>
#include <string.h>

#include "deb/deb822.h"
#include "deb/text.h"

// An epoch above any that Debian uses, so that ">= version" holds for what is taken as provided.
#define PROVIDED_VERSION "99999:0"

enum { INDEXES_MAX = 32, PROBLEM_RULES_MAX = 6, PIECE = 1 << 20 };

struct resolver {
    Pool *pool;
    Repo *installed;
    Repo *indexes[INDEXES_MAX]; // the place is the number that comes back in packages
    int n_indexes;
};

struct resolver *resolver_new(const char *arch)
{
    struct resolver *r = xcalloc(1, sizeof(*r));
    r->pool = pool_create();
    pool_setdisttype(r->pool, DISTTYPE_DEB);
    pool_setarch(r->pool, arch);
    r->installed = repo_create(r->pool, "provided");
    pool_set_installed(r->pool, r->installed);
    return r;
}

void resolver_free(struct resolver *r)
{
    if (r) {
        pool_free(r->pool);
        free(r);
    }
}

// Its number is r->n_indexes - 1.
static Repo *new_index(struct resolver *r, struct err *err)
{
    if (r->n_indexes == INDEXES_MAX) {
        err_set(err, ERR_FAILED, "more than %d package indexes", INDEXES_MAX);
        return NULL;
    }
    Repo *repo = repo_create(r->pool, "index");
    r->indexes[r->n_indexes++] = repo;
    return repo;
}

// The version in "Source: glibc (2.36-9)"; none when it is the package's own.
static void add_source_version(Repodata *data, Id id, struct slice source)
{
    const char *open = source.p ? memchr(source.p, '(', source.n) : NULL;
    const char *close = source.p ? memchr(source.p, ')', source.n) : NULL;
    if (open && close && close > open + 1) {
        _cleanup_free_ char *version = xstrndup(open + 1, (size_t)(close - open - 1));
        repodata_set_id(data, id, SOLVABLE_SOURCEEVR, pool_str2id(data->repo->pool, version, 1));
    }
}

// What libsolv's Debian reader drops: Size, which bounds the download, and the version of the
// source. It makes one solvable a paragraph, in their order, leaving out those that are not
// packages.
static void add_details(Repo *repo, const char *text, size_t n)
{
    Pool *pool = repo->pool;
    Repodata *data = repo_add_repodata(repo, 0);
    struct deb822_reader reader;
    struct deb822 p = {0};
    Id id = repo->start;

    deb822_reader_init(&reader, text, n);
    while (id < repo->end && deb822_next(&reader, &p)) {
        uint64_t size = 0;
        if (slice_is(deb822_get(&p, "Package"), pool_id2str(pool, pool->solvables[id].name))) {
            if (text_number(deb822_get(&p, "Size"), &size)) {
                repodata_set_num(data, id, SOLVABLE_DOWNLOADSIZE, size);
            }
            add_source_version(data, id, deb822_get(&p, "Source"));
            id++;
        }
    }
    deb822_release(&p);
    repodata_internalize(data);
}

// Where the next piece ends: after a paragraph. libsolv lets its tables grow by small steps, each a
// copy of the whole under AddressSanitizer, so it gets an index of 50 MB in pieces.
static size_t piece_end(const char *text, size_t n, size_t at)
{
    if (n - at <= PIECE) {
        return n;
    }
    const char *gap = memmem(text + at + PIECE, n - at - PIECE, "\n\n", 2);
    return gap ? (size_t)(gap + 2 - text) : n;
}

static int add_piece(Repo *repo, const char *text, size_t n, struct err *err)
{
    void *buffer; // only read from, which fmemopen's type cannot say
    memcpy(&buffer, &text, sizeof(buffer));
    _cleanup_fclose_ FILE *f = fmemopen(buffer, n, "r");
    if (!f) {
        return err_sys(err, "cannot read the package index");
    }
    return repo_add_debpackages(repo, f, 0) == 0
               ? 0
               : err_set(err, ERR_VERIFY, "not a package index: %s", pool_errstr(repo->pool));
}

int resolver_add_index(struct resolver *r, const char *text, size_t n, struct err *err)
{
    Repo *repo = new_index(r, err);
    if (!repo) {
        return -1;
    }
    if (n == 0) {
        return r->n_indexes - 1;
    }
    for (size_t at = 0; at < n;) {
        size_t end = piece_end(text, n, at);
        if (add_piece(repo, text + at, end - at, err) != 0) {
            return -1;
        }
        at = end;
    }
    if (repo->nsolvables == 0) {
        return err_set(err, ERR_VERIFY, "the package index has no package in it");
    }
    add_details(repo, text, n);
    return r->n_indexes - 1;
}

int resolver_load_index(struct resolver *r, const char *path, struct err *err)
{
    _cleanup_fclose_ FILE *f = fopen(path, "re");
    if (!f) {
        return err_sys(err, "cannot open %s", path);
    }
    Repo *repo = new_index(r, err);
    if (!repo) {
        return -1;
    }
    if (repo_add_solv(repo, f, 0) != 0) {
        r->indexes[--r->n_indexes] = NULL;
        repo_free(repo, 1);
        return err_set(err, ERR_VERIFY, "%s: %s", path, pool_errstr(r->pool));
    }
    return r->n_indexes - 1;
}

// What resolving needs; descriptions and the like would make the file three times as large.
static int is_needed(Repo *repo, Repokey *key, void *user)
{
    static const Id names[] = {
        SOLVABLE_NAME,      SOLVABLE_ARCH,       SOLVABLE_EVR,          SOLVABLE_PROVIDES,
        SOLVABLE_REQUIRES,  SOLVABLE_CONFLICTS,  SOLVABLE_OBSOLETES,    SOLVABLE_CHECKSUM,
        SOLVABLE_MEDIADIR,  SOLVABLE_MEDIAFILE,  SOLVABLE_DOWNLOADSIZE, SOLVABLE_INSTALLSIZE,
        SOLVABLE_SOURCEEVR, SOLVABLE_SOURCENAME,
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (key->name == names[i]) {
            return repo_write_stdkeyfilter(repo, key, user);
        }
    }
    return KEY_STORAGE_DROPPED;
}

int resolver_save_index(struct resolver *r, int index, FILE *file, struct err *err)
{
    Repowriter *writer = repowriter_create(r->indexes[index]);
    repowriter_set_keyfilter(writer, is_needed, NULL);
    int failed = repowriter_write(writer, file);
    repowriter_free(writer);
    return failed || fflush(file) != 0 ? err_sys(err, "cannot write the package index") : 0;
}

// pool_createwhatprovides is done only when all indexes are there, so this looks at each package.
bool resolver_has(const struct resolver *r, const char *name, const char *version)
{
    Pool *pool = r->pool;
    Id name_id = pool_str2id(pool, name, 0);
    Id evr = pool_str2id(pool, version, 0);
    Id p;

    if (!name_id || !evr) {
        return false;
    }
    FOR_POOL_SOLVABLES (p) {
        if (pool->solvables[p].name == name_id && pool->solvables[p].evr == evr) {
            return true;
        }
    }
    return false;
}

// What is asked for by name is not taken as provided.
static void provide(struct resolver *r, const struct strv *provided, const struct strv *wanted)
{
    Pool *pool = r->pool;
    Id evr = pool_str2id(pool, PROVIDED_VERSION, 1);

    for (size_t i = 0; i < provided->n; i++) {
        if (strv_has(wanted, provided->items[i])) {
            continue;
        }
        Id name = pool_str2id(pool, provided->items[i], 1);
        Solvable *s = pool_id2solvable(pool, repo_add_solvable(r->installed));
        s->name = name;
        s->evr = evr;
        s->arch = ARCH_ALL;
        Id self = pool_rel2id(pool, name, evr, REL_EQ, 1);
        s->provides = repo_addid_dep(r->installed, s->provides, self, 0);
    }
}

// What Debian calls a package that people know from PyPI, conda or its own site: "mpi4py" is
// python3-mpi4py, "fftw3" is libfftw3-dev. The caller frees it; NULL: none of these.
static char *debian_name(const char *name, const struct strv *names)
{
    static const struct str_pair others[] = {
        {"opencv", "python3-opencv"},
        {"pillow", "python3-pil"},
        {"scikit-learn", "python3-sklearn"},
        {"pyyaml", "python3-yaml"},
        {"openblas", "libopenblas-dev"},
        {"blas", "libopenblas-dev"},
        {"lapack", "liblapack-dev"},
        {"boost", "libboost-all-dev"},
        {"eigen", "libeigen3-dev"},
        {"hdf5", "libhdf5-openmpi-dev"},
        {"openmp", "libomp-dev"},
        {"r", "r-base-core"},
        {"fftw", "libfftw3-dev"},
        {"gfortran", "libgfortran5"},
    };
    static const char *const forms[][2] = {
        {"python3-", ""}, {"lib", "-dev"}, {"r-cran-", ""}, {"lib", "3-dev"}, {"lib", "2-dev"}};
    _cleanup_free_ char *lower = xstrdup(name);
    for (char *p = lower; *p; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (strcmp(lower, others[i].mark) == 0 && strv_has(names, others[i].value)) {
            return xstrdup(others[i].value);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        _cleanup_free_ char *full = xasprintf("%s%s%s", forms[i][0], lower, forms[i][1]);
        if (strv_has(names, full)) {
            return TAKE_PTR(full);
        }
    }
    return NULL;
}

static int unknown_package(struct resolver *r, const char *name, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    Pool *pool = r->pool;
    Id p;

    FOR_POOL_SOLVABLES (p) {
        strv_add(&names, pool_id2str(pool, pool->solvables[p].name));
    }
    err_set(err, ERR_RESOLVE, "there is no package `%s` in this release", name);
    _cleanup_free_ char *debian = debian_name(name, &names);
    if (debian) {
        return err_hint(err, "Debian's name for it: pisdk sysroot add %s", debian);
    }
    const char *nearest = str_nearest(name, &names);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest)
                   : err_hint(err, "pisdk sysroot search %s", name);
}

static bool is_available(struct resolver *r, Id name)
{
    Pool *pool = r->pool;
    Id p;
    Id pp;
    FOR_PROVIDES (p, pp, name) {
        if (pool->solvables[p].repo != r->installed) {
            return true;
        }
    }
    return false;
}

// The rules that contradict each other, in libsolv's words, one sentence each.
static int explain(Solver *solver, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strv_ struct strv seen = {0};
    Queue rules;

    queue_init(&rules);
    solver_findallproblemrules(solver, 1, &rules);
    for (int i = 0; i < rules.count && seen.n < PROBLEM_RULES_MAX; i++) {
        Id source;
        Id target;
        Id dep;
        SolverRuleinfo info = solver_ruleinfo(solver, rules.elements[i], &source, &target, &dep);
        if (info == SOLVER_RULE_JOB) {
            continue; // "conflicting requests": the other rules say why
        }
        const char *why = solver_problemruleinfo2str(solver, info, source, target, dep);
        if (!strv_has(&seen, why)) {
            strv_add(&seen, why);
            strbuf_addf(&text, "%s%s", seen.n > 1 ? "; " : "", why);
        }
    }
    if (seen.n == 0) {
        strbuf_adds(&text, solver_problem2str(solver, 1));
    }
    queue_free(&rules);
    return err_set(err, ERR_RESOLVE, "the packages cannot be installed together: %s", text.data);
}

static int add_jobs(struct resolver *r, const struct strv *wanted, Queue *jobs, struct err *err)
{
    for (size_t i = 0; i < wanted->n; i++) {
        Id name = pool_str2id(r->pool, wanted->items[i], 0);
        if (!name || !is_available(r, name)) {
            return unknown_package(r, wanted->items[i], err);
        }
        queue_push2(jobs, SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES, name);
    }
    return 0;
}

static int index_of(const struct resolver *r, const Repo *repo)
{
    for (int i = 0; i < r->n_indexes; i++) {
        if (r->indexes[i] == repo) {
            return i;
        }
    }
    return -1;
}

// The source package of a binary one; libsolv keeps only what differs from the binary package.
static char *source_of(Pool *pool, Solvable *s)
{
    const char *name = solvable_lookup_str(s, SOLVABLE_SOURCENAME);
    const char *version = solvable_lookup_str(s, SOLVABLE_SOURCEEVR);
    return xasprintf("%s (%s)", name ? name : pool_id2str(pool, s->name),
                     version ? version : pool_id2str(pool, s->evr));
}

static void fill_package(const struct resolver *r, Solvable *s, struct package *p)
{
    Pool *pool = r->pool;
    Id type = 0;
    unsigned int disk = 0;
    const char *location = solvable_lookup_location(s, &disk);
    const char *sum = solvable_lookup_checksum(s, SOLVABLE_CHECKSUM, &type);
    struct package_file *file = package_add_file(p);

    p->name = xstrdup(pool_id2str(pool, s->name));
    p->version = xstrdup(pool_id2str(pool, s->evr));
    p->arch = xstrdup(pool_id2str(pool, s->arch));
    p->source = source_of(pool, s);
    p->installed_size = solvable_lookup_num(s, SOLVABLE_INSTALLSIZE, 0);
    p->index = index_of(r, s->repo);
    file->filename = xstrdup(location ? location : "");
    file->size = solvable_lookup_num(s, SOLVABLE_DOWNLOADSIZE, 0);
    if (sum && type == REPOKEY_TYPE_SHA256 && strlen(sum) == HASH_HEX) {
        memcpy(file->sha256, sum, HASH_HEX + 1);
    }
}

static int check_package(const struct package *p, struct err *err)
{
    const struct package_file *file = &p->files[0];
    if (!hash_is_hex(file->sha256)) {
        return err_set(err, ERR_VERIFY, "the package index gives no SHA-256 for `%s`", p->name);
    }
    if (!text_is_name(p->name) || !text_is_version(p->version)) {
        return err_set(err, ERR_VERIFY, "the package index has an invalid package `%s` `%s`",
                       p->name, p->version);
    }
    if (file->size == 0 || !text_is_inner_path(file->filename)) {
        return err_set(err, ERR_VERIFY, "the package index gives no usable size and file for `%s`",
                       p->name);
    }
    return 0;
}

static int collect(struct resolver *r, Solver *solver, struct package_list *out, struct err *err)
{
    Transaction *t = solver_create_transaction(solver);
    Queue chosen;

    queue_init(&chosen);
    transaction_installedresult(t, &chosen);
    for (int i = 0; i < chosen.count; i++) {
        Solvable *s = pool_id2solvable(r->pool, chosen.elements[i]);
        if (s->repo == r->installed) {
            continue;
        }
        VEC_GROW(out->items, out->n);
        out->items[out->n] = (struct package){0};
        fill_package(r, s, &out->items[out->n++]);
    }
    queue_free(&chosen);
    transaction_free(t);
    package_list_sort(out);
    for (size_t i = 0; i < out->n; i++) {
        if (check_package(&out->items[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

// Versions to keep where they are still available.
static void add_favours(struct resolver *r, const struct package_list *favoured, Queue *jobs)
{
    Pool *pool = r->pool;
    for (size_t i = 0; i < favoured->n; i++) {
        const struct package *f = &favoured->items[i];
        Id name = pool_str2id(pool, f->name, 0);
        Id evr = pool_str2id(pool, f->version, 0);
        Id p;
        Id pp;
        if (!name || !evr) {
            continue;
        }
        FOR_PROVIDES (p, pp, name) {
            if (pool->solvables[p].name == name && pool->solvables[p].evr == evr) {
                queue_push2(jobs, SOLVER_FAVOR | SOLVER_SOLVABLE, p);
            }
        }
    }
}

// Packages that are taken where any of several will do.
static void add_preferred(struct resolver *r, const struct strv *preferred, Queue *jobs)
{
    for (size_t i = 0; preferred && i < preferred->n; i++) {
        Id name = pool_str2id(r->pool, preferred->items[i], 0);
        if (name) {
            queue_push2(jobs, SOLVER_FAVOR | SOLVER_SOLVABLE_NAME, name);
        }
    }
}

int resolver_solve(struct resolver *r, const struct resolver_request *request,
                   struct package_list *out, struct err *err)
{
    Queue jobs;
    Solver *solver = NULL;

    *out = (struct package_list){0};
    provide(r, request->provided, request->wanted);
    pool_createwhatprovides(r->pool);
    queue_init(&jobs);
    int result = add_jobs(r, request->wanted, &jobs, err);
    add_preferred(r, request->preferred, &jobs);
    if (request->favoured) {
        add_favours(r, request->favoured, &jobs);
    }
    if (result == 0) {
        solver = solver_create(r->pool);
        solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
        result = solver_solve(solver, &jobs) ? explain(solver, err) : collect(r, solver, out, err);
        solver_free(solver);
    }
    queue_free(&jobs);
    if (result != 0) {
        package_list_release(out);
    }
    return result;
}
