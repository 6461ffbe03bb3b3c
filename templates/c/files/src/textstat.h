// Counts what a text has: lines, words, characters.
#ifndef TEXTSTAT_H
#define TEXTSTAT_H

#include <stdbool.h>
#include <stdio.h>

enum { TEXTSTAT_WORD_MAX = 63 }; // bytes of a word that are kept

struct textstat {
    unsigned long long lines;
    unsigned long long words;
    unsigned long long characters; // of UTF-8: an umlaut is one
    unsigned long long bytes;
    char longest[TEXTSTAT_WORD_MAX + 1]; // the first of the longest words, or its beginning
    unsigned long long longest_length;   // in characters

    // Where we are in the text.
    char word[TEXTSTAT_WORD_MAX + 1];
    unsigned long long word_length;
    size_t word_bytes;
    bool in_line;
};

// Begins with an empty text.
void textstat_init(struct textstat *s);

// Adds the next `size` bytes of the text. A word may go on in the next call.
void textstat_add(struct textstat *s, const char *bytes, size_t size);

// Ends the text, or one file of several: words and lines do not go on in the next one.
void textstat_end(struct textstat *s);

// Adds all of a file, and ends it. Returns 0, or -1 with errno when it cannot be read.
int textstat_add_file(struct textstat *s, FILE *file);

#endif
