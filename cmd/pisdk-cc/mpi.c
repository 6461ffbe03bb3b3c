// SPDX-License-Identifier: MIT
// mpicc and its like: what they add to a compiler's command line, and what they tell of it.
//
// The options are those of the wrappers' manual pages, mpicc(1) of Open MPI 4.1 and of MPICH 4.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "command.h"

enum { HEADER_MAX = 1 << 20 };

enum show {
    SHOW_NOTHING,
    SHOW_ALL,
    SHOW_COMMAND,
    SHOW_COMPILE,
    SHOW_LINK,
    SHOW_INCDIRS,
    SHOW_LIBDIRS,
    SHOW_LIBS,
    SHOW_VERSION,
    SHOW_HELP,
};

static enum show read_show(const char *word)
{
    static const struct {
        const char *word;
        enum show show;
    } words[] = {
        {"-show", SHOW_ALL},
        {"-showme", SHOW_ALL},
        {"--showme", SHOW_ALL},
        {"-showme:command", SHOW_COMMAND},
        {"--showme:command", SHOW_COMMAND},
        {"-showme:compile", SHOW_COMPILE},
        {"--showme:compile", SHOW_COMPILE},
        {"-compile-info", SHOW_COMPILE},
        {"-compile_info", SHOW_COMPILE},
        {"-showme:link", SHOW_LINK},
        {"--showme:link", SHOW_LINK},
        {"-link-info", SHOW_LINK},
        {"-link_info", SHOW_LINK},
        {"-showme:incdirs", SHOW_INCDIRS},
        {"--showme:incdirs", SHOW_INCDIRS},
        {"-showme:libdirs", SHOW_LIBDIRS},
        {"--showme:libdirs", SHOW_LIBDIRS},
        {"-showme:libs", SHOW_LIBS},
        {"--showme:libs", SHOW_LIBS},
        {"-showme:version", SHOW_VERSION},
        {"--showme:version", SHOW_VERSION},
        {"-showme:help", SHOW_HELP},
        {"--showme:help", SHOW_HELP},
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(word, words[i].word) == 0) {
            return words[i].show;
        }
    }
    return SHOW_NOTHING;
}

// What the wrapper adds, in the order in which it goes to the compiler.
struct parts {
    char *compiler;
    struct strv compile, link;
};

static const struct strv *libraries(const struct mpi_call *call)
{
    const struct toolset *t = call->toolset;
    return call->language == LANGUAGE_FORTRAN ? &t->mpi_fortran
           : call->language == LANGUAGE_CXX   ? &t->mpi_cxx
                                              : &t->mpi_c;
}

// OMPI_CC, MPICH_CC and so on: the user's own compiler below the wrapper.
static char *own_compiler(const struct mpi_call *call)
{
    static const char *const names[] = {[LANGUAGE_C] = "clang",
                                        [LANGUAGE_CXX] = "clang++",
                                        [LANGUAGE_CPP] = "clang",
                                        [LANGUAGE_FORTRAN] = "gfortran"};
    return xasprintf("%s%s", call->prefix, names[call->language]);
}

static char *choose_compiler(const struct mpi_call *call)
{
    static const char *const variables[][2] = {
        [LANGUAGE_C] = {"OMPI_CC", "MPICH_CC"},
        [LANGUAGE_CXX] = {"OMPI_CXX", "MPICH_CXX"},
        [LANGUAGE_CPP] = {"OMPI_CC", "MPICH_CC"},
        [LANGUAGE_FORTRAN] = {"OMPI_FC", "MPICH_FC"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(variables[0]); i++) {
        const char *value = getenv(variables[call->language][i]);
        if (value && *value) {
            return xstrdup(value);
        }
    }
    return own_compiler(call);
}

static void add_variable(struct strv *to, const char *name)
{
    const char *value = getenv(name);
    strv_add_words(to, value ? value : "");
}

static void make_parts(const struct mpi_call *call, struct parts *out)
{
    static const char *const flags[] = {[LANGUAGE_C] = "OMPI_CFLAGS",
                                        [LANGUAGE_CXX] = "OMPI_CXXFLAGS",
                                        [LANGUAGE_CPP] = "OMPI_CFLAGS",
                                        [LANGUAGE_FORTRAN] = "OMPI_FCFLAGS"};
    const struct toolset *t = call->toolset;

    out->compiler = choose_compiler(call);
    for (size_t i = 0; i < t->mpi_include.n; i++) {
        strv_addf(&out->compile, "-I%s", t->mpi_include.items[i]);
    }
    for (size_t i = 0; i < t->mpi_modules.n && call->language == LANGUAGE_FORTRAN; i++) {
        strv_addf(&out->compile, "-I%s", t->mpi_modules.items[i]);
    }
    add_variable(&out->compile, "OMPI_CPPFLAGS");
    add_variable(&out->compile, flags[call->language]);
    for (size_t i = 0; i < t->mpi_libdir.n; i++) {
        strv_addf(&out->link, "-L%s", t->mpi_libdir.items[i]);
    }
    add_variable(&out->link, "OMPI_LDFLAGS");
    if (getenv("OMPI_LIBS")) {
        add_variable(&out->link, "OMPI_LIBS");
        return;
    }
    const struct strv *libs = libraries(call);
    for (size_t i = 0; i < libs->n; i++) {
        strv_addf(&out->link, "-l%s", libs->items[i]);
    }
}

static void print_words(const struct strv *words)
{
    for (size_t i = 0; i < words->n; i++) {
        printf("%s%s", i ? " " : "", words->items[i]);
    }
}

static void print_line(const struct strv *words)
{
    print_words(words);
    putchar('\n');
}

static void print_all(const struct parts *p, const struct strv *words, bool links)
{
    struct strv line = {0};
    strv_add_words(&line, p->compiler);
    strv_add_all(&line, words->items);
    strv_add_all(&line, p->compile.items);
    strv_add_all(&line, links ? p->link.items : NULL);
    print_line(&line);
    strv_release(&line);
}

static void print_help(const struct mpi_call *call)
{
    printf("%s: MPI for %s, with Clang. Options, as for Open MPI's own:\n"
           "  -show, --showme    the whole command line\n"
           "  --showme:WHAT      command, compile, link, incdirs, libdirs, libs, version\n",
           "mpicc", call->toolset->triple);
}

// A number or a text that mpi.h defines; 0 characters: it does not.
static struct slice defined(const struct strbuf *header, const char *name)
{
    _cleanup_free_ char *start = xasprintf("#define %s ", name);
    const char *at = header->data ? strstr(header->data, start) : NULL;
    const char *value = at ? at + strlen(start) + strspn(at + strlen(start), " \"") : "";
    return (struct slice){value, strcspn(value, "\" \n")};
}

// As Open MPI's own wrapper says it, which build systems read.
static void print_version(const struct mpi_call *call)
{
    static const char *const languages[] = {[LANGUAGE_C] = "C",
                                            [LANGUAGE_CXX] = "C++",
                                            [LANGUAGE_CPP] = "C",
                                            [LANGUAGE_FORTRAN] = "Fortran"};
    const struct toolset *t = call->toolset;
    _cleanup_free_ char *file = fs_join(t->mpi_include.items[0], "mpi.h");
    _cleanup_strbuf_ struct strbuf header = {0};
    struct err ignored = ERR_INIT;
    (void)!fs_read_file(file, HEADER_MAX, &header, &ignored);
    if (strcmp(t->mpi, "mpich") == 0) {
        struct slice version = defined(&header, "MPICH_VERSION");
        printf("mpicc: MPICH %.*s (Language: %s)\n", (int)version.n, version.p,
               languages[call->language]);
        return;
    }
    struct slice major = defined(&header, "OMPI_MAJOR_VERSION");
    struct slice minor = defined(&header, "OMPI_MINOR_VERSION");
    struct slice release = defined(&header, "OMPI_RELEASE_VERSION");
    printf("mpicc: Open MPI %.*s.%.*s.%.*s (Language: %s)\n", (int)major.n, major.p, (int)minor.n,
           minor.p, (int)release.n, release.p, languages[call->language]);
}

static void show(const struct mpi_call *call, enum show what, const struct parts *p,
                 const struct strv *words)
{
    switch (what) {
    case SHOW_ALL:
        print_all(p, words, !command_only_compiles(words));
        break;
    case SHOW_COMMAND:
        puts(p->compiler);
        break;
    case SHOW_COMPILE:
        print_line(&p->compile);
        break;
    case SHOW_LINK:
        print_line(&p->link);
        break;
    case SHOW_INCDIRS:
        print_line(&call->toolset->mpi_include);
        break;
    case SHOW_LIBDIRS:
        print_line(&call->toolset->mpi_libdir);
        break;
    case SHOW_LIBS:
        print_line(libraries(call));
        break;
    case SHOW_VERSION:
        print_version(call);
        break;
    default:
        print_help(call);
    }
}

// The user's words without those for the wrapper itself.
static enum show take_words(const struct strv *words, struct strv *rest)
{
    enum show what = SHOW_NOTHING;
    for (size_t i = 0; i < words->n; i++) {
        enum show found = read_show(words->items[i]);
        if (found != SHOW_NOTHING) {
            what = found;
        } else {
            strv_add(rest, words->items[i]);
        }
    }
    return what;
}

// Does it name a file to work on? `mpicc -v` and `mpicc --version` are the compiler's.
static bool has_input(const struct strv *words)
{
    for (size_t i = 0; i < words->n; i++) {
        if (words->items[i][0] != '-' || words->items[i][1] == '\0' ||
            str_starts(words->items[i], "-l")) {
            return true;
        }
    }
    return false;
}

bool command_mpi(const struct mpi_call *call, const struct strv *words, struct strv *argv)
{
    struct parts parts = {0};
    struct strv rest = {0};
    struct strv all = {0};

    make_parts(call, &parts);
    enum show what = take_words(words, &rest);
    if (what != SHOW_NOTHING) {
        show(call, what, &parts, &rest);
    } else {
        bool links = has_input(&rest) && !command_only_compiles(&rest);
        strv_add_all(&all, rest.items);
        strv_add_all(&all, parts.compile.items);
        strv_add_all(&all, links ? parts.link.items : NULL);
        _cleanup_free_ char *own = own_compiler(call);
        if (strcmp(own, parts.compiler) == 0) {
            command_compiler(call->toolset, call->language, &all, argv);
        } else {
            strv_add_words(argv, parts.compiler);
            strv_add_all(argv, all.items);
        }
    }
    free(parts.compiler);
    strv_release(&parts.compile);
    strv_release(&parts.link);
    strv_release(&rest);
    strv_release(&all);
    return what != SHOW_NOTHING;
}
