// SPDX-License-Identifier: MIT
// The smallest programs: a handful of instructions, no sysroot. They show what QEMU and the
// desktop's kernel do.
#ifndef PISDK_SANDBOX_TINY_H
#define PISDK_SANDBOX_TINY_H

#include <stdint.h>

#include "base/str.h"

// Appends a 32-bit ELF file that runs this code, and nothing after it. `machine` is EM_ARM, for
// instructions of ARMv7 (A32), or EM_386.
void tiny_add_program(struct strbuf *out, uint16_t machine, const uint32_t *code, size_t words);

#endif
