// SPDX-License-Identifier: MIT
#include "project/guess.h"

#include <ctype.h>
#include <string.h>

#include "base/fs.h"
#include "project/build.h"
#include "project/project.h"

enum { SOURCE_MAX = 1 << 20, SOURCES_MAX = 200 };

#define DEFAULT_NAME "project"

// "My code (2)" is called My-code-2, "2d heat" my-2d-heat, and "test", which is CMake's, my-test.
static char *valid_name(const char *folder)
{
    _cleanup_strbuf_ struct strbuf b = {0};
    for (const char *c = folder; *c; c++) {
        bool fits = ((unsigned char)*c < 0x80 && isalnum((unsigned char)*c)) || *c == '_';
        if (fits) {
            strbuf_add(&b, c, 1);
        } else if (b.len && b.data[b.len - 1] != '-' && c[1]) {
            strbuf_adds(&b, "-");
        }
    }
    while (b.len && b.data[b.len - 1] == '-') {
        b.data[--b.len] = '\0';
    }
    const char *plain = b.data ? b.data : "";
    _cleanup_free_ char *longer = xasprintf("my-%s", plain);
    return xstrdup(project_name_is_valid(plain)    ? plain
                   : project_name_is_valid(longer) ? longer
                                                   : DEFAULT_NAME);
}

// How a source without a build system is compiled; NULL: not a source.
static const char *compiler_of(const char *name, bool mpi)
{
    static const struct {
        const char *suffix, *plain, *mpi;
    } known[] = {{".c", "cc", "mpicc"},           {".cpp", "c++", "mpicxx"},
                 {".cc", "c++", "mpicxx"},        {".cxx", "c++", "mpicxx"},
                 {".f90", "gfortran", "mpifort"}, {".f", "gfortran", "mpifort"}};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (str_ends(name, known[i].suffix)) {
            return mpi ? known[i].mpi : known[i].plain;
        }
    }
    return NULL;
}

static bool is_script(const char *name)
{
    return str_ends(name, ".py") || str_ends(name, ".R");
}

static bool uses_mpi(const char *path)
{
    static const char *const marks[] = {"mpi.h", "use mpi", "mpif.h", "mpi4py", "Rmpi", "pbdMPI"};
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(path, SOURCE_MAX, &text, &ignored) != 0 || !text.data) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        if (memmem(text.data, text.len, marks[i], strlen(marks[i]))) {
            return true;
        }
    }
    return false;
}

// Sources and scripts of the folder itself are added to `found`.
static void look_at(const char *dir, struct project_guess *g, struct strv *found)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    if (fs_list_dir(dir, &names, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < names.n && i < SOURCES_MAX; i++) {
        if (compiler_of(names.items[i], false) || is_script(names.items[i])) {
            _cleanup_free_ char *path = fs_join(dir, names.items[i]);
            g->mpi = g->mpi || uses_mpi(path);
            strv_add(found, names.items[i]);
        }
    }
}

// The first program of CMakeLists.txt: add_executable(NAME …), NAME in plain letters.
static char *program_of_cmake(const char *dir)
{
    static const char call[] = "add_executable(";
    _cleanup_free_ char *path = fs_join(dir, "CMakeLists.txt");
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(path, SOURCE_MAX, &text, &ignored) != 0 || !text.data) {
        return NULL;
    }
    const char *at = strstr(text.data, call);
    at = at ? at + strlen(call) + strspn(at + strlen(call), " \t\n") : "";
    _cleanup_free_ char *name = xstrndup(at, strcspn(at, " \t\n)"));
    return project_name_is_valid(name) ? TAKE_PTR(name) : NULL;
}

// The only source of a folder without a build system, or its only script.
static void use_only_file(struct project_guess *g, const struct strv *found)
{
    if (g->systems.n > 0 || found->n != 1 || strpbrk(found->items[0], " \t'\"\\;")) {
        return; // a command of pisdk.ini is words
    }
    const char *file = found->items[0];
    const char *compiler = compiler_of(file, g->mpi);
    if (compiler) {
        g->program = xstrndup(file, (size_t)(strrchr(file, '.') - file));
        g->command = xasprintf("%s -O2 -g -o %s %s", compiler, g->program, file);
    } else {
        g->program = xstrdup(file);
        strv_add(&g->systems, "none");
    }
}

int project_guess(const char *dir, struct project_guess *out, struct err *err)
{
    _cleanup_strv_ struct strv found = {0};
    _cleanup_strv_ struct strv inner = {0};
    _cleanup_free_ char *real = fs_real_path(dir);
    *out = (struct project_guess){0};
    if (!real) {
        return err_sys(err, "cannot open %s", dir);
    }
    _cleanup_free_ char *src = fs_join(real, "src");
    out->name = valid_name(fs_base(real));
    project_build_systems(real, &out->systems);
    look_at(real, out, &found);
    look_at(src, out, &inner);
    use_only_file(out, &found);
    if (out->systems.n && strcmp(out->systems.items[0], "cmake") == 0) {
        out->program = program_of_cmake(real);
    }
    return 0;
}

void project_guess_release(struct project_guess *g)
{
    free(g->name);
    strv_release(&g->systems);
    free(g->command);
    free(g->program);
    *g = (struct project_guess){0};
}
