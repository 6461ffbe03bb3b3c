// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/printable.h"
#include "base/str.h"
#include "pisdk/ui.h"

enum { TABLE_COLUMNS_MAX = 12, WIDTH_MAX = 4096, SEPARATOR = 2 };

#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RED    "\033[31m"
#define PLAIN  "\033[0m"

struct table {
    struct column columns[TABLE_COLUMNS_MAX];
    size_t n_columns;
    struct strv cells; // as JSON needs them: numbers in full
};

struct table *table_new(const struct column *columns, size_t n)
{
    struct table *t = xcalloc(1, sizeof(*t));
    if (n == 0 || n > TABLE_COLUMNS_MAX) {
        abort();
    }
    memcpy(t->columns, columns, n * sizeof(*columns));
    t->n_columns = n;
    return t;
}

void table_text(struct table *t, const char *text)
{
    strv_add(&t->cells, text ? text : "");
}

void table_number(struct table *t, unsigned long long number)
{
    strv_addf(&t->cells, "%llu", number);
}

void table_free(struct table *t)
{
    strv_release(&t->cells);
    free(t);
}

json_t *ui_json_text(const char *text)
{
    _cleanup_free_ char *valid = printable(text, PRINTABLE_UTF8);
    return json_string(valid);
}

static json_t *json_cell(enum column_type type, const char *cell)
{
    if (*cell == '\0' && type != COLUMN_BOOL) {
        return json_null();
    }
    switch (type) {
    case COLUMN_NUMBER:
    case COLUMN_SIZE:
        return json_integer((json_int_t)strtoull(cell, NULL, 10));
    case COLUMN_BOOL:
        return json_boolean(strcmp(cell, "yes") == 0);
    default:
        return ui_json_text(cell);
    }
}

// Not by smartcols, whose JSON is an object around the rows, and passes bytes on that are no UTF-8.
static void print_json(const struct table *t)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < t->cells.n; i += t->n_columns) {
        json_t *row = json_object();
        for (size_t c = 0; c < t->n_columns; c++) {
            json_object_set_new(row, t->columns[c].key,
                                json_cell(t->columns[c].type, t->cells.items[i + c]));
        }
        json_array_append_new(rows, row);
    }
    json_dumpf(rows, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(rows);
}

// As people read it, without blanks at its end; the caller frees it.
static char *human_cell(enum column_type type, const char *cell)
{
    char size[32];
    char *text = type == COLUMN_SIZE && *cell ? xstrdup(str_size(size, strtoull(cell, NULL, 10)))
                                              : printable(cell, PRINTABLE_LINE);
    for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--) {
        text[n - 1] = '\0';
    }
    return text;
}

static const char *color_of(const struct table *t, size_t column, const char *cell)
{
    static const struct {
        const char *verdict, *color;
    } known[] = {{"ok", GREEN},    {"up", GREEN},  {"optional", YELLOW},
                 {"missing", RED}, {"wrong", RED}, {"down", RED},
                 {"off", RED},     {"cut", RED},   {"note", YELLOW}};
    if (t->columns[column].type != COLUMN_VERDICT || !ui_colors_output()) {
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (strcmp(known[i].verdict, cell) == 0) {
            return known[i].color;
        }
    }
    return NULL;
}

// The columns of a terminal that a text takes; UTF-8 in, and the locale is that.
static size_t text_width(const char *text)
{
    wchar_t wide[WIDTH_MAX];
    size_t n = mbstowcs(wide, text, WIDTH_MAX);
    int width = n == (size_t)-1 || n == WIDTH_MAX ? -1 : wcswidth(wide, n);
    return width < 0 ? strlen(text) : (size_t)width;
}

static size_t table_width(const struct table *t)
{
    size_t all = 0;
    for (size_t c = 0; c < t->n_columns; c++) {
        size_t widest = strlen(t->columns[c].key);
        for (size_t i = c; i < t->cells.n; i += t->n_columns) {
            _cleanup_free_ char *cell = human_cell(t->columns[c].type, t->cells.items[i]);
            size_t width = text_width(cell);
            widest = width > widest ? width : widest;
        }
        all += widest + (c ? SEPARATOR : 0);
    }
    return all;
}

static void print_heading(const char *key)
{
    for (; *key; key++) {
        putchar(toupper((unsigned char)*key));
    }
}

static void print_cell(const struct table *t, size_t column, const char *cell)
{
    const char *color = color_of(t, column, cell);
    printf("%s%s%s", color ? color : "", cell, color ? PLAIN : "");
}

// Row by row: the first cell, with the verdict when that is the second, and below it the others
// that are not empty.
static void print_rows(const struct table *t)
{
    for (size_t i = 0; i < t->cells.n; i++) {
        size_t c = i % t->n_columns;
        _cleanup_free_ char *cell = human_cell(t->columns[c].type, t->cells.items[i]);
        bool beside = c == 1 && t->columns[c].type == COLUMN_VERDICT;
        if (beside) {
            fputs("  ", stdout);
        } else if (c > 0 && *cell) {
            fputs("\n    ", stdout);
            print_heading(t->columns[c].key);
            fputs("  ", stdout);
        }
        print_cell(t, c, cell);
        if (c + 1 == t->n_columns) {
            putchar('\n');
        }
    }
}

static struct libscols_table *new_text_table(const struct table *t)
{
    struct libscols_table *out = scols_new_table();
    bool good = out && scols_table_set_column_separator(out, "  ") == 0;
    for (size_t c = 0; c < t->n_columns && good; c++) {
        bool right = t->columns[c].type == COLUMN_NUMBER || t->columns[c].type == COLUMN_SIZE;
        _cleanup_free_ char *heading = xstrdup(t->columns[c].key);
        for (char *p = heading; *p; p++) {
            *p = (char)toupper((unsigned char)*p);
        }
        good = scols_table_new_column(out, heading, 0, right ? SCOLS_FL_RIGHT : 0) != NULL;
    }
    if (!good) {
        abort(); // out of memory
    }
    scols_table_set_termforce(out, SCOLS_TERMFORCE_NEVER); // no cell is cut, wherever it goes
    scols_table_enable_minout(out, 1);                     // no blanks at the end of a line
    scols_table_enable_colors(out, ui_colors_output());
    scols_table_enable_noencoding(out, 1); // `printable` has done it
    return out;
}

static void print_columns(const struct table *t)
{
    struct libscols_table *out = new_text_table(t);
    for (size_t i = 0; i < t->cells.n; i += t->n_columns) {
        struct libscols_line *line = scols_table_new_line(out, NULL);
        for (size_t c = 0; c < t->n_columns; c++) {
            char *cell = human_cell(t->columns[c].type, t->cells.items[i + c]);
            const char *color = color_of(t, c, cell);
            if (!line || scols_line_refer_data(line, c, cell) != 0) {
                abort(); // out of memory
            }
            if (color) {
                scols_cell_set_color(scols_line_get_cell(line, c), color);
            }
        }
    }
    scols_print_table(out);
    scols_unref_table(out);
}

static void print_table(const struct table *t)
{
    size_t terminal = (size_t)ui_terminal_width(STDOUT_FILENO);
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); // which `printable` gives
    locale_t before = uselocale(utf8);
    if (terminal > 0 && table_width(t) > terminal) {
        print_rows(t);
    } else {
        print_columns(t);
    }
    uselocale(before);
    if (utf8) {
        freelocale(utf8);
    }
}

void table_print(const struct table *t, bool json)
{
    if (json) {
        print_json(t);
    } else if (t->n_columns > 0 && t->cells.n > 0) {
        print_table(t);
    }
}

void ui_print_assignments(const struct strv *assignments)
{
    json_t *object = json_object();
    for (size_t i = 0; i < assignments->n; i++) {
        const char *equals = strchr(assignments->items[i], '=');
        _cleanup_free_ char *name =
            xstrndup(assignments->items[i], (size_t)(equals - assignments->items[i]));
        json_object_set_new(object, name, ui_json_text(equals + 1));
    }
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}
