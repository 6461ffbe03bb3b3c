// SPDX-License-Identifier: MIT
#include "base/fs.h"
#include "pisdk/app.h"
#include "target/board.h"

int cmd_boards(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"board", COLUMN_TEXT},       {"cores", COLUMN_NUMBER},   {"memory_mb", COLUMN_NUMBER},
        {"link_mbit", COLUMN_NUMBER}, {"supported", COLUMN_BOOL}, {"title", COLUMN_TEXT},
        {"compiler", COLUMN_TEXT},    {"reason", COLUMN_TEXT},
    };
    _cleanup_free_ char *folder = fs_join(app->paths.share, "toolchain/boards");
    _cleanup_strv_ struct strv names = {0};

    if (board_names(folder, &names, err) != 0) {
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < names.n; i++) {
        struct board b;
        if (board_read(folder, names.items[i], true, &b, err) != 0) {
            table_free(t);
            return -1;
        }
        table_text(t, b.name);
        table_number(t, (unsigned long long)b.cores);
        table_number(t, (unsigned long long)b.memory_mb);
        table_number(t, (unsigned long long)b.link_mbit);
        table_text(t, b.refused ? "no" : "yes");
        table_text(t, b.title);
        table_text(t, b.flags);
        table_text(t, b.refused);
        board_release(&b);
    }
    table_print(t, app->json);
    table_free(t);
    return EXIT_OK;
}
