#include "textstat.h"

#include <string.h>

void textstat_init(struct textstat *s)
{
    *s = (struct textstat){0};
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r'); // in that range: \t \n \v \f \r
}

// In UTF-8, the bytes of a character after its first one are 10xxxxxx in binary.
static bool begins_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

static void end_word(struct textstat *s)
{
    if (s->word_bytes == 0) {
        return;
    }
    s->words++;
    if (s->word_length > s->longest_length) {
        s->longest_length = s->word_length;
        memcpy(s->longest, s->word, sizeof(s->longest));
    }
    s->word_length = 0;
    s->word_bytes = 0;
}

static void add_to_word(struct textstat *s, char c)
{
    if (s->word_bytes < TEXTSTAT_WORD_MAX) {
        s->word[s->word_bytes++] = c;
        s->word[s->word_bytes] = '\0';
    }
    s->word_length += begins_character(c);
}

void textstat_add(struct textstat *s, const char *bytes, size_t size)
{
    s->bytes += size;
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        s->characters += begins_character(c);
        if (is_space(c)) {
            end_word(s);
        } else {
            add_to_word(s, c);
        }
        s->lines += c == '\n';
        s->in_line = c != '\n';
    }
}

void textstat_end(struct textstat *s)
{
    end_word(s);
    s->lines += s->in_line; // a last line without its end is one, too
    s->in_line = false;
}

int textstat_add_file(struct textstat *s, FILE *file)
{
    char buffer[16384];
    size_t size;

    while ((size = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        textstat_add(s, buffer, size);
    }
    textstat_end(s);
    return ferror(file) ? -1 : 0;
}
