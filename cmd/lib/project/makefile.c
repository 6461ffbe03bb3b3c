// SPDX-License-Identifier: MIT
#include "project/makefile.h"

#include <string.h>

#include "base/fs.h"

#define MARK "pisdk-variable "

static const char *const variables[] = {
    "CC",     "CXX",   "CPP",     "LD",      "LINKER",  "AR",       "ARCHIVER", "RANLIB",
    "NM",     "STRIP", "OBJCOPY", "OBJDUMP", "FC",      "F77",      "F90",      "MPICC",
    "MPICXX", "MPIFC", "MPIF90",  "MPIF77",  "CLINKER", "CXXLINKER"};

char *makefile_replace_tool(const char *triple, const char *value)
{
    static const char *const tools[][2] = {
        {"cc", "clang"},          {"gcc", "clang"},       {"clang", "clang"},
        {"c99", "clang"},         {"c89", "clang"},       {"icc", "clang"},
        {"g++", "clang++"},       {"c++", "clang++"},     {"clang++", "clang++"},
        {"cpp", "cpp"},           {"ld", "ld"},           {"ar", "ar"},
        {"gcc-ar", "ar"},         {"llvm-ar", "ar"},      {"ranlib", "ranlib"},
        {"gcc-ranlib", "ranlib"}, {"nm", "nm"},           {"strip", "strip"},
        {"objcopy", "objcopy"},   {"objdump", "objdump"}, {"gfortran", "gfortran"},
        {"f77", "gfortran"},      {"g77", "gfortran"},    {"f95", "gfortran"},
        {"mpicc", "mpicc"},       {"mpicxx", "mpicxx"},   {"mpic++", "mpic++"},
        {"mpiCC", "mpiCC"},       {"mpif77", "mpif77"},   {"mpif90", "mpif90"},
        {"mpifort", "mpifort"}};
    struct slice rest = {value, strlen(value)};
    struct slice word;

    do { // "ccache gcc"
        if (!slice_word(&rest, &word)) {
            return NULL;
        }
    } while (slice_is(word, "ccache") || slice_is(word, "distcc") || slice_is(word, "icecc"));
    _cleanup_free_ char *path = slice_dup(word);
    _cleanup_free_ char *name = xstrdup(fs_base(path));
    // gcc-12, clang-19
    size_t plain = strcspn(name, "0123456789");
    if (plain > 1 && name[plain - 1] == '-' && name[plain] != '\0') {
        name[plain - 1] = '\0';
    }
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        if (strcmp(name, tools[i][0]) == 0) {
            return xasprintf("%s-%s%.*s", triple, tools[i][1], (int)rest.n, rest.p);
        }
    }
    return NULL;
}

// A rule that prints them when it is made. $(info) needs no shell, whatever the values are.
static char *print_rule(void)
{
    struct strbuf b = {0};
    strbuf_adds(&b, "pisdk-show-variables:;@:");
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        strbuf_addf(&b, "$(info " MARK "%s=$(%s))", variables[i], variables[i]);
    }
    return strbuf_take(&b);
}

int makefile_find_overrides(struct build *b, struct strv *words, struct err *err)
{
    _cleanup_free_ char *rule = print_rule();
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    struct slice line;
    int status;

    strv_add_list(&argv, "make", "-s", "--no-print-directory", "--eval", rule, NULL);
    strv_add_all(&argv, b->p->build.args.items);
    strv_add(&argv, "pisdk-show-variables");
    if (build_ask(b, b->p->dir, &argv, &text, &status, err) != 0) {
        return -1;
    }
    // A makefile that make cannot read: the build will say why.
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *assignment = slice_dup(line);
        char *equals = strchr(assignment, '=');
        if (!str_starts(assignment, MARK) || !equals) {
            continue;
        }
        _cleanup_free_ char *value = makefile_replace_tool(b->o->tools->triple, equals + 1);
        *equals = '\0';
        if (value) {
            strv_addf(words, "%s=%s", assignment + strlen(MARK), value);
        }
    }
    return 0;
}
