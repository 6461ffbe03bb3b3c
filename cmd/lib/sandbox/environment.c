// SPDX-License-Identifier: MIT
#include "sandbox/environment.h"

#include <string.h>

#include "base/fs.h"
#include "sandbox/native.h"

// Names, and prefixes that end in *.
static bool is_one_of(const char *variable, const char *const names[], size_t count)
{
    size_t n = strcspn(variable, "=");
    for (size_t i = 0; i < count; i++) {
        size_t k = strlen(names[i]);
        bool prefix = names[i][k - 1] == '*';
        if (prefix ? strncmp(variable, names[i], k - 1) == 0
                   : n == k && strncmp(variable, names[i], k) == 0) {
            return true;
        }
    }
    return false;
}

// What steers programs and their libraries, and is nobody's secret. Whatever else is in the
// desktop's environment, tokens and keys among it, stays there.
static bool is_passed_on(const char *variable)
{
    static const char *const names[] = {
        "LANG",
        "LANGUAGE",
        "LC_*",
        "TERM",
        "COLORTERM",
        "COLUMNS",
        "LINES",
        "NO_COLOR",
        "CLICOLOR*",
        "FORCE_COLOR",
        "OMP_*",
        "GOMP_*",
        "KMP_*",
        "OMPI_MCA_*",
        "PMIX_MCA_*",
        "PRTE_MCA_*",
        "MPICH_*",
        "MPIR_*",
        "MPIEXEC_*",
        "HYDRA_*",
        "UCX_*",
        "HWLOC_*",
        "BLIS_*",
        "FFTW_*",
        "GFORTRAN_*",
        "MALLOC_*",
        "GLIBC_TUNABLES",
        "LSAN_OPTIONS",
        "GCOV_*",
        "LLVM_PROFILE_FILE",
        "GMON_OUT_PREFIX",
        "GTEST_*",
        "CTEST_*",
        "SOURCE_DATE_EPOCH",
        "MPLBACKEND",
    };
    return is_one_of(variable, names, ARRAY_SIZE(names));
}

// What makes no sense to the program, even when a build or a test sets it.
static bool describes_desktop(const char *variable)
{
    static const char *const names[] = {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "TMPDIR",
        "MAIL",
        "DISPLAY",
        "HOSTNAME",
        "LD_*",
        "XDG_*",
        "DBUS_*",
        "SSH_*",
        "PYTHON*",
        "QEMU_*",
        "WAYLAND_*",
        "PISDK_*",
        "OMPI_COMM_*",
        "OMPI_UNIVERSE_*",
        "ASAN_OPTIONS",
        "UBSAN_OPTIONS",
        "PMIX_*",
        "ORTE_*",
        "OPAL_*",
        "OMPI_APP_*",
        "PMI_*",
        "TZ",
        "CHARSET",
    };
    return is_one_of(variable, names, ARRAY_SIZE(names));
}

// The names of the desktop's variables, and where its own programs look for libraries.
#define DESKTOP           "PISDK_DESKTOP"
#define DESKTOP_LIBRARIES "PISDK_DESKTOP_LIBRARIES"
#define LIBRARIES         "LD_LIBRARY_PATH"

static void add_names(char *const *variables, struct strv *names)
{
    for (; *variables; variables++) {
        strv_take(names, xstrndup(*variables, strcspn(*variables, "=")));
    }
}

void sandbox_mark_environment(void)
{
    _cleanup_strv_ struct strv names = {0};
    add_names(environ, &names);
    _cleanup_free_ char *text = strv_join(&names, " ");
    if (!getenv(DESKTOP)) {
        const char *libraries = getenv(LIBRARIES);
        setenv(DESKTOP, text, 1);
        setenv(DESKTOP_LIBRARIES, libraries ? libraries : "", 1);
    }
}

const char *sandbox_build_libraries(void)
{
    const char *desktops = getenv(DESKTOP_LIBRARIES);
    const char *libraries = getenv(LIBRARIES);
    return desktops && libraries && strcmp(desktops, libraries) != 0 ? libraries : NULL;
}

// ctest gives a test variables of its own; those that it was started with are the desktop's.
static bool names_of_ctest(struct strv *names)
{
    enum { COMM_MAX = 64, ENVIRONMENT_MAX = 1 << 22 };
    _cleanup_free_ char *comm = xasprintf("/proc/%d/comm", (int)getppid());
    _cleanup_free_ char *environment = xasprintf("/proc/%d/environ", (int)getppid());
    _cleanup_strbuf_ struct strbuf name = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(comm, COMM_MAX, &name, &ignored) != 0 || strcmp(name.data, "ctest\n") != 0 ||
        fs_read_file(environment, ENVIRONMENT_MAX, &text, &ignored) != 0) {
        return false;
    }
    for (size_t i = 0; i < text.len; i += strlen(text.data + i) + 1) {
        char *one[] = {text.data + i, NULL};
        add_names(one, names);
    }
    return true;
}

char *environment_flat_folder(const struct sandbox *s, const char *path)
{
    _cleanup_free_ char *name = xstrdup(path);
    for (char *p = name; *p; p++) {
        *p = *p == '/' ? '-' : *p;
    }
    return fs_join(s->scratch, name);
}

#define FLAT "{flat:"

static char *expand(const struct sandbox *s, const char *text)
{
    _cleanup_free_ char *tmp = fs_join(s->scratch, "tmp");
    const struct str_pair known[] = {{"{root}", s->root}, {"{tmp}", tmp}};
    _cleanup_free_ char *rest = str_expand(text, known, ARRAY_SIZE(known));
    struct strbuf out = {0};
    strbuf_adds(&out, "");
    for (const char *p = rest; *p;) {
        const char *end = str_starts(p, FLAT) ? strchr(p, '}') : NULL;
        if (end) {
            _cleanup_free_ char *path =
                xstrndup(p + strlen(FLAT), (size_t)(end - p) - strlen(FLAT));
            _cleanup_free_ char *folder = environment_flat_folder(s, path);
            strbuf_adds(&out, folder);
            p = end + 1;
        } else {
            strbuf_add(&out, p++, 1);
        }
    }
    return strbuf_take(&out);
}

void environment_flat_paths(const struct sandbox *s, struct strv *paths)
{
    for (size_t i = 0; i < s->o->rootless->n; i++) {
        const char *at = s->o->rootless->items[i];
        while ((at = strstr(at, FLAT)) != NULL) {
            at += strlen(FLAT);
            const char *end = strchr(at, '}');
            if (!end) {
                break;
            }
            strv_take(paths, xstrndup(at, (size_t)(end - at)));
        }
    }
}

static void add_recipe(struct sandbox *s, const struct strv *variables, bool rootless)
{
    for (size_t i = 0; i < variables->n; i++) {
        const char *v = variables->items[i];
        if (!strv_assigns(&s->env, v)) {
            strv_take(&s->env, rootless ? expand(s, v) : xstrdup(v));
        }
    }
}

// Takes the text. What the user asked for by name counts.
static void add_default(struct strv *env, char *assignment)
{
    if (!strv_assigns(env, assignment)) {
        strv_add(env, assignment);
    }
    free(assignment);
}

void sandbox_add_login(const char *shell, struct strv *env)
{
    static const char *const variables[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/home/pi",
                                            "USER=pi", "LOGNAME=pi"};
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        add_default(env, xstrdup(variables[i]));
    }
    add_default(env, xasprintf("SHELL=%s", shell));
}

static void add_root(struct sandbox *s)
{
    sandbox_add_login("/bin/sh", &s->env);
    if (strv_has(s->o->visible, "/tmp")) { // then it is the desktop's: leave nothing there
        add_default(&s->env, xstrdup("TMPDIR=/dev/shm"));
    }
}

// Those of the sysroot, behind the program's own.
static void add_libraries(struct sandbox *s)
{
    static const char name[] = LIBRARIES "=";
    _cleanup_free_ char *own =
        xasprintf("%s/usr/lib/%s:%s/usr/lib", s->root, s->o->triple, s->root);
    for (size_t i = 0; i < s->env.n; i++) {
        char *variable = s->env.items[i];
        if (str_starts(variable, name)) {
            s->env.items[i] = xasprintf("%s:%s", variable, own);
            free(variable);
            return;
        }
    }
    strv_addf(&s->env, "%s%s", name, own);
}

static void add_rootless(struct sandbox *s)
{
    static const char *const kept[] = {"PATH", "HOME", "USER", "LOGNAME", "SHELL"};
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        const char *value = getenv(kept[i]);
        if (value) {
            add_default(&s->env, xasprintf("%s=%s", kept[i], value));
        }
    }
    strv_addf(&s->env, "QEMU_LD_PREFIX=%s", s->root);
    // Absolute, since the loader would otherwise go by the desktop's /etc/ld.so.cache.
    add_libraries(s);
    add_default(&s->env, xasprintf("TMPDIR=%s/tmp", s->scratch));
    // The sysroot's folders are as they are, and are to stay so.
    add_default(&s->env, xstrdup("PYTHONDONTWRITEBYTECODE=1"));
    if (s->mode == SANDBOX_PREFIX) {
        // mpirun starts its ranks through this program; a rank without mpirun starts no daemon.
        strv_addf(&s->env, "OMPI_MCA_orte_fork_agent=%s", s->qemu);
        strv_add(&s->env, "OMPI_MCA_ess_singleton_isolated=1");
    }
}

// Programs built with sanitizers look for leaks with ptrace(2), which QEMU does not have. The
// user's own options come last, and count.
static void add_sanitizer(const char *name, const char *options, bool of_user, struct strv *env)
{
    const char *own = of_user ? getenv(name) : NULL;
    size_t n = strlen(name);
    for (size_t i = 0; i < env->n; i++) { // by -x
        if (strncmp(env->items[i], name, n) == 0 && env->items[i][n] == '=') {
            char *both = xasprintf("%s=%s:%s", name, options, env->items[i] + n + 1);
            free(env->items[i]);
            env->items[i] = both;
            return;
        }
    }
    strv_addf(env, "%s=%s%s%s", name, options, own ? ":" : "", own ? own : "");
}

void sandbox_add_board(const struct board *board, bool of_user, struct strv *env)
{
    // The board's cores instead of the desktop's, and no search through /sys, without which ranks
    // that were started by MPI_Comm_spawn do not end.
    strv_addf(env, "HWLOC_SYNTHETIC=pack:1 core:%ld pu:1", board->cores);
    strv_addf(env, "QEMU_CPU=%s", board->cpu);
    add_sanitizer("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=1", of_user, env);
    add_sanitizer("UBSAN_OPTIONS", "print_stacktrace=1", of_user, env);
}

void sandbox_user_environment(const struct strv *exported, struct strv *out)
{
    _cleanup_strv_ struct strv desktop = {0};
    const char *marked = getenv(DESKTOP);
    if (marked) {
        strv_add_words(&desktop, marked);
    }
    bool known = marked || names_of_ctest(&desktop);
    strv_add_all(out, exported ? exported->items : NULL);
    for (char **v = environ; *v; v++) {
        _cleanup_free_ char *name = xstrndup(*v, strcspn(*v, "="));
        bool is_new = known && !strv_has(&desktop, name);
        if (!strv_assigns(out, *v) && !describes_desktop(*v) && (is_passed_on(*v) || is_new)) {
            strv_add(out, *v);
        }
    }
    const char *libraries = sandbox_build_libraries();
    if (libraries && !strv_assigns(out, LIBRARIES "=")) {
        strv_addf(out, LIBRARIES "=%s", libraries);
    }
}

int environment_make(struct sandbox *s, struct err *err)
{
    bool rooted = s->mode == SANDBOX_NAMESPACE;
    if (!rooted && strpbrk(s->root, ":; ")) {
        return err_set(err, ERR_UNSUPPORTED,
                       "the sysroot's path %s has a space, `:` or `;` in it, which only the "
                       "namespace mode can handle",
                       s->root);
    }
    sandbox_user_environment(s->o->exported, &s->env);
    sandbox_add_board(s->o->board, true, &s->env);
    if (rooted) {
        add_root(s);
        native_add_variables(&s->native, &s->env);
    } else {
        add_rootless(s);
        add_recipe(s, s->o->rootless, true);
    }
    add_recipe(s, s->o->environment, false);
    // A board's clock shows UTC, and its time zones are not those of the desktop.
    add_default(&s->env, xstrdup("TZ=UTC0"));
    if (s->o->core_max > 0) {
        // QEMU 7.2 asks for the locale's character set while it writes a core file. glib looks
        // for a file charset.alias then, and QEMU takes the errno of that for its own failure,
        // after which the kernel writes a core file of QEMU.
        strv_add(&s->env, "CHARSET=UTF-8");
    }
    if (s->o->run) {
        strv_addf(&s->env, "PISDK_RUN=%s", s->o->run);
    }
    // OpenMP takes as many threads as there are processors to run them.
    if (s->fewer_cores && !strv_assigns(&s->env, "OMP_NUM_THREADS")) {
        strv_addf(&s->env, "OMP_NUM_THREADS=%ld", s->o->board->cores);
    }
    return 0;
}
