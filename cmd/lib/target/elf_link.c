// SPDX-License-Identifier: MIT
#include "target/elf_link.h"

#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

enum {
    SYMBOLS_MAX = 1 << 22,           // of one file; the largest programs have a twentieth of that
    SECTION_ATTRIBUTES = 0x70000003, // SHT_ARM_ATTRIBUTES
    VERSIONS_MAX = 1 << 12,          // wanted by one file
    VERSION_MASK = 0x7fff,           // the upper bit of .gnu.version says that a symbol is hidden
};

static int damaged(struct err *err)
{
    const char *why = elf_errmsg(-1);
    return err_set(err, ERR_VERIFY, "damaged ELF file: %s", why ? why : "inconsistent headers");
}

// --- Sections ------------------------------------------------------------------------------------

struct section {
    GElf_Shdr header;
    Elf_Data *data;
};

// The first section of this type; false when there is none.
static bool find_section(Elf *elf, GElf_Word type, struct section *out)
{
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        if (gelf_getshdr(scn, &out->header) && out->header.sh_type == type) {
            out->data = elf_getdata(scn, NULL);
            return out->data != NULL;
        }
    }
    return false;
}

static bool has_debug(Elf *elf)
{
    size_t names;
    if (elf_getshdrstrndx(elf, &names) != 0) {
        return false;
    }
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        GElf_Shdr header;
        const char *name =
            gelf_getshdr(scn, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (name && strcmp(name, ".debug_info") == 0) {
            return true;
        }
    }
    return false;
}

static int read_needs(Elf *elf, struct arm_needs *out, struct err *err)
{
    struct section attributes;
    *out = (struct arm_needs){0};
    if (!find_section(elf, SECTION_ATTRIBUTES, &attributes)) {
        return 0;
    }
    return arm_parse_needs(attributes.data->d_buf, attributes.data->d_size, out, err);
}

static size_t count_symbols(const struct section *table)
{
    size_t size = table->header.sh_entsize;
    size_t n = size ? table->data->d_size / size : 0;
    return n < SYMBOLS_MAX ? n : SYMBOLS_MAX;
}

// The name of an undefined symbol; NULL for another one.
static const char *undefined_name(Elf *elf, const struct section *table, size_t i)
{
    GElf_Sym sym;
    if (!gelf_getsym(table->data, (int)i, &sym) || sym.st_shndx != SHN_UNDEF || !sym.st_name) {
        return NULL;
    }
    return elf_strptr(elf, table->header.sh_link, sym.st_name);
}

// --- Versions ------------------------------------------------------------------------------------

// One step from an entry of .gnu.version_r to the next. False at the end, and outside of the file.
static bool advance(int *offset, GElf_Word step)
{
    if (step == 0 || step > (GElf_Word)(INT_MAX - *offset)) {
        return false;
    }
    *offset += (int)step;
    return true;
}

static const char *version_of_library(Elf *elf, const struct section *wanted, int at,
                                      GElf_Versym number)
{
    GElf_Vernaux aux;
    while (gelf_getvernaux(wanted->data, at, &aux)) {
        if (aux.vna_other == number) {
            return elf_strptr(elf, wanted->header.sh_link, aux.vna_name);
        }
        if (!advance(&at, aux.vna_next)) {
            break;
        }
    }
    return NULL;
}

// The name of the version with this number, from .gnu.version_r. NULL when it has none.
static const char *version_name(Elf *elf, const struct section *wanted, GElf_Versym number)
{
    int offset = 0;
    GElf_Verneed need;
    while (gelf_getverneed(wanted->data, offset, &need)) {
        int at = offset;
        const char *found =
            advance(&at, need.vn_aux) ? version_of_library(elf, wanted, at, number) : NULL;
        if (found || !advance(&offset, need.vn_next)) {
            return found;
        }
    }
    return NULL;
}

static void add_import(struct elf_linked *out, const char *symbol, const char *version)
{
    VEC_GROW(out->imports, out->n_imports);
    out->imports[out->n_imports++] = (struct elf_import){xstrdup(symbol), xstrdup(version)};
}

static void read_imports(Elf *elf, struct elf_linked *out)
{
    struct section symbols;
    struct section versions;
    struct section wanted;
    if (!find_section(elf, SHT_DYNSYM, &symbols) || !find_section(elf, SHT_GNU_versym, &versions) ||
        !find_section(elf, SHT_GNU_verneed, &wanted)) {
        return;
    }
    size_t n = count_symbols(&symbols);
    for (size_t i = 1; i < n; i++) {
        GElf_Versym number;
        const char *name = undefined_name(elf, &symbols, i);
        if (!name || !gelf_getversym(versions.data, (int)i, &number)) {
            continue;
        }
        const char *version = version_name(elf, &wanted, number & VERSION_MASK);
        if (version) {
            add_import(out, name, version);
        }
    }
}

static int add_version(struct elf_linked *out, const char *library, const char *version,
                       struct err *err)
{
    if (!library || !version || out->n_versions >= VERSIONS_MAX) {
        return err_set(err, ERR_VERIFY, "damaged ELF file: bad versions of libraries");
    }
    VEC_GROW(out->versions, out->n_versions);
    out->versions[out->n_versions++] =
        (struct elf_version_need){xstrdup(library), xstrdup(version)};
    return 0;
}

// The entry at `offset` of .gnu.version_r: a library, and the versions that are wanted of it.
static int read_version_need(Elf *elf, const struct section *wanted, int offset,
                             const GElf_Verneed *need, struct elf_linked *out, struct err *err)
{
    const char *library = elf_strptr(elf, wanted->header.sh_link, need->vn_file);
    GElf_Vernaux aux;
    bool more = advance(&offset, need->vn_aux);
    while (more && gelf_getvernaux(wanted->data, offset, &aux)) {
        // The loader does without a weak one.
        const char *version = elf_strptr(elf, wanted->header.sh_link, aux.vna_name);
        if (!(aux.vna_flags & VER_FLG_WEAK) && add_version(out, library, version, err) != 0) {
            return -1;
        }
        more = advance(&offset, aux.vna_next);
    }
    return 0;
}

static int read_version_needs(Elf *elf, struct elf_linked *out, struct err *err)
{
    struct section wanted;
    GElf_Verneed need;
    int offset = 0;
    bool more = find_section(elf, SHT_GNU_verneed, &wanted);
    while (more && gelf_getverneed(wanted.data, offset, &need)) {
        if (read_version_need(elf, &wanted, offset, &need, out, err) != 0) {
            return -1;
        }
        more = advance(&offset, need.vn_next);
    }
    return 0;
}

static bool is_arm(Elf *elf)
{
    GElf_Ehdr header;
    return elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) && header.e_machine == EM_ARM &&
           gelf_getclass(elf) == ELFCLASS32;
}

// Opens the file; `fd` and the handle are the caller's to close.
static Elf *open_elf(const char *path, int *fd, struct err *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) {
        err_sys(err, "cannot open %s", path);
        return NULL;
    }
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(*fd, ELF_C_READ_MMAP, NULL);
    if (!elf) {
        damaged(err);
        err_wrap(err, "%s", path);
    }
    return elf;
}

int elf_read_linked(const char *path, struct elf_linked *out, struct err *err)
{
    _cleanup_close_ int fd = -1;
    Elf *elf = open_elf(path, &fd, err);

    *out = (struct elf_linked){0};
    if (!elf) {
        return -1;
    }
    int r = 0;
    if (is_arm(elf)) {
        read_imports(elf, out);
        out->has_debug = has_debug(elf);
        r = read_version_needs(elf, out, err) != 0 || read_needs(elf, &out->needs, err) != 0
                ? err_wrap(err, "%s", path)
                : 0;
    }
    elf_end(elf);
    if (r != 0) {
        elf_linked_release(out);
    }
    return r;
}

void elf_linked_release(struct elf_linked *l)
{
    for (size_t i = 0; i < l->n_imports; i++) {
        free(l->imports[i].symbol);
        free(l->imports[i].version);
    }
    free(l->imports);
    for (size_t i = 0; i < l->n_versions; i++) {
        free(l->versions[i].library);
        free(l->versions[i].version);
    }
    free(l->versions);
    *l = (struct elf_linked){0};
}

// The note's description, see https://sourceware.org/elfutils: name "GNU", type NT_GNU_BUILD_ID.
static char *find_build_id(Elf *elf)
{
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        GElf_Shdr header;
        GElf_Nhdr note;
        size_t name;
        size_t bytes;
        Elf_Data *data = gelf_getshdr(scn, &header) && header.sh_type == SHT_NOTE
                             ? elf_getdata(scn, NULL)
                             : NULL;
        if (!data || !gelf_getnote(data, 0, &note, &name, &bytes) ||
            note.n_type != NT_GNU_BUILD_ID || note.n_descsz < 2) {
            continue;
        }
        struct strbuf hex = {0};
        for (size_t i = 0; i < note.n_descsz; i++) {
            strbuf_addf(&hex, "%02x", ((unsigned char *)data->d_buf)[bytes + i]);
        }
        return strbuf_take(&hex);
    }
    return NULL;
}

int elf_build_id(const char *path, char **id, struct err *err)
{
    _cleanup_close_ int fd = -1;
    Elf *elf = open_elf(path, &fd, err);
    *id = NULL;
    if (!elf) {
        return -1;
    }
    *id = elf_kind(elf) == ELF_K_ELF ? find_build_id(elf) : NULL;
    elf_end(elf);
    return 0;
}

// --- Objects -------------------------------------------------------------------------------------

static void read_undefined(Elf *elf, struct strv *out)
{
    struct section symbols;
    if (!find_section(elf, SHT_SYMTAB, &symbols)) {
        return;
    }
    size_t n = count_symbols(&symbols);
    for (size_t i = 1; i < n; i++) {
        const char *name = undefined_name(elf, &symbols, i);
        if (name) {
            strv_add(out, name);
        }
    }
}

static int read_object(Elf *elf, const char *name, const struct elf_object_reader *reader,
                       struct err *err)
{
    struct elf_object object = {0};
    GElf_Ehdr header;
    // A shared library has code for newer processors, and chooses when it runs.
    if (!is_arm(elf) || !gelf_getehdr(elf, &header) || header.e_type != ET_REL ||
        (reader->wants && !reader->wants(reader->user, name))) {
        return 0;
    }
    if (read_needs(elf, &object.needs, err) != 0) {
        return err_wrap(err, "%s", name);
    }
    if (reader->symbols) {
        read_undefined(elf, &object.undefined);
    }
    reader->on_object(reader->user, name, &object);
    strv_release(&object.undefined);
    return 0;
}

static int read_archive(int fd, Elf *archive, const char *path,
                        const struct elf_object_reader *reader, struct err *err)
{
    Elf_Cmd command = ELF_C_READ_MMAP;
    Elf *elf;
    while ((elf = elf_begin(fd, command, archive)) != NULL) {
        const Elf_Arhdr *header = elf_getarhdr(elf);
        int r = 0;
        if (header && header->ar_name && elf_kind(elf) == ELF_K_ELF) {
            _cleanup_free_ char *name = xasprintf("%s(%s)", path, header->ar_name);
            r = read_object(elf, name, reader, err);
        }
        command = elf_next(elf);
        elf_end(elf);
        if (r != 0) {
            return -1;
        }
    }
    return 0;
}

int elf_read_objects(const char *path, const struct elf_object_reader *reader, struct err *err)
{
    _cleanup_close_ int fd = -1;
    Elf *elf = open_elf(path, &fd, err);
    if (!elf) {
        return -1;
    }
    int r = elf_kind(elf) == ELF_K_AR ? read_archive(fd, elf, path, reader, err)
                                      : read_object(elf, path, reader, err);
    elf_end(elf);
    return r;
}

// --- The C library's versions --------------------------------------------------------------------

static bool read_version(const char *text, long *major, long *minor)
{
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    *major = strtol(text, &end, 10);
    if (*end != '.' || end[1] < '0' || end[1] > '9') {
        return false;
    }
    *minor = strtol(end + 1, &end, 10);
    return *end == '\0' || *end == '.';
}

bool elf_is_glibc_version(const char *text)
{
    long major;
    long minor;
    size_t digits = strspn(text, "0123456789.");
    return read_version(text, &major, &minor) && text[digits] == '\0' && major < 100 &&
           minor < 1000;
}

bool elf_version_exceeds(const char *version, const char *floor)
{
    static const char prefix[] = "GLIBC_";
    long have[2];
    long most[2];
    if (!str_starts(version, prefix) || !read_version(floor, &most[0], &most[1])) {
        return false;
    }
    const char *number = version + strlen(prefix);
    if (strcmp(number, "ABI_DT_RELR") == 0) {
        number = "2.36"; // https://sourceware.org/glibc/wiki/Release/2.36
    }
    if (!read_version(number, &have[0], &have[1])) {
        return false;
    }
    return have[0] != most[0] ? have[0] > most[0] : have[1] > most[1];
}
