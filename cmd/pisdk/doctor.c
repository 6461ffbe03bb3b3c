// SPDX-License-Identifier: MIT
// What works here, what is missing, and the one command that mends it.

#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "cluster/cluster.h"
#include "deb/aptconf.h"
#include "pisdk/app.h"
#include "sandbox/namespace.h"
#include "sandbox/sandbox.h"
#include "sysroot/store.h"
#include "target/compiler.h"

enum { OUTPUT_MAX = 1 << 16, SPACE_NEEDED = 500 * 1000 * 1000 };

enum verdict { WORKS, MISSING, OPTIONAL };

struct checkup {
    struct app *app;
    struct table *table;
    int package_manager; // index into the columns of `packages`
    bool main_job_works;
};

// What a package is called by each distribution's installer.
enum { APT, DNF, PACMAN, ZYPPER, MANAGERS };

static const char *const installers[MANAGERS] = {"sudo apt install", "sudo dnf install",
                                                 "sudo pacman -S", "sudo zypper install"};

struct tool {
    const char *what;
    const char *programs; // any of these will do
    bool required;
    const char *packages[MANAGERS];
};

static const struct tool tools[] = {
    {"llvm",
     "llvm-ar llvm-ar-19 llvm-ar-18 llvm-ar-17 llvm-ar-16 llvm-ar-15 llvm-ar-14",
     true,
     {"llvm", "llvm", "llvm", "llvm"}},
    {"cmake", "cmake", true, {"cmake", "cmake", "cmake", "cmake"}},
    {"ninja", "ninja", true, {"ninja-build", "ninja-build", "ninja", "ninja"}},
    {"qemu",
     "qemu-arm-static qemu-arm",
     true,
     {"qemu-user-static", "qemu-user-static", "qemu-user-static", "qemu-linux-user"}},
    {"gpgv", "gpgv", true, {"gpgv", "gnupg2", "gnupg", "gpg2"}},
    {"pkg-config",
     "pkg-config pkgconf",
     false,
     {"pkg-config", "pkgconf-pkg-config", "pkgconf", "pkg-config"}},
    {"ssh", "ssh", false, {"openssh-client", "openssh-clients", "openssh", "openssh-clients"}},
    {"rsync", "rsync", false, {"rsync", "rsync", "rsync", "rsync"}},
    {"gdb", "gdb-multiarch", false, {"gdb-multiarch", "gdb", "gdb", "gdb"}},
    {"make", "make", false, {"make", "make", "make", "make"}},
    {"meson", "meson", false, {"meson", "meson", "meson", "meson"}},
    {"ccache", "ccache", false, {"ccache", "ccache", "ccache", "ccache"}},
    {"simgrid", "smpicc", false, {"libsimgrid-dev", "simgrid-devel", NULL, NULL}},
    {"git", "git", false, {"git", "git", "git", "git"}},
    {"gfortran",
     "arm-linux-gnueabihf-gfortran",
     false,
     {"gfortran-arm-linux-gnueabihf", NULL, NULL, NULL}},
};

static int find_package_manager(void)
{
    static const char *const programs[MANAGERS] = {"apt-get", "dnf", "pacman", "zypper"};
    for (int i = 0; i < MANAGERS; i++) {
        _cleanup_free_ char *path = fs_find_program(programs[i]);
        if (path) {
            return i;
        }
    }
    return APT;
}

static void report(struct checkup *c, const char *what, enum verdict verdict, const char *found,
                   const char *mend)
{
    static const char *const words[] = {"ok", "missing", "optional"};
    table_text(c->table, what);
    table_text(c->table, words[verdict]);
    table_text(c->table, found);
    table_text(c->table, mend);
    if (verdict == MISSING) {
        c->main_job_works = false;
    }
}

// The first line of `PROGRAM --version`, or the path when it says nothing.
static char *ask_version(const char *program)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    struct err ignored = ERR_INIT;
    int status = 0;

    strv_add_list(&argv, program, str_ends(program, "/ssh") ? "-V" : "--version", NULL);
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &text, .errors = &errors};
    (void)!proc_capture(argv.items, &capture, &status, &ignored);
    const char *said = text.len ? text.data : errors.len ? errors.data : program;
    return xstrndup(said, strcspn(said, "\n"));
}

static char *find_any(const char *programs)
{
    _cleanup_strv_ struct strv names = {0};
    strv_add_words(&names, programs);
    for (size_t i = 0; i < names.n; i++) {
        char *path = fs_find_program(names.items[i]);
        if (path) {
            return path;
        }
    }
    return NULL;
}

static void check_tool(struct checkup *c, const struct tool *tool)
{
    _cleanup_free_ char *path = find_any(tool->programs);
    if (path) {
        bool silent = strcmp(tool->what, "llvm") == 0; // its first line says nothing
        _cleanup_free_ char *version = silent ? xstrdup(path) : ask_version(path);
        report(c, tool->what, WORKS, version, NULL);
        return;
    }
    const char *package = tool->packages[c->package_manager];
    _cleanup_free_ char *mend =
        package ? xasprintf("%s %s", installers[c->package_manager], package) : NULL;
    report(c, tool->what, tool->required ? MISSING : OPTIONAL, "not found", mend);
}

static void check_compiler(struct checkup *c)
{
    struct compiler compiler;
    struct err err = ERR_INIT;
    if (compiler_find(&compiler, &err) == 0) {
        _cleanup_free_ char *version = ask_version(compiler.clang);
        _cleanup_free_ char *linker = ask_version(compiler.lld);
        report(c, "clang", WORKS, version, NULL);
        report(c, "lld", WORKS, linker, NULL);
        compiler_release(&compiler);
        return;
    }
    _cleanup_free_ char *mend = xasprintf("%s clang lld llvm", installers[c->package_manager]);
    report(c, "clang", MISSING, err.msg, mend);
}

static void check_mirror(struct checkup *c)
{
    const char *given = getenv("PISDK_MIRROR");
    _cleanup_strv_ struct strv mirrors = {0};
    if (given && *given) {
        strv_add(&mirrors, given);
    } else {
        aptconf_mirrors("/etc/apt", "", &mirrors);
    }
    if (mirrors.n) {
        report(c, "mirror", WORKS, mirrors.items[0], NULL);
    } else {
        report(c, "mirror", OPTIONAL, "no Debian mirror in the apt configuration",
               "export PISDK_MIRROR=URL");
    }
}

// Why `pisdk run` takes this mode, or would not.
static const char *why(enum sandbox_mode mode, enum sandbox_mode forced, bool better_one)
{
    if (forced != SANDBOX_AUTO) {
        return mode == forced ? "works; in use, set by PISDK_EMULATION"
                              : "works; not in use: PISDK_EMULATION names another";
    }
    if (better_one) {
        return "works; not needed: a better one works";
    }
    return mode == SANDBOX_NAMESPACE ? "works; in use: the best one"
                                     : "works; in use: those above do not work";
}

static void check_emulation(struct checkup *c)
{
    static const enum sandbox_mode modes[] = {SANDBOX_NAMESPACE, SANDBOX_BINFMT, SANDBOX_PREFIX};
    enum sandbox_mode forced = SANDBOX_AUTO;
    struct err err = ERR_INIT;
    bool any = false;

    if (sandbox_mode_from_environment(&forced, &err) != 0) {
        report(c, "emulate", MISSING, err.msg, "unset PISDK_EMULATION");
    }
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        err_clear(&err);
        _cleanup_free_ char *what = xasprintf("emulate:%s", sandbox_mode_name(modes[i]));
        if (sandbox_probe(modes[i], c->app->paths.runtime, &err) == 0) {
            report(c, what, WORKS, why(modes[i], forced, any), NULL);
            any = true;
            continue;
        }
        bool last = i + 1 == ARRAY_SIZE(modes);
        const char *known = modes[i] == SANDBOX_NAMESPACE ? namespace_mend() : NULL;
        const char *mend = known ? known : err.hint[0] ? err.hint : NULL;
        if (!mend && modes[i] == SANDBOX_NAMESPACE) {
            mend = "sudo apt install binfmt-support qemu-user-static, or Linux 6.7";
        }
        bool needed = modes[i] == forced || (last && !any);
        if (any && !needed) {
            mend = NULL; // a better one works
        }
        report(c, what, needed ? MISSING : OPTIONAL, err.msg, mend);
    }
}

static void check_cluster(struct checkup *c)
{
    struct err err = ERR_INIT;
    if (cluster_probe(&err) == 0) {
        report(c, "cluster", WORKS, "clusters of emulated boards work", NULL);
    } else {
        const char *known = namespace_mend();
        report(c, "cluster", OPTIONAL, err.msg, err.hint[0] ? err.hint : known);
    }
}

static void check_space(struct checkup *c)
{
    const struct {
        const char *what, *path, *variable;
    } folders[] = {{"space:data", c->app->paths.data, "PISDK_DATA_DIR"},
                   {"space:cache", c->app->paths.cache, "PISDK_CACHE_DIR"}};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        uint64_t bytes = 0;
        char size[32];
        struct err err = ERR_INIT;
        _cleanup_free_ char *set = xasprintf("set %s to a folder of your own", folders[i].variable);
        _cleanup_free_ char *mend = xasprintf("free some space (500 MB are needed), or %s", set);
        if (fs_check_writable(folders[i].path, &err) != 0) {
            report(c, folders[i].what, MISSING, err.msg, set);
            continue;
        }
        if (fs_free_space(folders[i].path, &bytes, &err) != 0) {
            report(c, folders[i].what, OPTIONAL, err.msg, NULL);
            continue;
        }
        _cleanup_free_ char *found =
            xasprintf("%s free for %s", str_size(size, bytes), folders[i].path);
        bool enough = bytes >= SPACE_NEEDED;
        report(c, folders[i].what, enough ? WORKS : MISSING, found, enough ? NULL : mend);
    }
}

static void check_sysroots(struct checkup *c)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    if (sysroot_names(c->app->paths.data, &names, &ignored) == 0 && names.n) {
        _cleanup_free_ char *joined = strv_join(&names, ", ");
        report(c, "sysroot", WORKS, joined, NULL);
    } else {
        report(c, "sysroot", OPTIONAL, "none yet", "pisdk sysroot build");
    }
}

int cmd_doctor(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"what", COLUMN_TEXT},
        {"verdict", COLUMN_VERDICT},
        {"found", COLUMN_TEXT},
        {"mend", COLUMN_TEXT},
    };
    struct checkup c = {
        .app = app,
        .table = table_new(columns, ARRAY_SIZE(columns)),
        .package_manager = find_package_manager(),
        .main_job_works = true,
    };
    (void)err;
    check_compiler(&c);
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        check_tool(&c, &tools[i]);
    }
    check_mirror(&c);
    check_emulation(&c);
    check_cluster(&c);
    check_space(&c);
    check_sysroots(&c);
    table_print(c.table, app->json);
    table_free(c.table);
    if (!app->json) {
        log_info(&app->log, "%s",
                 c.main_job_works ? "everything needed is here"
                                  : "something is missing: see the last column");
    }
    return c.main_job_works ? EXIT_OK : EXIT_FAILED;
}
