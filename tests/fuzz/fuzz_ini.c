// SPDX-License-Identifier: MIT
// INI files with each of their readers: a project, a recipe, a board.

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "deb/recipe.h"
#include "fuzz.h"
#include "project/project.h"
#include "target/board.h"

// One folder for all inputs: making and removing it took most of the time.
static char dir[] = "/dev/shm/pisdk-fuzz-XXXXXX";

static void remove_dir(void)
{
    struct err ignored = ERR_INIT;
    (void)!fs_remove_tree(dir, &ignored);
}

static bool write_input(const char *file, const uint8_t *data, size_t size)
{
    FILE *f = fopen(file, "we");
    bool written = f && fwrite(data, 1, size, f) == size;
    return f && fclose(f) == 0 && written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    struct err err = ERR_INIT;
    if (!made) {
        made = mkdtemp(dir) != NULL && atexit(remove_dir) == 0;
    }
    _cleanup_free_ char *text = xstrndup((const char *)data, size);
    _cleanup_free_ char *board_file = fs_join(dir, "board.ini");
    struct project project;
    struct recipe recipe;
    struct board board;
    if (project_read_text(dir, text, &project, &err) == 0) {
        project_release(&project);
    }
    if (made && write_input(board_file, data, size)) {
        if (recipe_read(dir, board_file, NULL, NULL, &recipe, &err) == 0) {
            recipe_release(&recipe);
        }
        if (board_read(dir, "board", true, &board, &err) == 0) {
            board_release(&board);
        }
    }
    return 0;
}
