// SPDX-License-Identifier: MIT
// A .deb and an exported sysroot, unpacked; nothing may appear outside of the folder that they are
// unpacked into.

#include <fcntl.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/str.h"
#include "deb/archive.h"
#include "fuzz.h"
#include "sysroot/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/dev/shm/pisdk-fuzz-XXXXXX";
    struct err err = ERR_INIT;
    if (!mkdtemp(dir)) {
        return 0;
    }
    _cleanup_free_ char *deb = fs_join(dir, "x.deb");
    _cleanup_free_ char *root = fs_join(dir, "inside/root");
    _cleanup_free_ char *inside = fs_join(dir, "inside");
    _cleanup_strv_ struct strv names = {0};
    if (fs_write_file(deb, data, size, 0644, &err) == 0 && fs_mkdir_all(root, 0755, &err) == 0) {
        _cleanup_close_ int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        const struct strv none = {0};
        const struct unpack_target target = {fd, &none, &none};
        _cleanup_(tree_release) struct tree result = {0};
        (void)!unpack_deb(&target, deb, &result, &err);
        _cleanup_(tree_release) struct tree exported = {0};
        _cleanup_strbuf_ struct strbuf text = {0};
        (void)!unpack_tar(&target, deb, "t/root/", &exported, &err);
        (void)!archive_read_text(deb, "*/pisdk.lock", 1 << 16, &text, &err);
        if (fs_list_dir(inside, &names, &err) != 0 || names.n != 1) {
            abort();
        }
    }
    (void)!fs_remove_tree(dir, &err);
    return 0;
}
