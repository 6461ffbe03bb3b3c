// SPDX-License-Identifier: MIT
#include "target/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>

static int damaged(struct err *err)
{
    const char *why = elf_errmsg(-1);
    return err_set(err, ERR_VERIFY, "damaged ELF file: %s", why ? why : "inconsistent headers");
}

// The string at file offset `offset`, at most to the end of the file.
static char *file_string(Elf *elf, uint64_t offset)
{
    size_t size = 0;
    const char *bytes = elf_rawfile(elf, &size);
    if (!bytes || offset >= size) {
        return NULL;
    }
    size_t n = strnlen(bytes + offset, size - offset);
    return n < size - offset ? xstrndup(bytes + offset, n) : NULL;
}

static bool address_to_offset(Elf *elf, size_t n_headers, uint64_t address, uint64_t *offset)
{
    for (size_t i = 0; i < n_headers; i++) {
        GElf_Phdr ph;
        if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && address >= ph.p_vaddr &&
            address - ph.p_vaddr < ph.p_filesz) {
            *offset = ph.p_offset + (address - ph.p_vaddr);
            return true;
        }
    }
    return false;
}

static void set_string(char **to, char *value)
{
    free(*to);
    *to = value;
}

static int read_dynamic(Elf *elf, size_t n_headers, const GElf_Phdr *ph, struct elf_info *out,
                        struct err *err)
{
    Elf_Data *data =
        elf_getdata_rawchunk(elf, (int64_t)ph->p_offset, (size_t)ph->p_filesz, ELF_T_DYN);
    GElf_Dyn dyn;
    uint64_t strings = 0;
    bool have_runpath = false;

    if (!data) {
        return damaged(err);
    }
    for (int i = 0; gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
        if (dyn.d_tag == DT_STRTAB &&
            !address_to_offset(elf, n_headers, dyn.d_un.d_ptr, &strings)) {
            return err_set(err, ERR_VERIFY, "damaged ELF file: no string table");
        }
    }
    for (int i = 0; gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
        bool wanted = dyn.d_tag == DT_NEEDED || dyn.d_tag == DT_RUNPATH || dyn.d_tag == DT_RPATH ||
                      dyn.d_tag == DT_SONAME;
        if (!wanted) {
            continue;
        }
        char *value = file_string(elf, strings + dyn.d_un.d_val);
        if (!value) {
            return err_set(err, ERR_VERIFY, "damaged ELF file: a name outside of the file");
        }
        if (dyn.d_tag == DT_NEEDED) {
            strv_take(&out->needed, value);
        } else if (dyn.d_tag == DT_SONAME) {
            set_string(&out->soname, value);
        } else if (dyn.d_tag == DT_RUNPATH || !have_runpath) {
            set_string(&out->runpath, value);
            have_runpath = dyn.d_tag == DT_RUNPATH;
        } else {
            free(value);
        }
    }
    return 0;
}

static void add_segment(const GElf_Phdr *ph, struct elf_info *out)
{
    uint64_t zeros = ph->p_memsz > ph->p_filesz ? ph->p_memsz - ph->p_filesz : 0;
    if (ph->p_flags & PF_W) {
        out->data += ph->p_filesz;
        out->bss += zeros;
    } else {
        out->text += ph->p_memsz;
    }
}

static int read_headers(Elf *elf, struct elf_info *out, struct err *err)
{
    GElf_Ehdr eh;
    size_t n_headers = 0;

    if (!gelf_getehdr(elf, &eh) || elf_getphdrnum(elf, &n_headers) != 0) {
        return damaged(err);
    }
    // libelf counts only the program headers that are inside of the file.
    if (eh.e_phnum != PN_XNUM && eh.e_phnum != n_headers) {
        return err_set(err, ERR_VERIFY, "damaged ELF file: it is cut short");
    }
    out->is_elf = true;
    out->is_64 = gelf_getclass(elf) == ELFCLASS64;
    out->is_object = eh.e_type == ET_REL;
    out->machine = eh.e_machine;
    for (size_t i = 0; i < n_headers; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(elf, (int)i, &ph)) {
            return damaged(err);
        }
        if (ph.p_type == PT_LOAD) {
            add_segment(&ph, out);
        }
        if (ph.p_type == PT_INTERP) {
            set_string(&out->interpreter, file_string(elf, ph.p_offset));
        } else if (ph.p_type == PT_DYNAMIC && read_dynamic(elf, n_headers, &ph, out, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int elf_read_fd(int fd, struct elf_info *out, struct err *err)
{
    *out = (struct elf_info){0};
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (!elf) {
        return damaged(err);
    }
    int r = elf_kind(elf) == ELF_K_ELF ? read_headers(elf, out, err) : 0;
    elf_end(elf);
    if (r != 0) {
        elf_info_release(out);
    }
    return r;
}

int elf_read(const char *path, struct elf_info *out, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_sys(err, "cannot open %s", path);
        err->code = err->sys == ENOENT ? ERR_NOT_FOUND : ERR_FAILED;
        return -1;
    }
    return elf_read_fd(fd, out, err) == 0 ? 0 : err_wrap(err, "%s", path);
}

void elf_info_release(struct elf_info *info)
{
    free(info->interpreter);
    free(info->runpath);
    free(info->soname);
    strv_release(&info->needed);
    *info = (struct elf_info){0};
}

bool elf_is_arm(const struct elf_info *info)
{
    return info->is_elf && !info->is_64 && info->machine == EM_ARM;
}

const char *elf_machine_name(const struct elf_info *info)
{
    switch (info->machine) {
    case EM_ARM:
        return "armv7l";
    case EM_AARCH64:
        return "AArch64";
    case EM_X86_64:
        return "x86-64";
    case EM_386:
        return "x86";
    case EM_RISCV:
        return "RISC-V";
    default:
        return "another machine";
    }
}
