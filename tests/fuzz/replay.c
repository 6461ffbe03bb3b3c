// SPDX-License-Identifier: MIT
// Runs a fuzz target once over each file in the given folders: a regression test for the inputs
// that are kept, in builds without libFuzzer.

#include <stdio.h>

#include "base/fs.h"
#include "fuzz.h"

enum { INPUT_MAX = 1 << 24 };

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        _cleanup_strv_ struct strv names = {0};
        struct err err = ERR_INIT;
        if (fs_list_dir(argv[i], &names, &err) != 0) {
            fprintf(stderr, "%s\n", err.msg);
            return 1;
        }
        for (size_t k = 0; k < names.n; k++) {
            _cleanup_free_ char *path = fs_join(argv[i], names.items[k]);
            _cleanup_strbuf_ struct strbuf bytes = {0};
            if (fs_read_file(path, INPUT_MAX, &bytes, &err) != 0) {
                fprintf(stderr, "%s\n", err.msg);
                return 1;
            }
            LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.len);
            count++;
        }
    }
    printf("%d inputs\n", count);
    return count == 0;
}
