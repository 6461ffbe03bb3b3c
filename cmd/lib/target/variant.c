#include "target/variant.h"

#include <string.h>

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
            err_set(err, ERR_USAGE, "there is no sanitizer `%.*s` for the boards", (int)word.n,
                    word.p);
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

bool variant_needs_runtime(const struct variant *v)
{
    return v->coverage || v->sanitize.n > 0;
}

char *variant_source_place(const char *name)
{
    return xasprintf("/usr/src/%s", name);
}

static void add_for_project(const char *folder, const char *name, struct strv *compile,
                            struct strv *link)
{
    _cleanup_free_ char *place = variant_source_place(name);
    // Messages (__FILE__) name files from the project's folder on; debuggers need a whole path.
    strv_addf(compile, "-fdebug-prefix-map=%s=%s", folder, place);
    strv_addf(compile, "-fmacro-prefix-map=%s/=", folder);
    strv_add(compile, "-g");
    strv_add(link, "-Wl,--build-id=sha1");
}

void variant_flags(const struct variant *v, const char *folder, const char *name,
                   struct strv *compile, struct strv *link)
{
    if (folder) {
        add_for_project(folder, name, compile, link);
    }
    if (v->sanitize.n) {
        _cleanup_free_ char *names = strv_join(&v->sanitize, ",");
        strv_addf(compile, "-fsanitize=%s", names);
        strv_addf(link, "-fsanitize=%s", names);
        strv_add_list(compile, "-fno-omit-frame-pointer", "-fno-sanitize-recover=undefined", NULL);
    }
    if (v->coverage) {
        strv_add_list(compile, "-fprofile-instr-generate", "-fcoverage-mapping", NULL);
        strv_add(link, "-fprofile-instr-generate");
    }
    if (v->lto) {
        strv_add(compile, "-flto=thin");
        strv_add(link, "-flto=thin");
    }
}

char *variant_optimisation(const struct variant *v)
{
    return xstrdup(v->debug || v->coverage ? "-O0" : "-O2");
}

void variant_release(struct variant *v)
{
    strv_release(&v->sanitize);
    *v = (struct variant){0};
}
