// SPDX-License-Identifier: MIT
// What an ARM object file or program says it needs of a processor: its build attributes.
//
// The format and the numbers are those of "Addenda to, and Errata in, the ABI for the Arm
// Architecture" (ARM IHI 0045), section "Build attributes". The bytes are foreign.
#ifndef PISDK_TARGET_ARM_H
#define PISDK_TARGET_ARM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

// All zero: nothing is said, so nothing special is needed.
struct arm_needs {
    unsigned arch; // Tag_CPU_arch: 10 is ARMv7, 14 ARMv8-A
    unsigned fp;   // Tag_FP_arch: 3 and 4 VFPv3, 5 and 6 VFPv4, 7 and 8 ARMv8; the even ones have
                   // 16 registers
    unsigned simd; // Tag_Advanced_SIMD_arch: 1 NEON, 2 with fused multiply-add, 3 ARMv8
    unsigned div;  // Tag_DIV_use: 2 integer division in ARMv7
    unsigned half; // Tag_FP_HP_extension: half-precision conversion
};

// Reads the content of a section .ARM.attributes. ERR_VERIFY when it is damaged.
int arm_parse_needs(const void *data, size_t n, struct arm_needs *out,
                    struct err *err) ERR_MUST_CHECK;

// Does a processor that has `limit` lack something of `needs`? Says what in `what`, "ARMv8, NEON",
// when it is not NULL.
bool arm_needs_more(const struct arm_needs *needs, const struct arm_needs *limit,
                    struct strbuf *what);

#endif
