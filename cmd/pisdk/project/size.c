// SPDX-License-Identifier: MIT
// `pisdk size`: what the project's programs take, and which boards that fits.

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "target/elf.h"
#include "workspace/release_files.h"

enum { MB = 1 << 20 };

// Of one file, in bytes. Ranks on one board share its text.
struct sizes {
    uint64_t text, own;
};

static int add_row(struct table *t, const struct payload_file *file, struct sizes *out,
                   struct err *err)
{
    struct elf_info info;
    if (!file->source || file->kind != PAYLOAD_FILE) {
        return 0;
    }
    if (elf_read(file->source, &info, err) != 0) {
        return -1;
    }
    if (elf_is_arm(&info)) {
        table_text(t, file->path);
        table_number(t, info.text);
        table_number(t, info.data);
        table_number(t, info.bss);
        table_number(t, file->size);
        *out = (struct sizes){info.text, info.data + info.bss};
    }
    elf_info_release(&info);
    return 0;
}

// Says which of the boards that pisdk knows have the memory.
static int tell_boards(struct app *app, const char *path, uint64_t bytes, long ranks,
                       struct err *err)
{
    _cleanup_free_ char *folder = fs_join(app->paths.share, "toolchain/boards");
    _cleanup_strv_ struct strv names = {0};
    _cleanup_strv_ struct strv fit = {0};
    _cleanup_strv_ struct strv small = {0};
    char size[32];

    if (board_names(folder, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        struct board b;
        if (board_read(folder, names.items[i], true, &b, err) != 0) {
            return -1;
        }
        if (!b.refused) {
            strv_add(bytes <= (uint64_t)b.memory_mb * MB ? &fit : &small, b.name);
        }
        board_release(&b);
    }
    _cleanup_free_ char *good = strv_join(&fit, ", ");
    _cleanup_free_ char *bad = strv_join(&small, ", ");
    log_info(&app->log, "%s: %ld %s on one board take%s %s before they allocate any: fits %s%s%s",
             path, ranks, ranks == 1 ? "process" : "ranks", ranks == 1 ? "s" : "",
             str_size(size, bytes), *good ? good : "no board", *bad ? "; too much for " : "", bad);
    return 0;
}

static int list(struct app *app, const struct payload *files, long ranks, struct err *err)
{
    static const struct column columns[] = {{"file", COLUMN_TEXT},
                                            {"text", COLUMN_SIZE},
                                            {"data", COLUMN_SIZE},
                                            {"bss", COLUMN_SIZE},
                                            {"on_disk", COLUMN_SIZE}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    const char *largest = NULL;
    uint64_t most = 0;
    int r = 0;
    for (size_t i = 0; i < files->n && r == 0; i++) {
        struct sizes sizes = {0};
        r = add_row(t, &files->items[i], &sizes, err);
        uint64_t bytes = sizes.text + sizes.own * (uint64_t)ranks;
        if (bytes > most && files->items[i].program) {
            most = bytes;
            largest = files->items[i].path;
        }
    }
    if (r == 0) {
        table_print(t, app->json);
    }
    table_free(t);
    return r == 0 && largest ? tell_boards(app, largest, most, ranks, err) : r;
}

int cmd_size(struct app *app, struct err *err)
{
    struct target_request request;
    struct target target;
    struct payload files = {0};
    long ranks;

    if (input_number(&app->input, "ranks", app->project.ranks ? app->project.ranks : 1, 1,
                     PROJECT_RANKS_MAX, &ranks, err) != 0 ||
        target_request_read(&app->input, &request, err) != 0 ||
        target_choose(&app->work, &request, &target, err) != 0) {
        return -1;
    }
    int r = release_files_collect(&app->work, &target, NULL, &files, err);
    if (r == 0) {
        r = list(app, &files, ranks, err);
    }
    payload_release(&files);
    target_release(&target);
    return r;
}
