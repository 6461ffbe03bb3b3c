#include "target/core.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/str.h"

enum {
    NOTES_MAX = 256,
    ENVIRONMENT_MAX = 1 << 18, // how far from the program's name it may be
    TEXT_MAX = 1 << 12,
    CURSIG = 12,         // in struct elf_prstatus for ARM: pr_cursig
    STACK_POINTER = 124, // and pr_reg[13]
    NOTE_ALIGNMENT = 4
};

struct file {
    unsigned char *data;
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

static bool segment(const struct file *f, size_t i, Elf32_Phdr *out)
{
    Elf32_Ehdr header;
    if (!f->data) {
        return false;
    }
    memcpy(&header, f->data, sizeof(header));
    const void *p = i < header.e_phnum
                        ? piece(f, header.e_phoff + (uint64_t)i * sizeof(*out), sizeof(*out))
                        : NULL;
    if (p) {
        memcpy(out, p, sizeof(*out));
    }
    return p != NULL;
}

static uint64_t align_note(uint32_t size)
{
    return ((uint64_t)size + NOTE_ALIGNMENT - 1) / NOTE_ALIGNMENT * NOTE_ALIGNMENT;
}

// The first note of this type.
static bool find_note(const struct file *f, uint32_t type, const unsigned char **desc, size_t *size)
{
    Elf32_Phdr notes;
    if (!segment(f, 0, &notes) || notes.p_type != PT_NOTE) {
        return false;
    }
    uint64_t at = notes.p_offset;
    for (int i = 0; i < NOTES_MAX; i++) {
        Elf32_Nhdr note;
        const void *p = piece(f, at, sizeof(note));
        if (!p || at >= (uint64_t)notes.p_offset + notes.p_filesz) {
            return false;
        }
        memcpy(&note, p, sizeof(note));
        uint64_t start = at + sizeof(note) + align_note(note.n_namesz);
        *desc = piece(f, start, note.n_descsz);
        *size = note.n_descsz;
        if (note.n_type == type) {
            return *desc != NULL;
        }
        at = start + align_note(note.n_descsz);
    }
    return false;
}

static int read_signal(const struct file *f)
{
    const unsigned char *desc;
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
    const unsigned char *desc;
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
    Elf32_Phdr s;
    for (size_t i = 1; segment(f, i, &s); i++) {
        uint64_t end = (uint64_t)s.p_vaddr + s.p_filesz;
        if (s.p_type != PT_LOAD || address < s.p_vaddr || address >= end) {
            continue;
        }
        uint32_t before = address - s.p_vaddr;
        before = before < ENVIRONMENT_MAX ? before : ENVIRONMENT_MAX;
        uint64_t after = end - address < ENVIRONMENT_MAX ? end - address : ENVIRONMENT_MAX;
        uint64_t offset = (uint64_t)s.p_offset + (address - s.p_vaddr) - before;
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

// A 32-bit ARM ELF file, which unmap_file gives back.
static int map_file(const char *path, struct file *out, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    Elf32_Ehdr header;

    *out = (struct file){0};
    if (fd < 0 || fstat(fd, &st) != 0) {
        return err_sys(err, "cannot read %s", path);
    }
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(header)) {
        return err_set(err, ERR_FAILED, "%s is not an ELF file", path);
    }
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return err_sys(err, "cannot read %s", path);
    }
    memcpy(&header, data, sizeof(header));
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS32 ||
        header.e_machine != EM_ARM || header.e_phentsize != sizeof(Elf32_Phdr)) {
        munmap(data, (size_t)st.st_size);
        return err_set(err, ERR_FAILED, "%s is not an ELF file for ARM", path);
    }
    *out = (struct file){data, (size_t)st.st_size};
    return 0;
}

static void unmap_file(struct file *f)
{
    if (f->data) {
        munmap(f->data, f->n);
    }
}

int core_read(const char *path, struct core *out, struct err *err)
{
    Elf32_Phdr notes;
    struct file f;

    *out = (struct core){.rank = -1};
    if (map_file(path, &f, err) != 0) {
        return -1;
    }
    bool good = segment(&f, 0, &notes) && notes.p_type == PT_NOTE;
    if (good) {
        out->signal = read_signal(&f);
        read_memory(&f, out);
    }
    unmap_file(&f);
    return good ? 0 : err_set(err, ERR_FAILED, "%s is not a core file", path);
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
    Elf32_Phdr s;

    for (size_t i = 0; segment(program, i, &s); i++) {
        const void *code = NULL;
        uint16_t halves[2];
        uint32_t word;
        if (s.p_type == PT_LOAD && (s.p_flags & PF_X) && at >= s.p_vaddr + sizeof(word) &&
            at < s.p_vaddr + s.p_filesz) {
            code =
                piece(program, (uint64_t)s.p_offset + at - s.p_vaddr - sizeof(word), sizeof(word));
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
    struct err ignored = ERR_INIT;
    struct file core;
    struct file code = {0};
    const unsigned char *desc;
    size_t size;
    size_t at = 0;
    size_t n = 0;
    uint32_t sp;
    Elf32_Ehdr header;

    if (map_file(path, &core, &ignored) != 0 || map_file(program, &code, &ignored) != 0 ||
        !code.data || !find_note(&core, NT_PRSTATUS, &desc, &size) ||
        size < STACK_POINTER + sizeof(sp)) {
        unmap_file(&core);
        unmap_file(&code);
        return 0;
    }
    memcpy(&sp, desc + STACK_POINTER, sizeof(sp));
    memcpy(&header, code.data, sizeof(header));
    uint32_t base = auxiliary(&core, AT_ENTRY) - header.e_entry;
    struct slice stack = memory_around(&core, sp, &at);
    for (size_t i = at; i + sizeof(uint32_t) <= stack.n && n < max; i += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, stack.p + i, sizeof(word));
        if (follows_call(&code, base, word)) {
            addresses[n++] = word;
        }
    }
    unmap_file(&core);
    unmap_file(&code);
    return n;
}

void core_release(struct core *c)
{
    free(c->program);
    free(c->run);
    *c = (struct core){.rank = -1};
}
