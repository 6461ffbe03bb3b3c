// SPDX-License-Identifier: MIT
#include "target/variant.h"

#include <string.h>

#include "base/fs.h"

int variant_read_sanitize(const char *text, struct variant *v, struct err *err)
{
    static const char *const known[] = {"address", "undefined"};
    struct slice rest = {text, strlen(text)};
    struct slice word;

    while (slice_cut(&rest, ',', &word)) {
        const char *found = NULL;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
            found = slice_is(word, known[i]) ? known[i] : found;
        }
        if (!found) {
            err_set(err, ERR_USAGE, "no sanitizer `%.*s` for the boards", (int)word.n, word.p);
            return err_hint(err, "--sanitize takes undefined, address, or both: "
                                 "--sanitize=address,undefined");
        }
        if (!strv_has(&v->sanitize, found)) {
            strv_add(&v->sanitize, found);
        }
    }
    strv_sort(&v->sanitize);
    return v->sanitize.n ? 0 : err_set(err, ERR_USAGE, "--sanitize needs a name: undefined");
}

char *variant_name(const struct variant *v)
{
    struct strbuf b = {0};
    strbuf_adds(&b, v->debug ? "debug" : "release");
    for (size_t i = 0; i < v->sanitize.n; i++) {
        strbuf_addf(&b, "-%s", v->sanitize.items[i]);
    }
    strbuf_adds(&b, v->coverage ? "-coverage" : "");
    strbuf_adds(&b, v->lto ? "-lto" : "");
    return strbuf_take(&b);
}

bool variant_read_name(const char *name, struct variant *v)
{
    struct slice rest = {name, strlen(name)};
    struct slice word;
    struct err ignored = ERR_INIT;

    if (!slice_cut(&rest, '-', &word) || !(slice_is(word, "debug") || slice_is(word, "release"))) {
        return false;
    }
    v->debug = slice_is(word, "debug");
    while (slice_cut(&rest, '-', &word)) {
        _cleanup_free_ char *one = slice_dup(word);
        if (strcmp(one, "coverage") == 0) {
            v->coverage = true;
        } else if (strcmp(one, "lto") == 0) {
            v->lto = true;
        } else if (variant_read_sanitize(one, v, &ignored) != 0) {
            return false;
        }
    }
    return true;
}

char *variant_profile_runtime(const char *root, const char *triple, int version)
{
    _cleanup_free_ char *folder = xasprintf("%s/usr/lib/llvm-%d/lib/clang", root, version);
    _cleanup_free_ char *arch = xstrdup(str_ends(triple, "hf") ? "armhf" : "arm");
    _cleanup_strv_ struct strv versions = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(folder, &versions, &ignored) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < versions.n; i++) {
        _cleanup_free_ char *path =
            xasprintf("%s/%s/lib/linux/libclang_rt.profile-%s.a", folder, versions.items[i], arch);
        if (fs_exists(path)) {
            return TAKE_PTR(path);
        }
    }
    return NULL;
}

char *variant_source_place(const char *name)
{
    return xasprintf("/usr/src/%s", name);
}

static void add_for_project(const struct variant_paths *place, struct strv *compile,
                            struct strv *link)
{
    _cleanup_free_ char *sources = variant_source_place(place->name);
    // Messages (__FILE__) name files from the project's folder on; debuggers need a whole path.
    strv_addf(compile, "-fdebug-prefix-map=%s=%s", place->folder, sources);
    strv_addf(compile, "-fmacro-prefix-map=%s/=", place->folder);
    strv_addf(compile, "-fdebug-prefix-map=%s/=/", place->root);
    strv_addf(compile, "-fmacro-prefix-map=%s/=/", place->root);
    strv_add(compile, "-g");
    strv_add(link, "-Wl,--build-id=sha1");
}

// The run-time libraries are gcc's, which sysroots have: those of Clang in Debian are built without
// unwind tables for ARM, so that ASan stops when it wants its first backtrace (`CHECK failed:
// sanitizer_stacktrace.cpp`). gcc's do what Clang's instrumentation asks of them. They must come
// before all other libraries; -fno-sanitize=all keeps Clang from adding its own.
static void add_sanitizers(const struct variant *v, struct strv *compile, struct strv *link)
{
    _cleanup_free_ char *names = strv_join(&v->sanitize, ",");
    strv_addf(compile, "-fsanitize=%s", names);
    strv_add_list(compile, "-fno-omit-frame-pointer", "-funwind-tables", "-gdwarf-4", NULL);
    strv_add_list(link, VARIANT_NO_RUNTIME, "-Wl,--push-state,--no-as-needed", NULL);
    if (strv_has(&v->sanitize, "address")) {
        strv_add(link, "-lasan");
    }
    if (strv_has(&v->sanitize, "undefined")) {
        // gcc's library has not the check of function types.
        strv_add_list(compile, "-fno-sanitize=function", "-fno-sanitize-recover=undefined", NULL);
        strv_add(link, "-lubsan");
    }
    strv_add(link, "-Wl,--pop-state");
}

void variant_flags(const struct variant *v, const struct variant_paths *place, struct strv *compile,
                   struct strv *link)
{
    if (place->folder) {
        add_for_project(place, compile, link);
    }
    if (v->sanitize.n) {
        add_sanitizers(v, compile, link);
    }
    if (v->coverage && place->runtime) {
        // As -fprofile-instr-generate, which would look for the run-time library elsewhere.
        strv_add_list(compile, "-Xclang", "-fprofile-instrument=clang", "-Xclang",
                      "-fcoverage-mapping", NULL);
        strv_add(link, "-Wl,-u,__llvm_profile_runtime");
        strv_add(link, place->runtime);
    }
    if (v->lto) {
        strv_add(compile, "-flto=thin");
        strv_add(link, "-flto=thin");
    }
}

bool variant_is_optimised(const struct variant *v)
{
    return !v->debug && !v->coverage;
}

void variant_release(struct variant *v)
{
    strv_release(&v->sanitize);
    *v = (struct variant){0};
}
