// SPDX-License-Identifier: MIT
// How pisdk speaks: results on standard output, everything else on standard error.
//
// The progress bar, or what turns where no length is known, is drawn on a terminal only, on the
// last line, and is gone before anything else is printed. Colours follow --color, NO_COLOR
// (https://no-color.org) and whether it is a terminal.
#ifndef PISDK_UI_H
#define PISDK_UI_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

struct ui {
    int verbosity; // -1 quiet, 0 normal, 1 verbose
    bool color;    // on standard error
    bool progress;
    bool bar_shown;
    pid_t spinner; // 0: none
    pthread_mutex_t lock;
};

// `color` is "auto", "always" or "never".
int ui_init(struct ui *ui, int verbosity, const char *color, bool progress,
            struct err *err) ERR_MUST_CHECK;

// The log that speaks through this ui, which must stay where it is.
struct log ui_log(struct ui *ui);

void ui_clear_bar(struct ui *ui);
// May standard output have colours?
bool ui_colors_output(void);
// The columns of the terminal behind a descriptor; 0: not a terminal.
int ui_terminal_width(int fd);
void ui_error(struct ui *ui, const struct err *err); // the message and its hint

// A listing, printed as a table or as JSON: an array of objects, one a row. The keys of the columns
// are the names in JSON; headings are the keys in capitals. Cells of a number column are numbers in
// JSON. Everything is copied.
// A verdict is a text that is coloured on a terminal: ok, optional, missing, ….
enum column_type { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_SIZE, COLUMN_BOOL, COLUMN_VERDICT };

struct column {
    const char *key;
    enum column_type type;
};

struct table;
struct table *table_new(const struct column *columns, size_t n);
// One cell after the other, row by row; NULL is an empty one, in any column: null in JSON.
void table_text(struct table *t, const char *text);
void table_number(struct table *t, unsigned long long number);
// Prints to standard output. What is too wide for a terminal is printed row by row, a line for each
// cell, so that nothing is cut and a command in it can be pasted.
void table_print(const struct table *t, bool json);
void table_free(struct table *t);

// A string of JSON, whatever the bytes are: those that are no UTF-8 are shown as \xNN.
struct json_t *ui_json_text(const char *text);

// NAME=VALUE texts, printed to standard output as one JSON object.
void ui_print_assignments(const struct strv *assignments);

#endif
