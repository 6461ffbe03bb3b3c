// SPDX-License-Identifier: MIT
#include "sandbox/tiny.h"

#include <elf.h>

struct headers {
    Elf32_Ehdr file;
    Elf32_Phdr segment;
};

enum { LOAD_ADDRESS = 0x10000, PAGE = 0x1000 };

void tiny_add_program(struct strbuf *out, uint16_t machine, const uint32_t *code, size_t words)
{
    size_t code_size = words * sizeof(*code);
    Elf32_Word size = (Elf32_Word)(sizeof(struct headers) + code_size);
    const struct headers headers = {
        .file =
            {
                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
                            EV_CURRENT},
                .e_type = ET_EXEC,
                .e_machine = machine,
                .e_version = EV_CURRENT,
                .e_entry = LOAD_ADDRESS + sizeof(struct headers),
                .e_phoff = offsetof(struct headers, segment),
                .e_flags = machine == EM_ARM ? EF_ARM_EABI_VER5 | EF_ARM_ABI_FLOAT_HARD : 0,
                .e_ehsize = sizeof(Elf32_Ehdr),
                .e_phentsize = sizeof(Elf32_Phdr),
                .e_phnum = 1,
            },
        .segment =
            {
                .p_type = PT_LOAD,
                .p_vaddr = LOAD_ADDRESS,
                .p_paddr = LOAD_ADDRESS,
                .p_filesz = size,
                .p_memsz = size,
                .p_flags = PF_R | PF_X,
                .p_align = PAGE,
            },
    };
    strbuf_add(out, &headers, sizeof(headers));
    strbuf_add(out, code, code_size);
}
