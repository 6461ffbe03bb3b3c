// SPDX-License-Identifier: MIT
// The smallest programs for ARM: a handful of instructions, no sysroot. They show what QEMU does.
#ifndef PISDK_SANDBOX_TINY_H
#define PISDK_SANDBOX_TINY_H

#include <stdint.h>

#include "base/str.h"

// Appends an ELF file that runs these instructions of ARMv7 (A32), and nothing after them.
void tiny_add_program(struct strbuf *out, const uint32_t *code, size_t instructions);

#endif
