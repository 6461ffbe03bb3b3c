// SPDX-License-Identifier: MIT
#include "answers.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"

bool answer_question(const struct toolset *t, bool of_gcc, const struct strv *words)
{
    const char *gcc = of_gcc ? t->gcc : NULL;
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->items[i];
        if (strcmp(word, "-dumpmachine") == 0 || strcmp(word, "--print-target-triple") == 0 ||
            strcmp(word, "-print-multiarch") == 0 || strcmp(word, "--print-multiarch") == 0) {
            puts(t->triple);
        } else if (strcmp(word, "-print-sysroot") == 0) {
            puts(t->root);
        } else if (gcc && strcmp(word, "-dumpfullversion") == 0) {
            puts(gcc);
        } else if (gcc && strcmp(word, "-dumpversion") == 0) { // Debian's is the first number
            bool full = strv_has(words, "-dumpfullversion");
            printf("%.*s\n", full ? (int)strlen(gcc) : (int)strcspn(gcc, "."), gcc);
        } else if (gcc && words->n == 1 && strcmp(word, "-v") == 0) {
            fprintf(stderr,
                    "Using built-in specs.\nTarget: %s\nThread model: posix\n"
                    "gcc version %s (pisdk, %s)\n",
                    t->triple, gcc, fs_base(t->clang));
        } else {
            continue;
        }
        return true;
    }
    return false;
}
