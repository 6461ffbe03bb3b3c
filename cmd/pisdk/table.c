#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "base/printable.h"
#include "base/str.h"
#include "pisdk/ui.h"

enum { TABLE_COLUMNS_MAX = 12 };

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

// As people read it; the caller frees it.
static char *human_cell(enum column_type type, const char *cell)
{
    char size[32];
    return type == COLUMN_SIZE && *cell ? xstrdup(str_size(size, strtoull(cell, NULL, 10)))
                                        : printable(cell, PRINTABLE_LINE);
}

// One row, columns as wide as their longest cell; numbers to the right; no blanks at the end.
static void print_row(const struct table *t, char *const *cells, const size_t *widths)
{
    _cleanup_strbuf_ struct strbuf line = {0};
    for (size_t c = 0; c < t->n_columns; c++) {
        bool right = t->columns[c].type == COLUMN_NUMBER || t->columns[c].type == COLUMN_SIZE;
        _cleanup_free_ char *cell = human_cell(t->columns[c].type, cells[c]);
        int width = (int)widths[c];
        strbuf_addf(&line, "%s%*s", c ? "  " : "", right ? width : -width, cell);
    }
    while (line.len && line.data[line.len - 1] == ' ') {
        line.data[--line.len] = '\0';
    }
    puts(line.data);
}

static void print_headings(const struct table *t, const size_t *widths)
{
    _cleanup_strv_ struct strv headings = {0};
    struct table text = {.n_columns = t->n_columns}; // headings are text, whatever is below
    for (size_t c = 0; c < t->n_columns; c++) {
        char *heading = xstrdup(t->columns[c].key);
        for (char *p = heading; *p; p++) {
            *p = (char)toupper((unsigned char)*p);
        }
        strv_take(&headings, heading);
        bool right = t->columns[c].type == COLUMN_NUMBER || t->columns[c].type == COLUMN_SIZE;
        text.columns[c].type = right ? COLUMN_NUMBER : COLUMN_TEXT;
    }
    print_row(&text, headings.items, widths);
}

static void print_table(const struct table *t)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    for (size_t c = 0; c < t->n_columns; c++) {
        widths[c] = strlen(t->columns[c].key);
    }
    for (size_t i = 0; i < t->cells.n; i++) {
        size_t c = i % t->n_columns;
        _cleanup_free_ char *cell = human_cell(t->columns[c].type, t->cells.items[i]);
        size_t n = strlen(cell);
        widths[c] = n > widths[c] ? n : widths[c];
    }
    print_headings(t, widths);
    for (size_t i = 0; i < t->cells.n; i += t->n_columns) {
        print_row(t, t->cells.items + i, widths);
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
