// SPDX-License-Identifier: MIT
// pisdk.lock and the list of files of a sysroot: what is accepted is written the same again.

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "deb/lock.h"
#include "fuzz.h"
#include "sysroot/tree.h"

static void check_lock(const char *text, size_t size)
{
    _cleanup_(lock_release) struct lock first = {0};
    _cleanup_(lock_release) struct lock second = {0};
    _cleanup_strbuf_ struct strbuf written = {0};
    struct err err = ERR_INIT;

    if (lock_parse("x", text, size, &first, &err) != 0) {
        return;
    }
    lock_format(&first, true, &written);
    if (lock_parse("x", written.data, written.len, &second, &err) != 0 ||
        !lock_is_same(&first, &second)) {
        abort();
    }
}

static void check_tree(const char *text, size_t size)
{
    _cleanup_(tree_release) struct tree first = {0};
    _cleanup_(tree_release) struct tree second = {0};
    _cleanup_strbuf_ struct strbuf written = {0};
    struct err err = ERR_INIT;

    if (tree_parse(text, size, &first, &err) != 0) {
        return;
    }
    tree_format(&first, &written);
    if (tree_parse(written.data, written.len, &second, &err) != 0 || first.n != second.n) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = xmalloc(size);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)data[i];
    }
    check_lock(text, size);
    check_tree(text, size);
    return 0;
}
