// SPDX-License-Identifier: MIT
#include "target/core.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

enum {
    ENVIRONMENT_MAX = 1 << 18, // how far from the program's name it may be
    TEXT_MAX = 1 << 12,
    CURSIG = 12,        // in struct elf_prstatus for ARM: pr_cursig
    STACK_POINTER = 124 // and pr_reg[13]
};

struct file {
    int fd;
    Elf *elf;
    const char *data;
    size_t n;
};

bool core_is_name(const char *name)
{
    return str_starts(name, "qemu_") && str_ends(name, ".core");
}

// A piece of the file, or NULL where it does not reach so far.
static const void *piece(const struct file *f, uint64_t offset, uint64_t n)
{
    return offset <= f->n && n <= f->n - offset ? f->data + offset : NULL;
}

// The first note of this type.
static bool find_note(const struct file *f, uint32_t type, const char **desc, size_t *size)
{
    GElf_Phdr notes;
    GElf_Nhdr note;
    size_t name_at;
    size_t desc_at;

    if (!gelf_getphdr(f->elf, 0, &notes) || notes.p_type != PT_NOTE || notes.p_offset > f->n) {
        return false;
    }
    size_t n = notes.p_filesz < f->n - notes.p_offset ? notes.p_filesz : f->n - notes.p_offset;
    Elf_Data *data = elf_getdata_rawchunk(f->elf, (int64_t)notes.p_offset, n, ELF_T_NHDR);
    size_t at = 0;
    while (data && (at = gelf_getnote(data, at, &note, &name_at, &desc_at)) > 0) {
        if (note.n_type == type) {
            *desc = (const char *)data->d_buf + desc_at;
            *size = note.n_descsz;
            return true;
        }
    }
    return false;
}

static int read_signal(const struct file *f)
{
    const char *desc;
    size_t n;
    int16_t signal = 0;
    if (find_note(f, NT_PRSTATUS, &desc, &n) && n >= CURSIG + sizeof(signal)) {
        memcpy(&signal, desc + CURSIG, sizeof(signal));
    }
    return signal;
}

// What the kernel tells every program at its start, and QEMU us.
static uint32_t auxiliary(const struct file *f, uint32_t type)
{
    const char *desc;
    size_t n;
    if (!find_note(f, NT_AUXV, &desc, &n)) {
        return 0;
    }
    for (size_t i = 0; i + sizeof(Elf32_auxv_t) <= n; i += sizeof(Elf32_auxv_t)) {
        Elf32_auxv_t entry;
        memcpy(&entry, desc + i, sizeof(entry));
        if (entry.a_type == type) {
            return entry.a_un.a_val;
        }
    }
    return 0;
}

// The memory around an address, as far as one segment and the file have it.
static struct slice memory_around(const struct file *f, uint32_t address, size_t *at)
{
    GElf_Phdr s;
    for (int i = 1; gelf_getphdr(f->elf, i, &s); i++) {
        uint64_t end = s.p_vaddr + s.p_filesz;
        if (s.p_type != PT_LOAD || address < s.p_vaddr || address >= end) {
            continue;
        }
        uint64_t before = address - s.p_vaddr;
        before = before < ENVIRONMENT_MAX ? before : ENVIRONMENT_MAX;
        uint64_t after = end - address < ENVIRONMENT_MAX ? end - address : ENVIRONMENT_MAX;
        uint64_t offset = s.p_offset + (address - s.p_vaddr) - before;
        const char *p = piece(f, offset, before + after);
        *at = before;
        return (struct slice){p, p ? (size_t)(before + after) : 0};
    }
    return (struct slice){0};
}

// The value of a variable among NUL-terminated strings; the caller frees it. NULL: not there.
static char *find_variable(struct slice memory, const char *name)
{
    _cleanup_free_ char *wanted = xasprintf("%s=", name);
    size_t n = strlen(wanted);
    for (size_t i = 1; i + n < memory.n; i++) {
        const char *p = memory.p + i;
        if (p[-1] == '\0' && memcmp(p, wanted, n) == 0) {
            size_t rest = memory.n - i - n;
            return xstrndup(p + n, strnlen(p + n, rest < TEXT_MAX ? rest : TEXT_MAX));
        }
    }
    return NULL;
}

static void read_memory(const struct file *f, struct core *out)
{
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK"};
    size_t at = 0;
    struct slice memory = memory_around(f, auxiliary(f, AT_EXECFN), &at);

    if (memory.n == 0) {
        return;
    }
    out->program = xstrndup(memory.p + at, strnlen(memory.p + at, memory.n - at));
    out->run = find_variable(memory, "PISDK_RUN");
    for (size_t i = 0; i < ARRAY_SIZE(ranks) && out->rank < 0; i++) {
        _cleanup_free_ char *rank = find_variable(memory, ranks[i]);
        out->rank = rank ? (int)strtol(rank, NULL, 10) : -1;
    }
}

static void close_file(struct file *f)
{
    elf_end(f->elf);
    if (f->fd >= 0) {
        close(f->fd);
    }
}

// A 32-bit ARM ELF file; the caller closes it, also after this failed.
static int open_file(const char *path, struct file *out, struct err *err)
{
    struct stat st;
    GElf_Ehdr header;

    *out = (struct file){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (out->fd < 0 || fstat(out->fd, &st) != 0) {
        return err_sys(err, "cannot read %s", path);
    }
    elf_version(EV_CURRENT);
    out->elf = S_ISREG(st.st_mode) ? elf_begin(out->fd, ELF_C_READ_MMAP, NULL) : NULL;
    out->data = elf_rawfile(out->elf, &out->n);
    if (!out->data || gelf_getclass(out->elf) != ELFCLASS32 || !gelf_getehdr(out->elf, &header) ||
        header.e_machine != EM_ARM) {
        return err_set(err, ERR_FAILED, "%s is not an ELF file for ARM", path);
    }
    return 0;
}

int core_read(const char *path, struct core *out, struct err *err)
{
    _cleanup_(close_file) struct file f = {.fd = -1};
    GElf_Phdr notes;

    *out = (struct core){.rank = -1};
    if (open_file(path, &f, err) != 0) {
        return -1;
    }
    if (!gelf_getphdr(f.elf, 0, &notes) || notes.p_type != PT_NOTE) {
        return err_set(err, ERR_FAILED, "%s is not a core file", path);
    }
    out->signal = read_signal(&f);
    read_memory(&f, out);
    return 0;
}

static bool is_thumb_call(uint16_t first, uint16_t second)
{
    bool immediate = (first & 0xf800) == 0xf000 && (second & 0xc000) == 0xc000; // BL, BLX
    return immediate || (second & 0xff87) == 0x4780;                            // BLX register
}

static bool is_arm_call(uint32_t word)
{
    return ((word & 0x0f000000) == 0x0b000000 && word >> 28 != 0xf) || // BL
           (word & 0xfe000000) == 0xfa000000 ||                        // BLX
           (word & 0x0ffffff0) == 0x012fff30;                          // BLX register
}

// Is the instruction before `address` a call? `program` was loaded at `base`.
static bool follows_call(const struct file *program, uint32_t base, uint32_t address)
{
    const bool thumb = address & 1;
    const uint32_t at = (address & ~UINT32_C(1)) - base;
    GElf_Phdr s;

    for (int i = 0; gelf_getphdr(program->elf, i, &s); i++) {
        const void *code = NULL;
        uint16_t halves[2];
        uint32_t word;
        if (s.p_type == PT_LOAD && (s.p_flags & PF_X) && at >= s.p_vaddr + sizeof(word) &&
            at < s.p_vaddr + s.p_filesz) {
            code = piece(program, s.p_offset + at - s.p_vaddr - sizeof(word), sizeof(word));
        }
        if (code) {
            memcpy(&word, code, sizeof(word));
            memcpy(halves, code, sizeof(halves));
            return thumb ? is_thumb_call(halves[0], halves[1]) : at % 4 == 0 && is_arm_call(word);
        }
    }
    return false;
}

size_t core_find_calls(const char *path, const char *program, uint32_t *addresses, size_t max)
{
    _cleanup_(close_file) struct file core = {.fd = -1};
    _cleanup_(close_file) struct file code = {.fd = -1};
    struct err ignored = ERR_INIT;
    const char *desc;
    size_t size;
    size_t at = 0;
    size_t n = 0;
    uint32_t sp;
    GElf_Ehdr header;

    if (open_file(path, &core, &ignored) != 0 || open_file(program, &code, &ignored) != 0 ||
        !gelf_getehdr(code.elf, &header) || !find_note(&core, NT_PRSTATUS, &desc, &size) ||
        size < STACK_POINTER + sizeof(sp)) {
        return 0;
    }
    memcpy(&sp, desc + STACK_POINTER, sizeof(sp));
    uint32_t base = auxiliary(&core, AT_ENTRY) - (uint32_t)header.e_entry;
    struct slice stack = memory_around(&core, sp, &at);
    for (size_t i = at; i + sizeof(uint32_t) <= stack.n && n < max; i += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, stack.p + i, sizeof(word));
        if (follows_call(&code, base, word)) {
            addresses[n++] = word;
        }
    }
    return n;
}

void core_release(struct core *c)
{
    free(c->program);
    free(c->run);
    *c = (struct core){.rank = -1};
}
