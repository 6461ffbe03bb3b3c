#include "deb/resolver.h"

#include <inttypes.h>
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/repo_deb.h>
#include <solv/solver.h>
#include <string.h>

#include "deb/deb822.h"

// An epoch above any that Debian uses, so that ">= version" holds for what is taken as provided.
#define PROVIDED_VERSION "99999:0"

enum { INDEXES_MAX = 16, PROBLEM_RULES_MAX = 6 };

struct resolver {
    Pool *pool;
    Repo *installed;
    struct {
        Repo *repo;
        struct slice text;
        int origin;
    } indexes[INDEXES_MAX];
    size_t n_indexes;
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

int resolver_add_index(struct resolver *r, const char *text, size_t n, int origin, struct err *err)
{
    if (r->n_indexes == INDEXES_MAX) {
        return err_set(err, ERR_FAILED, "more than %d package indexes", INDEXES_MAX);
    }
    Repo *repo = repo_create(r->pool, "index");
    if (n > 0) {
        void *buffer; // only read from, which fmemopen's type cannot say
        memcpy(&buffer, &text, sizeof(buffer));
        _cleanup_fclose_ FILE *f = fmemopen(buffer, n, "r");
        if (!f) {
            return err_sys(err, "cannot read the package index");
        }
        if (repo_add_debpackages(repo, f, 0) != 0) {
            return err_set(err, ERR_VERIFY, "not a package index: %s", pool_errstr(r->pool));
        }
        if (repo->nsolvables == 0) {
            return err_set(err, ERR_VERIFY, "the package index has no package in it");
        }
    }
    r->indexes[r->n_indexes].repo = repo;
    r->indexes[r->n_indexes].text = (struct slice){text, n};
    r->indexes[r->n_indexes].origin = origin;
    r->n_indexes++;
    return 0;
}

static void provide(struct resolver *r, const struct strv *provided)
{
    Pool *pool = r->pool;
    Id evr = pool_str2id(pool, PROVIDED_VERSION, 1);

    for (size_t i = 0; i < provided->n; i++) {
        Id name = pool_str2id(pool, provided->items[i], 1);
        Solvable *s = pool_id2solvable(pool, repo_add_solvable(r->installed));
        s->name = name;
        s->evr = evr;
        s->arch = ARCH_ALL;
        Id self = pool_rel2id(pool, name, evr, REL_EQ, 1);
        s->provides = repo_addid_dep(r->installed, s->provides, self, 0);
    }
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
    const char *nearest = str_nearest(name, &names);
    if (nearest) {
        err_hint(err, "did you mean `%s`?", nearest);
    }
    return -1;
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
    for (size_t i = 0; i < r->n_indexes; i++) {
        if (r->indexes[i].repo == repo) {
            return r->indexes[i].origin;
        }
    }
    return -1;
}

static void fill_package(const struct resolver *r, Solvable *s, struct package *p)
{
    Pool *pool = r->pool;
    Id type = 0;
    unsigned int disk = 0;
    const char *location = solvable_lookup_location(s, &disk);
    const char *sum = solvable_lookup_checksum(s, SOLVABLE_CHECKSUM, &type);

    p->name = xstrdup(pool_id2str(pool, s->name));
    p->version = xstrdup(pool_id2str(pool, s->evr));
    p->arch = xstrdup(pool_id2str(pool, s->arch));
    p->filename = xstrdup(location ? location : "");
    if (sum && type == REPOKEY_TYPE_SHA256 && strlen(sum) == HASH_HEX) {
        memcpy(p->sha256, sum, HASH_HEX + 1);
    }
    p->installed_size = solvable_lookup_num(s, SOLVABLE_INSTALLSIZE, 0);
    p->origin = index_of(r, s->repo);
}

static int compare_packages(const void *a, const void *b)
{
    return strcmp(((const struct package *)a)->name, ((const struct package *)b)->name);
}

static struct package *find_by_name(const struct package_list *list, struct slice name)
{
    size_t low = 0;
    size_t high = name.n ? list->n : 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        struct package *p = &list->items[mid];
        size_t n = strlen(p->name);
        int c = memcmp(p->name, name.p, n < name.n ? n : name.n);
        if (c == 0) {
            c = n < name.n ? -1 : n > name.n;
        }
        if (c == 0) {
            return p;
        }
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

static uint64_t number(struct slice s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s.n && i < 15 && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        n = n * 10 + (uint64_t)(s.p[i] - '0');
    }
    return n;
}

// libsolv's Debian reader drops Size, which bounds the download: it is read from the text here.
static void fill_sizes(const struct resolver *r, struct package_list *list)
{
    struct deb822 p = {0};
    for (size_t i = 0; i < r->n_indexes; i++) {
        struct deb822_reader reader;
        struct slice text = r->indexes[i].text;
        deb822_reader_init(&reader, text.p, text.n);
        while (deb822_next(&reader, &p)) {
            struct package *found = find_by_name(list, deb822_get(&p, "Package"));
            if (found && slice_is(deb822_get(&p, "SHA256"), found->sha256)) {
                found->size = number(deb822_get(&p, "Size"));
            }
        }
    }
    deb822_release(&p);
}

static int check_package(const struct package *p, struct err *err)
{
    if (!hash_is_hex(p->sha256)) {
        return err_set(err, ERR_VERIFY, "the package index gives no SHA-256 for `%s`", p->name);
    }
    if (p->size == 0 || p->filename[0] == '\0' || p->filename[0] == '/' ||
        strstr(p->filename, "..")) {
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
    if (out->n > 1) {
        qsort(out->items, out->n, sizeof(*out->items), compare_packages);
    }
    fill_sizes(r, out);
    for (size_t i = 0; i < out->n; i++) {
        if (check_package(&out->items[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

int resolver_solve(struct resolver *r, const struct strv *wanted, const struct strv *provided,
                   struct package_list *out, struct err *err)
{
    Queue jobs;
    Solver *solver = NULL;

    *out = (struct package_list){0};
    provide(r, provided);
    pool_createwhatprovides(r->pool);
    queue_init(&jobs);
    int result = add_jobs(r, wanted, &jobs, err);
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
