// SPDX-License-Identifier: MIT
// Small ELF files for ARM, as a linker would make them, for tests that need no compiler.
#ifndef PISDK_TESTS_ARM_ELF_H
#define PISDK_TESTS_ARM_ELF_H

#include <elf.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"

#define LOADER "/lib/ld-linux-armhf.so.3"

enum { ARM_ELF_NAMES = 8 };

struct arm_elf {
    const char *interpreter, *runpath;
    const char *needed[ARM_ELF_NAMES];
    // A library, and the versions of it that are wanted, "libc.so.6" "GLIBC_2.34"; a version that
    // begins with "?" is a weak one. Each is that of the symbol beside it, if there is one.
    struct {
        const char *library, *version, *symbol;
    } wants[ARM_ELF_NAMES];
    unsigned arch; // Tag_CPU_arch, below 128; 0: no attributes
};

static inline Elf32_Word arm_elf_string(struct strbuf *strings, const char *text)
{
    Elf32_Word at = (Elf32_Word)strings->len;
    strbuf_add(strings, text, strlen(text) + 1);
    return at;
}

static inline size_t arm_elf_part(struct strbuf *out, const struct strbuf *part)
{
    while (out->len % 4) {
        strbuf_add(out, "", 1);
    }
    size_t at = out->len;
    strbuf_add(out, part->data ? part->data : "", part->len);
    return at;
}

static inline void arm_elf_dynamic(struct strbuf *out, Elf32_Sword tag, Elf32_Word value)
{
    const Elf32_Dyn dyn = {.d_tag = tag, .d_un.d_val = value};
    strbuf_add(out, &dyn, sizeof(dyn));
}

// .gnu.version_r with one entry a version, .dynsym and .gnu.version.
static inline void arm_elf_versions(const struct arm_elf *e, struct strbuf *strings,
                                    struct strbuf *wanted, struct strbuf *symbols,
                                    struct strbuf *numbers)
{
    const Elf32_Sym none = {0};
    strbuf_add(symbols, &none, sizeof(none));
    strbuf_add(numbers, "\0", 2);
    for (Elf32_Half i = 0; i < ARM_ELF_NAMES && e->wants[i].library; i++) {
        bool weak = e->wants[i].version[0] == '?';
        bool last = i + 1 == ARM_ELF_NAMES || !e->wants[i + 1].library;
        const Elf32_Verneed need = {
            .vn_version = 1,
            .vn_cnt = 1,
            .vn_file = arm_elf_string(strings, e->wants[i].library),
            .vn_aux = sizeof(need),
            .vn_next = last ? 0 : sizeof(need) + sizeof(Elf32_Vernaux),
        };
        const Elf32_Vernaux aux = {
            .vna_flags = weak ? VER_FLG_WEAK : 0,
            .vna_other = (Elf32_Half)(i + 2),
            .vna_name = arm_elf_string(strings, e->wants[i].version + weak),
        };
        strbuf_add(wanted, &need, sizeof(need));
        strbuf_add(wanted, &aux, sizeof(aux));
        if (e->wants[i].symbol) {
            const Elf32_Sym sym = {.st_name = arm_elf_string(strings, e->wants[i].symbol)};
            strbuf_add(symbols, &sym, sizeof(sym));
            strbuf_add(numbers, &aux.vna_other, sizeof(aux.vna_other));
        }
    }
}

static inline void arm_elf_attributes(const struct arm_elf *e, struct strbuf *out)
{
    // The vendor's block of 17 bytes; in it the file's, of 7: the tag of the architecture.
    const char text[] = {'A', 17, 0, 0, 0, 'a', 'e', 'a', 'b',
                         'i', 0,  1, 7, 0, 0,   0,   6,   (char)e->arch};
    strbuf_add(out, text, e->arch ? sizeof(text) : 0);
}

static inline void arm_elf_write(const char *path, const struct arm_elf *e)
{
    enum { DYNSTR = 1, WANTED, SYMBOLS, NUMBERS, ATTRIBUTES, SECTIONS };
    struct strbuf parts[SECTIONS] = {0};
    struct strbuf dynamic = {0};
    struct strbuf interpreter = {0};
    struct strbuf out = {0};
    struct err err = ERR_INIT;
    Elf32_Shdr sections[SECTIONS] = {
        [DYNSTR] = {.sh_type = SHT_STRTAB},
        [WANTED] = {.sh_type = SHT_GNU_verneed, .sh_link = DYNSTR},
        [SYMBOLS] = {.sh_type = SHT_DYNSYM, .sh_link = DYNSTR, .sh_entsize = sizeof(Elf32_Sym)},
        [NUMBERS] = {.sh_type = SHT_GNU_versym, .sh_link = SYMBOLS, .sh_entsize = 2},
        [ATTRIBUTES] = {.sh_type = SHT_ARM_ATTRIBUTES},
    };
    Elf32_Phdr headers[3] = {{.p_type = PT_LOAD}, {.p_type = PT_DYNAMIC}, {.p_type = PT_INTERP}};
    Elf32_Ehdr header = {
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_ARM,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(*headers),
        .e_phnum = e->interpreter ? 3 : 2,
        .e_shentsize = sizeof(*sections),
        .e_shnum = SECTIONS,
        .e_shstrndx = DYNSTR,
    };

    arm_elf_string(&parts[DYNSTR], "");
    arm_elf_versions(e, &parts[DYNSTR], &parts[WANTED], &parts[SYMBOLS], &parts[NUMBERS]);
    arm_elf_attributes(e, &parts[ATTRIBUTES]);
    for (size_t i = 0; i < ARM_ELF_NAMES && e->needed[i]; i++) {
        arm_elf_dynamic(&dynamic, DT_NEEDED, arm_elf_string(&parts[DYNSTR], e->needed[i]));
    }
    if (e->runpath) {
        arm_elf_dynamic(&dynamic, DT_RUNPATH, arm_elf_string(&parts[DYNSTR], e->runpath));
    }
    strbuf_add(&out, &header, sizeof(header));
    strbuf_add(&out, headers, sizeof(headers));
    for (size_t i = 1; i < SECTIONS; i++) {
        sections[i].sh_offset = (Elf32_Off)arm_elf_part(&out, &parts[i]);
        sections[i].sh_size = (Elf32_Word)parts[i].len;
        strbuf_release(&parts[i]);
    }
    arm_elf_dynamic(&dynamic, DT_STRTAB, sections[DYNSTR].sh_offset);
    arm_elf_dynamic(&dynamic, DT_NULL, 0);
    headers[1].p_offset = (Elf32_Off)arm_elf_part(&out, &dynamic);
    headers[1].p_filesz = (Elf32_Word)dynamic.len;
    if (e->interpreter) {
        arm_elf_string(&interpreter, e->interpreter);
        headers[2].p_offset = (Elf32_Off)arm_elf_part(&out, &interpreter);
        headers[2].p_filesz = (Elf32_Word)interpreter.len;
    }
    header.e_shoff = (Elf32_Off)arm_elf_part(&out, &(struct strbuf){0});
    strbuf_add(&out, sections, sizeof(sections));
    headers[0].p_filesz = (Elf32_Word)out.len;
    memcpy(out.data, &header, sizeof(header));
    memcpy(out.data + sizeof(header), headers, sizeof(headers));
    _cleanup_free_ char *folder = fs_parent(path);
    assert_int_equal(fs_mkdir_all(folder, 0755, &err), 0);
    assert_int_equal(fs_write_file(path, out.data, out.len, 0755, &err), 0);
    strbuf_release(&out);
    strbuf_release(&dynamic);
    strbuf_release(&interpreter);
}

#endif
