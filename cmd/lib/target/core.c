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
    CURSIG = 12, // of struct elf_prstatus for ARM: pr_cursig
    NOTE_ALIGNMENT = 4
};

struct file {
    const unsigned char *data;
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
    memcpy(&header, f->data, sizeof(header));
    const void *p = i < header.e_phnum
                        ? piece(f, header.e_phoff + (uint64_t)i * sizeof(*out), sizeof(*out))
                        : NULL;
    if (p) {
        memcpy(out, p, sizeof(*out));
    }
    return p != NULL;
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
        uint64_t name = ((uint64_t)note.n_namesz + NOTE_ALIGNMENT - 1) & ~(uint64_t)3;
        uint64_t start = at + sizeof(note) + name;
        *desc = piece(f, start, note.n_descsz);
        *size = note.n_descsz;
        if (note.n_type == type) {
            return *desc != NULL;
        }
        at = start + (((uint64_t)note.n_descsz + NOTE_ALIGNMENT - 1) & ~(uint64_t)3);
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

// The address of the program's name: the kernel tells it to the program, and QEMU to us.
static uint32_t name_address(const struct file *f)
{
    const unsigned char *desc;
    size_t n;
    if (!find_note(f, NT_AUXV, &desc, &n)) {
        return 0;
    }
    for (size_t i = 0; i + sizeof(Elf32_auxv_t) <= n; i += sizeof(Elf32_auxv_t)) {
        Elf32_auxv_t entry;
        memcpy(&entry, desc + i, sizeof(entry));
        if (entry.a_type == AT_EXECFN) {
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
    struct slice memory = memory_around(f, name_address(f), &at);

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

int core_read(const char *path, struct core *out, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;

    *out = (struct core){.rank = -1};
    if (fd < 0 || fstat(fd, &st) != 0) {
        return err_sys(err, "cannot read %s", path);
    }
    Elf32_Ehdr header;
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(header)) {
        return err_set(err, ERR_FAILED, "%s is not a core file", path);
    }
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return err_sys(err, "cannot read %s", path);
    }
    const struct file f = {data, (size_t)st.st_size};
    memcpy(&header, data, sizeof(header));
    bool good = memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                header.e_ident[EI_CLASS] == ELFCLASS32 && header.e_type == ET_CORE &&
                header.e_machine == EM_ARM && header.e_phentsize == sizeof(Elf32_Phdr);
    if (good) {
        out->signal = read_signal(&f);
        read_memory(&f, out);
    }
    munmap(data, (size_t)st.st_size);
    return good ? 0 : err_set(err, ERR_FAILED, "%s is not a core file of ARM", path);
}

void core_release(struct core *c)
{
    free(c->program);
    free(c->run);
    *c = (struct core){.rank = -1};
}
