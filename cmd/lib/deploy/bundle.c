// SPDX-License-Identifier: MIT
#include "deploy/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "deploy/pack.h"
#include "deploy/runtime.h"

enum {
    SCRIPT_MAX = 1 << 18,
    ARCHIVE_MAX = 1 << 30,
    HEADER = 4096, // where an installer says what it is
    KB = 1024,
    BLOCK_KB = 4,
    NUMBER = 10
};

// Where programs of the sysroot are that a release brings along.
static const char programs[] = RUNTIME_FOLDER "/bin/";

static void add_links(struct payload *r)
{
    size_t n = r->n;
    for (size_t i = 0; i < n; i++) {
        const char *path = r->items[i].path;
        if (r->items[i].kind == PAYLOAD_FOLDER || !str_starts(path, programs)) {
            continue;
        }
        const char *name = path + strlen(programs);
        _cleanup_free_ char *link = xasprintf("bin/%s", name);
        _cleanup_free_ char *target = xasprintf("../%s", path);
        if (!payload_find(r, link)) {
            payload_add_link(r, link, target);
        }
    }
}

static int read_file(const char *folder, const char *name, struct strbuf *out, struct err *err)
{
    _cleanup_free_ char *path = fs_join(folder, name);
    return fs_read_file(path, SCRIPT_MAX, out, err);
}

// The text of one of the scripts, with what they have in common. NULL when it cannot be read.
static char *read_script(const char *folder, const char *file, const char *name, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf common = {0};
    if (read_file(folder, file, &text, err) != 0 ||
        read_file(folder, "common.sh", &common, err) != 0) {
        return NULL;
    }
    const struct str_pair pairs[] = {{"@NAME@", name}, {"@COMMON@", common.data}};
    return str_expand(text.data, pairs, ARRAY_SIZE(pairs));
}

// A script of the project that is run by an interpreter of the release, under the project's name.
static int add_command(struct payload *r, const struct bundle_names *names, struct err *err)
{
    const char *program = names->program ? names->program : "";
    const char *interpreter = str_ends(program, ".py")  ? "python3"
                              : str_ends(program, ".R") ? "Rscript"
                                                        : "";
    _cleanup_free_ char *runs = xasprintf(RUNTIME_FOLDER "/bin/%s", interpreter);
    _cleanup_free_ char *path = fs_join("bin", names->name);
    if (!payload_find(r, runs) || !payload_find(r, program) || payload_find(r, path)) {
        return 0;
    }
    _cleanup_free_ char *quoted = str_quoted(program);
    _cleanup_free_ char *script =
        xasprintf("#!/bin/sh\n"
                  "# Starts the program of the project with the interpreter of this release.\n"
                  "pisdk_release=$(readlink -f \"$0\") || exit 127\n"
                  "pisdk_release=${pisdk_release%%/%s}\n"
                  "exec \"$pisdk_release/%s\" \"$pisdk_release\"/%s \"$@\"\n",
                  path, runs, quoted);
    return payload_add_text(r, names->work, path, script, true, err);
}

int bundle_complete(struct payload *r, const struct bundle_names *names, struct err *err)
{
    _cleanup_free_ char *env = read_script(names->scripts, "env.sh", names->name, err);
    _cleanup_free_ char *wheel = fs_join(names->scripts, "wheel.py");
    if (!env || payload_add_text(r, names->work, "bin/pisdk-env", env, true, err) != 0) {
        return -1;
    }
    add_links(r);
    if (add_command(r, names, err) != 0) {
        return -1;
    }
    return payload_find(r, RUNTIME_PYTHON)
               ? payload_add(r, names->scripts, wheel, "share/pisdk-wheel.py", err)
               : 0;
}

// What is around the release in the archive, so that the installer has nothing to make.
static int lay_out(const struct bundle *b, const char *place, struct err *err)
{
    _cleanup_free_ char *current = fs_join(place, "current");
    _cleanup_free_ char *bin = fs_join(place, "bin");
    _cleanup_free_ char *uninstall = fs_join(place, "uninstall");
    _cleanup_free_ char *target = xasprintf("releases/%s", b->release->id);
    _cleanup_free_ char *script = read_script(b->names.scripts, "uninstall.sh", b->names.name, err);

    if (!script || fs_mkdir_all(place, 0755, err) != 0) {
        return -1;
    }
    if (symlink(target, current) != 0 || symlink("current/bin", bin) != 0) {
        return err_sys(err, "cannot create links in %s", place);
    }
    return fs_write_file(uninstall, script, strlen(script), 0755, err);
}

// In parts that are packed side by side; gunzip takes them for one. How many they are does not
// depend on the machine, so that the bytes do not.
static int archive(const struct bundle *b, const char *place, const char *file, struct err *err)
{
    static const char script[] =
        "set -e\n"
        "common='--format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@315532800 "
        "--mode=u+w,go-w'\n"
        "tar -c $common -C \"$1\" -f \"$4.tar\" bin current uninstall\n"
        "tar -r $common -C \"$2\" -f \"$4.tar\" "
        "--transform=\"s|^\\./|releases/$3/|;s|^\\.$|releases/$3|\" "
        ".\n"
        "split -n 8 -d -a 1 \"$4.tar\" \"$4.part\"\n"
        "jobs=\n"
        "for part in \"$4\".part?; do gzip -9n \"$part\" & jobs=\"$jobs $!\"; done\n"
        "for job in $jobs; do wait \"$job\"; done\n"
        "cat \"$4\".part?.gz >\"$4\"\n";
    _cleanup_free_ char *kept = fs_join(b->dir, b->release->id);
    _cleanup_strv_ struct strv argv = {0};
    strv_add_list(&argv, "sh", "-c", script, "sh", place, kept, b->release->id, file, NULL);
    return pack_run_tool(&argv, err);
}

// The numbers in it have always as many characters, so that its own length can be among them.
static int make_installer(const struct bundle *b, size_t archive_size, struct strbuf *out,
                          struct err *err)
{
    const struct payload *r = b->release;
    _cleanup_free_ char *text = read_script(b->names.scripts, "install.sh", b->names.name, err);
    if (!text) {
        return -1;
    }
    _cleanup_free_ char *bytes = xasprintf("%*zu", NUMBER, archive_size);
    _cleanup_free_ char *kb = xasprintf("%*zu", NUMBER, (size_t)(r->size / KB) + r->n * BLOCK_KB);
    _cleanup_free_ char *length = xasprintf("%*d", NUMBER, 0);
    for (int pass = 0; pass < 2; pass++) {
        const struct str_pair pairs[] = {
            {"@ID@", r->id}, {"@SCRIPT@", length}, {"@ARCHIVE@", bytes}, {"@INSTALLED@", kb}};
        char *done = str_expand(text, pairs, ARRAY_SIZE(pairs));
        out->len = 0;
        strbuf_adds(out, done);
        free(done);
        free(length);
        length = xasprintf("%*zu", NUMBER, out->len);
    }
    return 0;
}

int bundle_write(const struct bundle *b, const char *file, struct bundle_made *out, struct err *err)
{
    _cleanup_free_ char *place = fs_join(b->names.work, "bundle");
    _cleanup_free_ char *packed = fs_join(b->names.work, "bundle.gz");
    _cleanup_strbuf_ struct strbuf content = {0};
    _cleanup_strbuf_ struct strbuf whole = {0};
    char sha256[HASH_HEX + 1];

    if (payload_keep(b->release, b->dir, err) != 0 || lay_out(b, place, err) != 0 ||
        archive(b, place, packed, err) != 0 ||
        fs_read_file(packed, ARCHIVE_MAX, &content, err) != 0 ||
        make_installer(b, content.len, &whole, err) != 0) {
        return -1;
    }
    strbuf_add(&whole, content.data, content.len);
    hash_bytes(whole.data, whole.len, sha256);
    strbuf_addf(&whole, "%s\n", sha256);
    out->size = whole.len;
    hash_bytes(whole.data, whole.len, out->sha256);
    return fs_write_file(file, whole.data, whole.len, 0755, err);
}

// --- Reading one ---------------------------------------------------------------------------------

static bool read_number(const char *text, const char *before, size_t *out)
{
    const char *at = strstr(text, before);
    char *end = NULL;
    if (!at) {
        return false;
    }
    *out = strtoull(at + strlen(before), &end, 10);
    return str_starts(end, "))");
}

bool bundle_header_read(const char *data, size_t n, struct bundle_header *out)
{
    _cleanup_free_ char *text = n ? xstrndup(data, n < HEADER ? n : HEADER) : xstrdup("");
    const char *id = strstr(text, "' id=");
    if (!str_starts(text, "#!/bin/sh\n") || !id ||
        !read_number(text, "\nscript_bytes=$((", &out->script) ||
        !read_number(text, " archive_bytes=$((", &out->archive)) {
        return false;
    }
    snprintf(out->id, sizeof(out->id), "%s", id + strlen("' id="));
    return payload_id_is_valid(out->id) && out->script < n && out->archive < n - out->script &&
           n == out->script + out->archive + HASH_HEX + 1;
}

static int unpack(const struct strbuf *whole, const struct bundle_header *h, const char *place,
                  struct err *err)
{
    _cleanup_free_ char *packed = xasprintf("%s.gz", place);
    _cleanup_strv_ struct strv argv = {0};
    if (fs_mkdir_all(place, 0700, err) != 0 ||
        fs_write_file(packed, whole->data + h->script, h->archive, 0600, err) != 0) {
        return -1;
    }
    strv_add_list(&argv, "tar", "-x", "-z", "-f", packed, "-C", place, NULL);
    return pack_run_tool(&argv, err);
}

int bundle_read(const char *file, const char *work, struct payload *r, char id[PAYLOAD_ID + 1],
                struct err *err)
{
    _cleanup_strbuf_ struct strbuf whole = {0};
    _cleanup_strv_ struct strv names = {0};
    _cleanup_free_ char *place = fs_join(work, "unpacked");
    struct bundle_header h;
    char sha256[HASH_HEX + 1];

    if (fs_read_file(file, ARCHIVE_MAX, &whole, err) != 0) {
        return -1;
    }
    if (!bundle_header_read(whole.data, whole.len, &h)) {
        err_set(err, ERR_VERIFY, "%s is not a bundle, or not all of one", file);
        return err_hint(err, "`pisdk bundle` makes them");
    }
    hash_bytes(whole.data, whole.len - HASH_HEX - 1, sha256);
    if (memcmp(sha256, whole.data + whole.len - HASH_HEX - 1, HASH_HEX) != 0) {
        return err_set(err, ERR_VERIFY, "%s is damaged: its SHA-256 is another", file);
    }
    _cleanup_free_ char *release = xasprintf("%s/releases/%s", place, h.id);
    if (unpack(&whole, &h, place, err) != 0 || fs_list_dir(release, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(release, names.items[i]);
        if (strcmp(names.items[i], PAYLOAD_MANIFEST) != 0 &&
            payload_add(r, release, path, names.items[i], err) != 0) {
            return -1;
        }
    }
    memcpy(id, h.id, sizeof(h.id));
    return 0;
}
