// SPDX-License-Identifier: MIT
#include "command.h"

#include <string.h>

#include "base/fs.h"
#include "flags.h"
#include "target/variant.h"

bool command_is_desktops(const char *path)
{
    static const char *const folders[] = {
        "/usr/include", "/usr/local/include", "/usr/lib", "/usr/lib32",
        "/usr/lib64",   "/usr/local/lib",     "/lib",     "/lib32",
        "/lib64"};
    bool below = false;
    for (size_t i = 0; i < ARRAY_SIZE(folders) && !below; i++) {
        below = fs_is_below(path, folders[i]);
    }
    return below && !str_starts(path, "/usr/lib/llvm-") && !str_starts(path, "/usr/lib/clang/");
}

static void add_path(const struct toolset *t, const char *option, const char *path,
                     struct strv *out)
{
    bool foreign = command_is_desktops(path) && !fs_is_below(path, t->root);
    strv_addf(out, "%s%s%s", option, foreign ? t->root : "", path);
}

void command_clean_arguments(const struct toolset *t, char *const *args, struct strv *out)
{
    static const char *const joined[] = {"-I", "-L", "-isystem", "-idirafter", "-iquote"};
    static const char *const native[] = {"-march=native", "-mcpu=native", "-mtune=native"};

    for (; *args; args++) {
        const char *option = NULL;
        bool dropped = false;
        for (size_t i = 0; i < ARRAY_SIZE(native); i++) {
            dropped = dropped || strcmp(*args, native[i]) == 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(joined) && !option; i++) {
            option = str_starts(*args, joined[i]) ? joined[i] : NULL;
        }
        if (dropped) {
            continue;
        }
        if (!option) {
            strv_add(out, *args);
        } else if ((*args)[strlen(option)] != '\0') {
            add_path(t, option, *args + strlen(option), out);
        } else {
            strv_add(out, option);
            if (args[1]) {
                add_path(t, "", *++args, out);
            }
        }
    }
}

void command_clean_environment(void)
{
    static const char *const names[] = {
        "CPATH",        "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH",
        "LIBRARY_PATH", "COMPILER_PATH",  "GCC_EXEC_PREFIX",    "LD_RUN_PATH"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        unsetenv(names[i]);
    }
}

bool command_only_compiles(const struct strv *words)
{
    static const char *const options[] = {"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only"};
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (strv_has(words, options[i])) {
            return true;
        }
    }
    return false;
}

static bool is_compiled(const char *file)
{
    static const char *const suffixes[] = {".o", ".lo", ".a", ".so", ".obj"};
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        if (str_ends(file, suffixes[i])) {
            return true;
        }
    }
    return strstr(file, ".so.") != NULL;
}

// Is there anything among the words that has to be compiled? When in doubt, there is.
static bool has_source(const struct strv *words)
{
    static const char *const with_value[] = {"-o",       "-I",       "-L",  "-isystem",
                                             "-Xlinker", "-include", "-MF", "-MT",
                                             "-MQ",      "-T",       "-u",  "-z"};
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->items[i];
        bool takes_next = false;
        for (size_t j = 0; j < ARRAY_SIZE(with_value); j++) {
            takes_next = takes_next || strcmp(word, with_value[j]) == 0;
        }
        if (takes_next) {
            i++;
        } else if (str_starts(word, "-x") || strcmp(word, "-") == 0 ||
                   (word[0] != '-' && !is_compiled(word))) {
            return true;
        }
    }
    return false;
}

static void add_link_flags(const struct toolset *t, const struct strv *words, struct strv *argv)
{
    bool compiles_too = has_source(words);
    for (size_t i = 0; i < t->link.n; i++) {
        bool all = strcmp(t->link.items[i], VARIANT_NO_RUNTIME) == 0;
        strv_add(argv, all && compiles_too ? VARIANT_NO_RUNTIME_COMPILE : t->link.items[i]);
    }
}

void command_compiler(const struct toolset *t, enum language language, const struct strv *words,
                      struct strv *argv)
{
    if (language == LANGUAGE_FORTRAN) {
        strv_add(argv, t->gfortran);
        strv_add_all(argv, t->fortran.items);
        if (!command_only_compiles(words)) {
            strv_add(argv, "-fuse-ld=lld");
            strv_addf(argv, "-B%s/lib", t->dir);
        }
        strv_add_all(argv, words->items);
        return;
    }
    if (t->ccache && strv_has(words, "-c")) {
        strv_add(argv, t->ccache);
    }
    strv_add(argv, language == LANGUAGE_CXX ? t->clangxx : t->clang);
    // None of ours is a mistake where it has no effect, even for build systems that make errors of
    // such warnings.
    strv_add(argv, "--start-no-unused-arguments");
    strv_add_all(argv, t->flags.items);
    strv_addf(argv, "--ld-path=%s/lib/ld.lld", t->dir);
    strv_add_all(argv, t->compile.items);
    if (t->openmp) { // behind Clang's own folder, which has other headers of the same names
        strv_add_list(argv, "-idirafter", t->openmp, NULL);
    }
    if (!command_only_compiles(words)) {
        add_link_flags(t, words, argv);
    }
    flags_add_severity(t, language, argv);
    strv_add_list(argv, "-Wno-unknown-warning-option", "-Wno-ignored-optimization-argument",
                  "-Wno-unused-command-line-argument", NULL);
    strv_add(argv, "--end-no-unused-arguments");
    if (language == LANGUAGE_CPP) {
        strv_add(argv, "-E");
    }
    strv_add_all(argv, words->items);
}
