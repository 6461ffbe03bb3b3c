// INI files with each of their readers: a project, a recipe, a board.

#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "deb/recipe.h"
#include "fuzz.h"
#include "project/project.h"
#include "target/board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/dev/shm/pisdk-fuzz-XXXXXX";
    struct err err = ERR_INIT;
    if (!mkdtemp(dir)) {
        return 0;
    }
    _cleanup_free_ char *project_file = fs_join(dir, PROJECT_FILE);
    _cleanup_free_ char *board_file = fs_join(dir, "board.ini");
    if (fs_write_file(project_file, data, size, 0644, &err) == 0 &&
        fs_write_file(board_file, data, size, 0644, &err) == 0) {
        struct project project;
        struct recipe recipe;
        struct board board;
        if (project_read(dir, &project, &err) == 0) {
            project_release(&project);
        }
        if (recipe_read(dir, board_file, NULL, NULL, &recipe, &err) == 0) {
            recipe_release(&recipe);
        }
        if (board_read(dir, "board", true, &board, &err) == 0) {
            board_release(&board);
        }
    }
    (void)!fs_remove_tree(dir, &err);
    return 0;
}
