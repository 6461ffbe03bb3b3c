// Counts the lines, words and characters of files, or of what it is given: NAME [FILE…]

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "textstat.h"

static int add_path(struct textstat *s, const char *path)
{
    FILE *file = fopen(path, "r");
    int r = file ? textstat_add_file(s, file) : -1;
    if (r != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    }
    if (file) {
        fclose(file);
    }
    return r;
}

static void print(const struct textstat *s)
{
    printf("%llu lines, %llu words, %llu characters\n", s->lines, s->words, s->characters);
    if (s->words > 0) {
        printf("longest word: %s (%llu)\n", s->longest, s->longest_length);
    }
}

int main(int argc, char **argv)
{
    struct textstat s;
    int failed = 0;

    textstat_init(&s);
    for (int i = 1; i < argc; i++) {
        failed |= add_path(&s, argv[i]) != 0;
    }
    if (argc == 1 && textstat_add_file(&s, stdin) != 0) {
        perror("standard input");
        failed = 1;
    }
    print(&s);
    return failed;
}
