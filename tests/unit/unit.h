// SPDX-License-Identifier: MIT
// cmocka, in the order in which its headers must come.
#ifndef PISDK_TESTS_UNIT_H
#define PISDK_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
