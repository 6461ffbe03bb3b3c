// SPDX-License-Identifier: MIT
#include "remote/facts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define LIBSTDCXX "libstdc++.so.6.0."
#define OPEN_MPI  "(Open MPI) "

enum { BYTE_VALUES = 256, WORD_BYTES = 64, V6_BITS = 128, V4_BITS = 32, T64_SINCE = 13 };

char *facts_clean(const char *text, size_t n)
{
    n = n > FACT_MAX ? FACT_MAX : n;
    char *clean = xstrndup(text, n);
    for (char *p = clean; *p; p++) {
        *p = *p >= ' ' && *p <= '~' ? *p : '?';
    }
    return clean;
}

bool facts_is_virtual(const char *interface)
{
    static const char *const prefixes[] = {"docker", "br-",     "veth",   "virbr",
                                           "cni",    "flannel", "podman", "lxc"};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (str_starts(interface, prefixes[i])) {
            return true;
        }
    }
    return false;
}

void facts_release(struct facts *f)
{
    char *const texts[] = {f->model,      f->arch,        f->machine,   f->kernel,  f->system,
                           f->release,    f->version,     f->glibc,     f->glibcxx, f->libgfortran,
                           f->mpi,        f->mpi_version, f->mpi_place, f->daemon,  f->elsewhere,
                           f->hostname,   f->user,        f->home,      f->shell,   f->write_error,
                           f->filesystem, f->host_key,    f->boot,      f->load};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        free(texts[i]);
    }
    for (size_t i = 0; i < f->n_addresses; i++) {
        free(f->addresses[i].interface);
        free(f->addresses[i].address);
    }
    free(f->addresses);
    *f = (struct facts){0};
}

// --- Values --------------------------------------------------------------------------------------

static void set_text(char **to, const char *value)
{
    free(*to);
    *to = *value ? xstrdup(value) : NULL;
}

static void set_once(char **to, const char *value)
{
    if (!*to) {
        set_text(to, value);
    }
}

static uint64_t to_number(const char *value)
{
    return *value >= '0' && *value <= '9' ? strtoull(value, NULL, 10) : 0;
}

// uname -rm: the kernel's version, then the machine.
static void set_kernel(struct facts *f, const char *value)
{
    const char *space = strchr(value, ' ');
    if (space) {
        set_text(&f->machine, space + 1);
        free(f->kernel);
        f->kernel = xstrndup(value, (size_t)(space - value));
    }
}

// The first 40 bytes of an ELF file, in hexadecimal. What they mean is in elf(5) and in ARM's ABI:
// a flag says that floating-point numbers are passed in registers.
static void set_arch_of_elf(struct facts *f, const char *value)
{
    enum { NEEDED = 40, CLASS = 4, MACHINE = 18, FLAGS = 37, HARD_FLOAT = 4, BITS_64 = 2 };
    static const struct {
        unsigned machine;
        const char *name;
    } known[] = {{183, "arm64"}, {3, "i386"}, {62, "amd64"}};
    unsigned bytes[NEEDED] = {0};
    const char *p = value;

    for (size_t i = 0; i < NEEDED; i++) {
        char *end;
        unsigned long byte = strtoul(p, &end, 16);
        if (end == p || byte >= BYTE_VALUES) {
            return;
        }
        bytes[i] = (unsigned)byte;
        p = end;
    }
    if (bytes[0] != 0x7f || bytes[1] != 'E' || f->arch) {
        return;
    }
    unsigned machine = bytes[MACHINE] | bytes[MACHINE + 1] << 8;
    if (machine == 40) { // EM_ARM
        set_text(&f->arch, bytes[FLAGS] & HARD_FLOAT ? "armhf" : "armel");
    } else if (machine == 243) { // EM_RISCV
        set_text(&f->arch, bytes[CLASS] == BITS_64 ? "riscv64" : "riscv32");
    }
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (known[i].machine == machine) {
            set_text(&f->arch, known[i].name);
        }
    }
}

// Only when nothing else said what it is.
static void set_bits(struct facts *f, const char *value)
{
    if (!f->arch && strcmp(value, "64") == 0) {
        set_text(&f->arch, "64-bit");
    }
}

static void set_libc(struct facts *f, const char *value)
{
    if (str_starts(value, "glibc ")) {
        set_text(&f->glibc, value + strlen("glibc "));
    }
}

// libstdc++.so.6.0.N has the symbols up to GLIBCXX_3.4.N.
static void set_libstdcxx(struct facts *f, const char *value)
{
    const char *name = strstr(value, LIBSTDCXX);
    const char *newest = f->glibcxx ? strrchr(f->glibcxx, '.') + 1 : "0";
    const char *minor = name ? name + strlen(LIBSTDCXX) : "";
    if (*minor && strspn(minor, "0123456789") == strlen(minor) &&
        (!f->glibcxx || to_number(minor) > to_number(newest))) {
        char *text = xasprintf("3.4.%s", minor);
        free(f->glibcxx);
        f->glibcxx = text;
    }
}

static void set_libgfortran(struct facts *f, const char *value)
{
    const char *slash = strrchr(value, '/');
    const char *name = slash ? slash + 1 : value;
    if (!f->libgfortran || strcmp(name, f->libgfortran) > 0) {
        set_text(&f->libgfortran, name);
    }
}

// mpirun --version: "mpirun (Open MPI) 4.1.4"; of MPICH "HYDRA build details:", and on another line
// "Version:    4.0.2".
static void set_mpi_says(struct facts *f, const char *value)
{
    const char *open_mpi = strstr(value, OPEN_MPI);
    if (open_mpi) {
        set_text(&f->mpi, "openmpi");
        set_text(&f->mpi_version, open_mpi + strlen(OPEN_MPI));
    } else if (str_starts(value, "HYDRA")) {
        set_text(&f->mpi, "mpich");
    } else if (str_eq(f->mpi, "mpich") && strstr(value, "Version:")) {
        const char *version = strstr(value, "Version:") + strlen("Version:");
        set_text(&f->mpi_version, version + strspn(version, " "));
    }
}

// There is an mpirun, whatever it will say.
static void set_mpirun(struct facts *f, const char *value)
{
    (void)value;
    set_once(&f->mpi, "other");
}

static bool is_daemon(const struct facts *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (strcmp(name, "hydra_pmi_proxy") == 0) {
        return !str_eq(f->mpi, "openmpi");
    }
    return (strcmp(name, "orted") == 0 || strcmp(name, "prted") == 0) && !str_eq(f->mpi, "mpich");
}

static void set_daemon(struct facts *f, const char *value)
{
    if (is_daemon(f, value)) {
        set_once(&f->daemon, value);
    }
}

static void set_elsewhere(struct facts *f, const char *value)
{
    if (is_daemon(f, value) || (!f->mpi && str_ends(value, "/mpirun"))) {
        set_once(&f->elsewhere, value);
    }
}

static void set_write(struct facts *f, const char *value)
{
    set_text(&f->write_error, strcmp(value, "ok") == 0 ? "" : *value ? value : "unknown reason");
}

// stat -f: free blocks, their size, the kind of file system.
static void set_space(struct facts *f, const char *value)
{
    char *end;
    uint64_t blocks = strtoull(value, &end, 10);
    uint64_t size = end > value ? to_number(end + strspn(end, " ")) : 0;
    if (size == 0 || blocks > UINT64_MAX / size) {
        return;
    }
    f->free_space = blocks * size;
    f->has_space = true;
    set_text(&f->filesystem, strrchr(value, ' ') + 1);
}

static void set_rsync(struct facts *f, const char *value)
{
    (void)value;
    f->rsync = true;
}

static void set_key(struct facts *f, const char *value)
{
    (void)value;
    f->has_key = true;
}

static void set_t64(struct facts *f, const char *value)
{
    (void)value;
    f->time_bits = 64;
}

static void set_cores(struct facts *f, const char *value)
{
    uint64_t n = to_number(value);
    f->cores = n < UINT16_MAX ? (unsigned)n : 0;
}

static void set_memory(struct facts *f, const char *value)
{
    uint64_t kilobytes = to_number(value);
    f->memory = kilobytes < UINT32_MAX ? kilobytes * 1024 : 0;
}

static void set_available(struct facts *f, const char *value)
{
    uint64_t kilobytes = to_number(value);
    f->available = kilobytes < UINT32_MAX ? kilobytes * 1024 : 0;
}

static void set_load(struct facts *f, const char *value)
{
    if (*value && strspn(value, "0123456789.") == strlen(value)) {
        set_text(&f->load, value);
    }
}

static void set_temperature(struct facts *f, const char *value)
{
    uint64_t n = to_number(value);
    f->temperature = n < INT32_MAX ? (long)n : 0;
}

// INTERFACE ADDRESS/PREFIX. Addresses of a link say nothing, and those of `lo` neither.
static void set_address(struct facts *f, const char *value)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    struct facts_address a = {.prefix = -1};
    const char *space = strchr(value, ' ');
    const char *slash = strchr(value, '/');
    if (!space || f->n_addresses >= FACTS_ADDRESSES_MAX || str_starts(value, "lo ")) {
        return;
    }
    a.interface = xstrndup(value, (size_t)(space - value));
    a.address =
        xstrndup(space + 1, slash > space ? (size_t)(slash - space - 1) : strlen(space + 1));
    bool v6 = inet_pton(AF_INET6, a.address, bytes) == 1;
    bool local = (v6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
                 str_starts(a.address, "127.") || strcmp(a.address, "::1") == 0;
    if (local || (!v6 && inet_pton(AF_INET, a.address, bytes) != 1)) {
        free(a.interface);
        free(a.address);
        return;
    }
    if (slash > space && to_number(slash + 1) <= (v6 ? V6_BITS : V4_BITS)) {
        a.prefix = (int)to_number(slash + 1);
    }
    VEC_GROW(f->addresses, f->n_addresses);
    f->addresses[f->n_addresses++] = a;
}

// --- Lines ---------------------------------------------------------------------------------------

static char **text_of(struct facts *f, const char *key)
{
    const struct {
        const char *key;
        char **text;
    } texts[] = {
        {"model", &f->model},       {"hostname", &f->hostname}, {"boot", &f->boot},
        {"host-key", &f->host_key}, {"user", &f->user},         {"home", &f->home},
        {"shell", &f->shell},       {"release", &f->release},   {"version", &f->version},
        {"system", &f->system},     {"arch", &f->arch},         {"mpi-place", &f->mpi_place},
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (strcmp(texts[i].key, key) == 0) {
            return texts[i].text;
        }
    }
    return NULL;
}

static void take_line(struct facts *f, const char *key, const char *value)
{
    static const struct {
        const char *key;
        void (*set)(struct facts *f, const char *value);
    } setters[] = {
        {"kernel", set_kernel},
        {"elf", set_arch_of_elf},
        {"bits", set_bits},
        {"libc", set_libc},
        {"libstdc++", set_libstdcxx},
        {"libgfortran", set_libgfortran},
        {"mpi-says", set_mpi_says},
        {"mpirun", set_mpirun},
        {"elsewhere", set_elsewhere},
        {"write", set_write},
        {"daemon", set_daemon},
        {"space", set_space},
        {"rsync", set_rsync},
        {"key", set_key},
        {"t64", set_t64},
        {"cores", set_cores},
        {"memory", set_memory},
        {"available", set_available},
        {"load", set_load},
        {"temperature", set_temperature},
        {"address", set_address},
    };
    char **text = text_of(f, key);
    if (text) {
        set_text(text, value);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(setters); i++) {
        if (strcmp(setters[i].key, key) == 0) {
            setters[i].set(f, value);
        }
    }
}

// The packages' names say it, or that Debian 13 was the first to have it on armhf.
static int find_time_bits(const struct facts *f)
{
    if (!f->arch) {
        return 0;
    }
    bool narrow = strcmp(f->arch, "armhf") == 0 || strcmp(f->arch, "armel") == 0;
    if (!narrow) {
        return strcmp(f->arch, "i386") == 0 ? 32 : 64;
    }
    if (f->time_bits || (f->version && to_number(f->version) >= T64_SINCE)) {
        return 64;
    }
    return f->release || f->version ? 32 : 0;
}

int facts_parse(const char *text, size_t n, struct facts *out, struct err *err)
{
    struct slice rest = {text, n > FACTS_TEXT_MAX ? FACTS_TEXT_MAX : n};
    struct slice line;
    bool ended = false;

    *out = (struct facts){0};
    while (!ended && slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *clean = facts_clean(line.p, line.n);
        char *value = clean + strcspn(clean, " ");
        if (*value) {
            *value++ = '\0';
        }
        ended = strcmp(clean, "end") == 0;
        take_line(out, clean, value);
    }
    out->time_bits = find_time_bits(out);
    return ended ? 0 : err_set(err, ERR_FAILED, "its answer is truncated");
}
