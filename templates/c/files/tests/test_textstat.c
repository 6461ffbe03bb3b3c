// What is counted, in texts whose numbers are known.

#include <stdio.h>
#include <string.h>

#include "textstat.h"

static int failures;

static void check(int good, const char *what, unsigned long long value)
{
    printf("%s: %s (%llu)\n", good ? "ok" : "FAILED", what, value);
    failures += !good;
}

static struct textstat count(const char *text)
{
    struct textstat s;
    textstat_init(&s);
    textstat_add(&s, text, strlen(text));
    textstat_end(&s);
    return s;
}

static void test_lines(void)
{
    check(count("").lines == 0, "an empty text has no line", count("").lines);
    check(count("a\nb\n").lines == 2, "two lines", count("a\nb\n").lines);
    check(count("a\nb").lines == 2, "a last line without its end", count("a\nb").lines);
    check(count("\n\n").lines == 2, "empty lines", count("\n\n").lines);
}

static void test_words(void)
{
    check(count("").words == 0, "an empty text has no word", count("").words);
    check(count("  one\ttwo\r\nthree ").words == 3, "any space is between words",
          count("  one\ttwo\r\nthree ").words);
    struct textstat s = count("bee ape bumblebee elephants");
    check(strcmp(s.longest, "bumblebee") == 0, "the first of the longest words", s.longest_length);
}

static void test_characters(void)
{
    struct textstat s = count("Öl für \xE2\x82\xAC 5"); // the three bytes are a euro sign
    check(s.characters == 10, "a character is one, however many bytes it has", s.characters);
    check(s.bytes == 14, "bytes are counted, too", s.bytes);
    check(count("Übermut").longest_length == 7, "so is the length of a word",
          count("Übermut").longest_length);
}

static void test_a_very_long_word(void)
{
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct textstat s = count(text);
    check(s.words == 1 && s.longest_length == 999, "it is one word", s.longest_length);
    check(strlen(s.longest) == TEXTSTAT_WORD_MAX, "its beginning is kept", strlen(s.longest));
}

// A text comes in pieces, which may end anywhere.
static void test_pieces(void)
{
    const char *text = "one two\nthree\n";
    struct textstat whole = count(text);
    int good = 1;
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct textstat s;
        textstat_init(&s);
        textstat_add(&s, text, cut);
        textstat_add(&s, text + cut, strlen(text) - cut);
        textstat_end(&s);
        good = good && s.lines == whole.lines && s.words == whole.words &&
               strcmp(s.longest, whole.longest) == 0;
    }
    check(good, "pieces are as the whole", strlen(text));
}

static void test_several_files(void)
{
    struct textstat s;
    textstat_init(&s);
    for (int i = 0; i < 2; i++) {
        FILE *file = tmpfile();
        if (!file) {
            check(0, "a temporary file", 0);
            return;
        }
        fputs("word", file);
        rewind(file);
        check(textstat_add_file(&s, file) == 0, "a file is read", s.bytes);
        fclose(file);
    }
    check(s.words == 2 && s.lines == 2, "words do not go on in the next file", s.words);
}

int main(void)
{
    test_lines();
    test_words();
    test_characters();
    test_a_very_long_word();
    test_pieces();
    test_several_files();
    return failures != 0;
}
