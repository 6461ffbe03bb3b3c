// SPDX-License-Identifier: MIT
// One input of a fuzz target: libFuzzer calls it, and so does replay.c for the kept inputs.
#ifndef PISDK_TESTS_FUZZ_H
#define PISDK_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
