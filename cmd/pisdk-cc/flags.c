// SPDX-License-Identifier: MIT
#include "flags.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"

enum { GCC_STRICT = 14, OUTPUT_MAX = 1 << 16 };

static bool is_candidate(const char *word)
{
    static const char *const tuning[] = {
        "-mthumb-interwork", "-mno-thumb-interwork", "-mapcs", "-mapcs-frame",
        "-mno-apcs-frame",   "-mno-sched-prolog",    "-mlra",  "-mno-lra"};
    return str_is_one_of(word, tuning, ARRAY_SIZE(tuning)) ||
           (str_starts(word, "-f") && word[2] != '\0' && !strchr(word, '/'));
}

// Clang is asked what it would do with an empty file.
static bool ask(const struct toolset *t, const char *flag)
{
    _cleanup_strv_ struct strv argv = {0};
    struct strbuf unused = {0};
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &unused, .errors = &unused};
    struct err ignored = ERR_INIT;
    int status = 0;
    strv_add_list(&argv, t->clang, t->flags.items[0], "-###", flag, "-x", "c", "-c", "/dev/null",
                  "-o", "/dev/null", NULL);
    int r = proc_capture(argv.items, &capture, &status, &ignored);
    bool unknown = status != 0 && unused.data && strstr(unused.data, "unknown argument");
    strbuf_release(&unused);
    return r != 0 || !unknown;
}

// The answer is an empty file: DIR/flags/FLAG.yes or .no.
static bool is_known(const struct toolset *t, const char *flag)
{
    _cleanup_free_ char *folder = fs_join(t->dir, "flags");
    _cleanup_free_ char *yes = xasprintf("%s/%s.yes", folder, flag);
    _cleanup_free_ char *no = xasprintf("%s/%s.no", folder, flag);
    if (fs_exists(yes) || fs_exists(no)) {
        return fs_exists(yes);
    }
    bool known = ask(t, flag);
    struct err ignored = ERR_INIT;
    (void)!fs_mkdir_all(folder, 0755, &ignored);
    int fd = open(known ? yes : no, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0) {
        close(fd);
    }
    return known;
}

static void tell(const char *flag)
{
    const char *notes = getenv(TOOLSET_NOTES);
    _cleanup_free_ char *path = notes ? xasprintf("%s/%s", notes, flag) : NULL;
    _cleanup_close_ int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (!path || fd >= 0) {
        fprintf(stderr, "note: ignored %s, which only gcc knows\n", flag);
    }
}

void flags_drop_unknown(const struct toolset *t, struct strv *words)
{
    size_t kept = 0;
    for (size_t i = 0; i < words->n; i++) {
        char *word = words->items[i];
        if (is_candidate(word) && !is_known(t, word)) {
            tell(word);
            free(word);
        } else {
            words->items[kept++] = word;
        }
    }
    if (words->items) {
        words->n = kept;
        words->items[kept] = NULL;
    }
}

// Clang takes these for errors. Each gcc warns of the first three, and does not know the last two.
static void add_severity_of_cxx(struct strv *argv)
{
    strv_add_list(argv, "-Wno-error=reserved-user-defined-literal", "-Wno-error=register",
                  "-Wno-error=c++11-narrowing", "-Wno-missing-template-arg-list-after-template-kw",
                  "-Wno-enum-constexpr-conversion", NULL);
}

void flags_add_severity(const struct toolset *t, enum language language, struct strv *argv)
{
    static const char *const errors[] = {
        "implicit-function-declaration",       "implicit-int",    "int-conversion",
        "incompatible-function-pointer-types", "return-mismatch", "incompatible-pointer-types"};
    add_severity_of_cxx(argv); // gcc, too, compiles files with such names
    if (language == LANGUAGE_CXX) {
        return;
    }
    bool strict = t->gcc && strtol(t->gcc, NULL, 10) >= GCC_STRICT;
    for (size_t i = 0; i < ARRAY_SIZE(errors) && t->gcc; i++) {
        strv_addf(argv, strict ? "-Werror=%s" : "-Wno-error=%s", errors[i]);
    }
}
