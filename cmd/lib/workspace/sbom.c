// SPDX-License-Identifier: MIT
#include "workspace/sbom.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/printable.h"
#include "sysroot/native.h"

enum { COPYRIGHT_MAX = 4 << 20 };

#define NO_ASSERTION "NOASSERTION"

struct sbom {
    const struct sbom_subject *s;
    json_t *packages, *relationships, *licences;
    struct strv sources;  // source packages that are in it already
    struct strv licensed; // packages whose licence is
};

// An identifier may have letters, digits, "." and "-" only: others become their code.
static char *spdx_id(const char *kind, const char *name)
{
    struct strbuf b = {0};
    strbuf_addf(&b, "%s-", kind);
    for (const char *p = name; *p; p++) {
        if (isalnum((unsigned char)*p) || *p == '.' || *p == '-') {
            strbuf_add(&b, p, 1);
        } else {
            strbuf_addf(&b, "-%02x", (unsigned char)*p);
        }
    }
    return strbuf_take(&b);
}

static void set_text(json_t *object, const char *key, const char *value)
{
    _cleanup_free_ char *valid = printable(value, PRINTABLE_UTF8);
    json_object_set_new(object, key, json_string(valid));
}

static void relate(struct sbom *b, const char *from, const char *how, const char *to)
{
    json_t *r = json_object();
    set_text(r, "spdxElementId", from);
    set_text(r, "relationshipType", how);
    set_text(r, "relatedSpdxElement", to);
    json_array_append_new(b->relationships, r);
}

static json_t *new_package(struct sbom *b, const char *id, const char *name, const char *version)
{
    json_t *p = json_object();
    set_text(p, "SPDXID", id);
    set_text(p, "name", name);
    set_text(p, "versionInfo", version);
    set_text(p, "downloadLocation", NO_ASSERTION);
    set_text(p, "licenseConcluded", NO_ASSERTION);
    set_text(p, "copyrightText", NO_ASSERTION);
    json_object_set_new(p, "filesAnalyzed", json_false());
    json_array_append_new(b->packages, p);
    return p;
}

static void add_checksum(json_t *package, const char *sha256)
{
    json_t *sum = json_object();
    json_t *list = json_array();
    set_text(sum, "algorithm", "SHA256");
    set_text(sum, "checksumValue", sha256);
    json_array_append_new(list, sum);
    json_object_set_new(package, "checksums", list);
}

// Anything but plain letters of a package URL is percent-encoded.
static void add_encoded(struct strbuf *b, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (isalnum((unsigned char)*p) || strchr(".-_~", *p)) {
            strbuf_add(b, p, 1);
        } else {
            strbuf_addf(b, "%%%02X", (unsigned char)*p);
        }
    }
}

// pkg:deb/debian/NAME@VERSION?arch=ARCH, https://github.com/package-url/purl-spec
static void add_package_url(json_t *package, const struct package *p)
{
    _cleanup_strbuf_ struct strbuf url = {0};
    json_t *ref = json_object();
    json_t *list = json_array();

    strbuf_adds(&url, "pkg:deb/debian/");
    add_encoded(&url, p->name);
    strbuf_adds(&url, "@");
    add_encoded(&url, p->version);
    strbuf_addf(&url, "?arch=%s", p->arch);
    set_text(ref, "referenceCategory", "PACKAGE-MANAGER");
    set_text(ref, "referenceType", "purl");
    set_text(ref, "referenceLocator", url.data);
    json_array_append_new(list, ref);
    json_object_set_new(package, "externalRefs", list);
}

// The package's copyright file, as a licence of its own: Debian's files name theirs in many ways.
static void add_licence(struct sbom *b, json_t *package, const char *root, const char *name)
{
    _cleanup_free_ char *path = xasprintf("usr/share/doc/%s/copyright", name);
    _cleanup_free_ char *file = fs_join(root, path);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;

    if (fs_read_file(file, COPYRIGHT_MAX, &text, &ignored) != 0 || text.len == 0) {
        set_text(package, "licenseDeclared", NO_ASSERTION);
        return;
    }
    _cleanup_free_ char *id = spdx_id("LicenseRef", name);
    set_text(package, "licenseDeclared", id);
    if (strv_has(&b->licensed, name)) {
        return;
    }
    strv_add(&b->licensed, name);
    json_t *licence = json_object();
    set_text(licence, "licenseId", id);
    set_text(licence, "name", path);
    set_text(licence, "extractedText", text.data);
    json_array_append_new(b->licences, licence);
}

// The source package, "glibc (2.36-9)", once for all that were built from it.
static void add_source(struct sbom *b, const char *id, const char *source)
{
    const char *open = strchr(source, '(');
    if (!open) {
        return;
    }
    _cleanup_free_ char *name =
        slice_dup(slice_trim((struct slice){source, (size_t)(open - source)}));
    _cleanup_free_ char *version = xstrndup(open + 1, strcspn(open + 1, ")"));
    _cleanup_free_ char *both = xasprintf("%s-%s", name, version);
    _cleanup_free_ char *source_id = spdx_id("SPDXRef-Source", both);

    if (!strv_has(&b->sources, source)) {
        strv_add(&b->sources, source);
        json_t *p = new_package(b, source_id, name, version);
        set_text(p, "licenseDeclared", NO_ASSERTION);
        set_text(p, "primaryPackagePurpose", "SOURCE");
    }
    relate(b, id, "GENERATED_FROM", source_id);
}

// `root` has its copyright file. A package that several architectures have is known by its own.
static void add_package(struct sbom *b, const char *subject, const char *root, const char *arch,
                        const struct package *p)
{
    _cleanup_free_ char *name = arch ? xasprintf("%s-%s", p->name, arch) : xstrdup(p->name);
    _cleanup_free_ char *id = spdx_id("SPDXRef-Package", name);
    json_t *package = new_package(b, id, p->name, p->version);

    if (p->kind == PACKAGE_DEB) {
        add_checksum(package, p->files[0].sha256);
        set_text(package, "packageFileName", p->files[0].filename);
    } else if (p->kind == PACKAGE_COPIED) {
        set_text(package, "sourceInfo", "copied from a board; the mirror does not have it");
    } else {
        _cleanup_free_ char *how = xasprintf("built with %s", p->built_with ? p->built_with : "?");
        set_text(package, "sourceInfo", how);
    }
    add_package_url(package, p);
    add_licence(b, package, root, p->name);
    if (p->source) {
        add_source(b, id, p->source);
    }
    relate(b, subject, "CONTAINS", id);
}

static json_t *creation_info(int64_t created)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH"); // for reproducible documents
    time_t now = epoch ? (time_t)strtoll(epoch, NULL, 10) : created ? created : time(NULL);
    json_t *info = json_object();
    json_t *creators = json_array();
    char text[32] = "";
    struct tm tm;

    if (gmtime_r(&now, &tm)) {
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    set_text(info, "created", text);
    json_array_append_new(creators, json_string("Tool: pisdk-" PISDK_VERSION));
    json_object_set_new(info, "creators", creators);
    return info;
}

static json_t *make_document(struct sbom *b)
{
    const struct sbom_subject *s = b->s;
    json_t *document = json_object();
    _cleanup_free_ char *id = xasprintf("SPDXRef-%s", s->kind);

    set_text(document, "spdxVersion", "SPDX-2.3");
    set_text(document, "dataLicense", "CC0-1.0");
    set_text(document, "SPDXID", "SPDXRef-DOCUMENT");
    set_text(document, "name", s->name);
    set_text(document, "documentNamespace", s->space);
    json_object_set_new(document, "creationInfo", creation_info(s->created));
    json_t *subject = new_package(b, id, s->name, s->version);
    set_text(subject, "licenseDeclared", NO_ASSERTION);
    set_text(subject, "description", s->description);
    relate(b, "SPDXRef-DOCUMENT", "DESCRIBES", id);
    for (size_t i = 0; i < s->packages->n; i++) {
        if (!s->is_in || s->is_in[i]) {
            add_package(b, id, s->root, NULL, &s->packages->items[i]);
        }
    }
    for (size_t i = 0; i < s->n_natives; i++) {
        const struct lock_native *n = &s->natives[i];
        _cleanup_free_ char *root = xasprintf("%s/" NATIVE_IN_ROOT "/%s", s->root, n->arch);
        for (size_t k = 0; k < n->packages.n; k++) {
            add_package(b, id, root, n->arch, &n->packages.items[k]);
        }
    }
    json_object_set_new(document, "packages", b->packages);
    json_object_set_new(document, "relationships", b->relationships);
    json_object_set_new(document, "hasExtractedLicensingInfos", b->licences);
    return document;
}

void sbom_format(const struct sbom_subject *s, struct strbuf *out)
{
    struct sbom b = {s, json_array(), json_array(), json_array(), {0}, {0}};
    json_t *document = make_document(&b);
    char *text = json_dumps(document, JSON_INDENT(2));
    strbuf_addf(out, "%s\n", text ? text : "");
    free(text);
    json_decref(document);
    strv_release(&b.sources);
    strv_release(&b.licensed);
}
