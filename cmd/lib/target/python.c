// SPDX-License-Identifier: MIT
#include "target/python.h"

#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "target/compiler.h"
#include "target/toolset_commands.h"

enum { LINK_MAX_LENGTH = 64 };

// "python3.11", where the sysroot's link leads.
static char *find_sysroots(const char *root)
{
    _cleanup_free_ char *link = fs_join(root, "usr/bin/python3");
    char target[LINK_MAX_LENGTH] = "";
    ssize_t n = readlink(link, target, sizeof(target) - 1);
    return n > 0 && str_starts(target, "python3.") && !strchr(target, '/') ? xstrdup(target) : NULL;
}

// Not a script that chooses one, and with its own modules at the usual place beside it.
static bool is_interpreter(const char *path)
{
    _cleanup_free_ char *real = fs_real_path(path);
    _cleanup_free_ char *bin = real ? fs_parent(real) : NULL;
    _cleanup_free_ char *modules =
        bin ? xasprintf("%s/../lib/%s/lib-dynload", bin, fs_base(path)) : NULL;
    _cleanup_close_ int fd = real ? open(real, O_RDONLY | O_CLOEXEC) : -1;
    char start[4] = "";
    return modules && fs_is_dir(modules) && fd >= 0 && read(fd, start, 4) == 4 &&
           memcmp(start, "\177ELF", 4) == 0;
}

void python_find(struct toolset *t, const struct toolset_options *o)
{
    t->python = find_sysroots(t->root);
    if (t->python && !o->boards_python) {
        t->python_desktops = compiler_find_desktops_that(t->python, is_interpreter);
    }
    if (t->python && !t->python_desktops && o->qemu) {
        t->qemu = xstrdup(o->qemu);
    }
}

static int write_text(const char *dir, const char *name, const char *text, struct err *err)
{
    _cleanup_free_ char *path = fs_join(dir, name);
    return fs_write_file(path, text, strlen(text), 0644, err);
}

int python_write(const struct toolset *t, const struct toolset_options *o, const char *dir,
                 struct err *err)
{
    static const char *const names[] = {"python3", "python", "pip", "pip3"};
    if (!t->python) {
        return 0;
    }
    _cleanup_free_ char *bin = fs_join(dir, "bin");
    _cleanup_free_ char *packages = xasprintf("%s/lib/%s/site-packages", dir, t->python);
    _cleanup_free_ char *module = fs_join(o->share, "toolchain/python/board.py");
    _cleanup_free_ char *builder = fs_join(o->share, "toolchain/python/build.py");
    // https://docs.python.org/3/library/site.html
    _cleanup_free_ char *config =
        xasprintf("home = %s/usr/bin\ninclude-system-site-packages = false\n", t->root);
    const char *interpreter = t->python_desktops ? t->python_desktops : o->cc;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        bool pip = str_starts(names[i], "pip"); // the sysroot's, see pisdk-cc/others.h
        if (toolset_link(pip ? o->cc : interpreter, bin, names[i], err) != 0) {
            return -1;
        }
    }
    if (toolset_link(interpreter, bin, t->python, err) != 0 ||
        fs_mkdir_all(packages, 0755, err) != 0 ||
        toolset_link(module, packages, "pisdk_board.py", err) != 0 ||
        toolset_link(builder, packages, "pisdk_build.py", err) != 0 ||
        write_text(packages, "pisdk.pth", "import pisdk_board\n", err) != 0) {
        return -1;
    }
    return write_text(dir, "pyvenv.cfg", config, err);
}

int python_builder(const struct toolset *t, struct strv *argv, struct err *err)
{
    if (!t->python) {
        err_set(err, ERR_NOT_FOUND, "the sysroot has no Python");
        return err_hint(err, "pisdk sysroot add python3-dev python3-pip python3-setuptools "
                             "python3-wheel");
    }
    strv_addf(argv, "%s/bin/python3", t->dir);
    strv_addf(argv, "%s/lib/%s/site-packages/pisdk_build.py", t->dir, t->python);
    return 0;
}

// --- Modules ------------------------------------------------------------------------------------

bool python_has_module(const char *folder, const char *name)
{
    static const char *const ends[] = {"", ".py", ".*.so"};
    bool has = false;
    for (size_t i = 0; i < ARRAY_SIZE(ends) && !has; i++) {
        _cleanup_free_ char *pattern = xasprintf("%s/%s%s", folder, name, ends[i]);
        glob_t found;
        has = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
        if (has) {
            globfree(&found);
        }
    }
    return has;
}

bool python_has_package(const char *root, const char *name)
{
    _cleanup_free_ char *folder = fs_join(root, "usr/lib/python3/dist-packages");
    return python_has_module(folder, name);
}
