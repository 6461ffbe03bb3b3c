// SPDX-License-Identifier: MIT
// The linker of a toolset: lld, and then a look at what it made.
//
//   - Symbols of a newer C library than the project may need are an error that names each, and the
//     object files that want it. The same happens in a configure script's tests, which so find that
//     such a function is not there.
//   - Objects for a newer processor than the board's are a warning that names them, those that come
//     from archives too. (lld itself takes the build attributes of the first object for all.)
//   - What is linked with libraries of the user's own finds them beside itself, too.
//   - With a folder for it, debug information goes there, to .build-id/xx/yyyy.debug, where gdb's
//     debug-file-directory finds it.
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "inspect.h"
#include "target/compiler.h"

enum { STATUS_CANNOT_RUN = 127, TRACE_MAX = 16 << 20, RESPONSE_MAX = 64 << 20 };

// Does this option of lld, which may begin with one - or two, print something?
static bool prints(const char *word)
{
    static const char *const names[] = {"t",       "trace",   "M", "print-map", "cref",
                                        "verbose", "version", "v", "V",         "help"};
    if (word[0] != '-') {
        return false;
    }
    const char *name = word + strspn(word, "-");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return str_starts(word, "-y") || str_starts(name, "trace-symbol") ||
           str_starts(name, "print-") || str_ends(word, "=-");
}

// Runs lld. What it was asked to print goes where it should; else it lists the files that it takes,
// archive members as "lib.a(member.o)", one a line, in `trace`.
static int run_linker(struct strv *argv, struct strbuf *trace)
{
    const struct proc_capture capture = {.input = STDIN_FILENO, .max = TRACE_MAX, .out = trace};
    struct err err = ERR_INIT;
    int status;
    bool speaks = false;

    for (size_t i = 1; i < argv->n; i++) {
        speaks = speaks || prints(argv->items[i]);
    }
    if (!speaks) {
        strv_add(argv, "--trace");
    }
    int r = speaks ? proc_run(argv->items, &status, &err)
                   : proc_capture(argv->items, &capture, &status, &err);
    if (r != 0) {
        fprintf(stderr, "error: %s\n", err.msg);
        return STATUS_CANNOT_RUN;
    }
    return status;
}

// The words of a response file, in the GNU style: separated by white space, with quotes and
// backslashes. What cannot be read has none; lld has complained already.
static void read_response(const char *path, struct strv *words)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf word = {0};
    struct err ignored = ERR_INIT;
    char quote = 0;

    if (fs_read_file(path, RESPONSE_MAX, &text, &ignored) != 0 || !text.data) {
        return;
    }
    strbuf_adds(&text, "\n");
    for (const char *p = text.data; *p; p++) {
        if (*p == '\\' && p[1]) {
            strbuf_add(&word, ++p, 1);
        } else if (quote ? *p == quote : *p == '"' || *p == '\'') {
            quote = quote ? 0 : *p;
        } else if (quote || !isspace((unsigned char)*p)) {
            strbuf_add(&word, p, 1);
        } else if (word.len) {
            strv_take(words, strbuf_take(&word));
        }
    }
}

static void expand_responses(char *const *args, struct strv *words)
{
    for (; *args; args++) {
        if ((*args)[0] == '@') {
            read_response(*args + 1, words);
        } else {
            strv_add(words, *args);
        }
    }
}

// Where the words say that the result goes; NULL where there is no result to look at.
static const char *find_output(const struct strv *words)
{
    static const char *const no_result[] = {"-r", "--relocatable", "--version", "-v", "--help"};
    const char *output = "a.out";
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->items[i];
        for (size_t j = 0; j < ARRAY_SIZE(no_result); j++) {
            if (strcmp(word, no_result[j]) == 0) {
                return NULL;
            }
        }
        if ((strcmp(word, "-o") == 0 || strcmp(word, "--output") == 0) && i + 1 < words->n) {
            output = words->items[++i];
        } else if (str_starts(word, "--output=")) {
            output = word + strlen("--output=");
        } else if (str_starts(word, "-o") && word[2] != '\0' && !str_starts(word, "-oformat")) {
            output = word + 2;
        }
    }
    return output;
}

// GNU ld for the board needs no -m, and neither do makefiles that embed files with -r -b binary.
static bool has_emulation(const struct strv *words)
{
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->items[i];
        if (strcmp(word, "-m") == 0 || str_starts(word, "-marmelf") || str_starts(word, "-melf")) {
            return true;
        }
    }
    return false;
}

// The desktop's own compiler, called by its path, takes the first ld in PATH.
static bool is_for_desktop(const struct strv *words)
{
    return strv_has(words, "elf_x86_64") || strv_has(words, "-melf_x86_64") ||
           strv_has(words, "elf_i386");
}

static int run_desktops(char **args)
{
    _cleanup_free_ char *ld = compiler_find_desktops("ld");
    _cleanup_strv_ struct strv argv = {0};
    strv_add(&argv, ld ? ld : "/usr/bin/ld");
    strv_add_all(&argv, args);
    execv(argv.items[0], argv.items);
    fprintf(stderr, "error: cannot run %s: %s\n", argv.items[0], strerror(errno));
    return STATUS_CANNOT_RUN;
}

// Is this folder or file of libraries neither the sysroot's nor the compiler's?
static bool is_users(const struct toolset *t, const char *path)
{
    return !fs_is_below(path, t->root) && !fs_is_below(path, "/usr");
}

static bool links_users_libraries(const struct toolset *t, const struct strv *words)
{
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->items[i];
        const char *folder = str_starts(word, "-L") ? word + strlen("-L") : NULL;
        if (folder && *folder == '\0' && i + 1 < words->n) {
            folder = words->items[++i];
        }
        if (folder ? is_users(t, folder)
                   : word[0] != '-' && strstr(word, ".so") && is_users(t, word)) {
            return true;
        }
    }
    return false;
}

static bool is_in(const char *folder, const char *library)
{
    static const char *const ends[] = {".so", ".a"};
    bool found = false;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        _cleanup_free_ char *path = xasprintf("%s/lib%s%s", folder, library, ends[i]);
        found = found || fs_exists(path);
    }
    return found;
}

static bool is_found(const struct strv *words, const char *library)
{
    bool found = library[0] == ':';
    for (size_t i = 0; i < words->n && !found; i++) {
        const char *word = words->items[i];
        if (strcmp(word, "-L") == 0 && i + 1 < words->n) {
            found = is_in(words->items[++i], library);
        } else if (str_starts(word, "-L")) {
            found = is_in(word + strlen("-L"), library);
        }
    }
    return found;
}

// lld has said which libraries it has not found; here is where they come from.
static void hint_libraries(char *const *args)
{
    _cleanup_strv_ struct strv words = {0};
    expand_responses(args, &words);
    for (size_t i = 0; i < words.n; i++) {
        const char *word = words.items[i];
        const char *library = str_starts(word, "-l") ? word + strlen("-l") : NULL;
        if (library && *library == '\0' && i + 1 < words.n) {
            library = words.items[++i];
        }
        if (!library || is_found(&words, library)) {
            continue;
        }
        if (strcmp(library, "gfortran") == 0) {
            fputs("hint: pisdk sysroot add libgfortran5\n", stderr);
        } else {
            fprintf(stderr, "hint: packages with lib%s: pisdk sysroot search lib%s\n", library,
                    library);
        }
    }
}

// The sysroot's libstdc++ and libgcc are in a folder that Clang knows, and gfortran does not: a
// program in Fortran with parts in C++ is linked with -lstdc++.
static void add_folder_of_gcc(const struct toolset *t, struct strv *argv)
{
    _cleanup_free_ char *pattern = xasprintf("%s/usr/lib/gcc/%s/*", t->root, t->triple);
    glob_t found;
    if (glob(pattern, GLOB_ONLYDIR, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            strv_addf(argv, "-L%s", found.gl_pathv[i]);
        }
        globfree(&found);
    }
}

static int link_program(const struct toolset *t, char **args)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv words = {0};
    expand_responses(args, &words);
    if (is_for_desktop(&words)) {
        return run_desktops(args);
    }
    strv_add(&argv, t->lld);
    if (!has_emulation(&words)) { // called by itself, not by Clang
        strv_add_list(&argv, "-m", "armelf_linux_eabi", NULL);
        strv_addf(&argv, "--sysroot=%s", t->root);
        strv_addf(&argv, "-L%s/usr/lib/%s", t->root, t->triple);
    }
    strv_add_all(&argv, args);
    add_folder_of_gcc(t, &argv);
    strv_addf(&argv, "-L%s/lib/" TOOLSET_FORTRAN, t->dir);
    if (!strv_has(&words, "-r") && links_users_libraries(t, &words)) {
        strv_add_list(&argv, "-rpath", "$ORIGIN", NULL); // where `pisdk deploy` puts them
    }
    _cleanup_strbuf_ struct strbuf trace = {0};
    int status = run_linker(&argv, &trace);
    if (status != 0) {
        hint_libraries(argv.items);
    }
    const char *output = status == 0 ? find_output(&words) : NULL;
    return output ? inspect_output(t, output, &trace) : status;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct toolset t;
    _cleanup_free_ char *folder = argc > 0 ? toolset_folder_of(argv[0]) : NULL;

    if (!folder || toolset_read(folder, &t, &err) != 0) {
        fprintf(stderr, "error: %s\n", folder ? err.msg : "pisdk-ld is part of a toolset");
        return 1;
    }
    int status = link_program(&t, argv + 1);
    toolset_release(&t);
    return status;
}
