// SPDX-License-Identifier: MIT
#include "pisdk/ui.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/printable.h"
#include "base/str.h"
#include "pisdk/spinner.h"

enum { BAR_WIDTH = 24, COLUMNS_MIN = 40, DEFAULT_WIDTH = 80, PERCENT = 100, MARK = 3 };

#define RED        "\033[1;31m"
#define YELLOW     "\033[1;33m"
#define CYAN       "\033[36m"
#define DIM        "\033[2m"
#define PLAIN      "\033[0m"
#define CLEAR_LINE "\r\033[K"

static bool colors_output;

bool ui_colors_output(void)
{
    return colors_output;
}

int ui_terminal_width(int fd)
{
    struct winsize size = {0};
    if (!isatty(fd)) {
        return 0;
    }
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : DEFAULT_WIDTH;
}

// "auto": on a terminal that can show them, unless the user wants none.
static bool may_color(int fd)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    bool dumb = !term || strcmp(term, "dumb") == 0;
    return isatty(fd) && !dumb && !(no_color && *no_color);
}

int ui_init(struct ui *ui, int verbosity, const char *color, bool progress, struct err *err)
{
    bool terminal = isatty(STDERR_FILENO) != 0;
    const char *term = getenv("TERM");
    bool dumb = !term || strcmp(term, "dumb") == 0;

    pthread_mutex_init(&ui->lock, NULL);
    ui->verbosity = verbosity;
    ui->bar_shown = false;
    ui->spinner = 0;
    ui->progress = progress && terminal && !dumb && verbosity >= 0;
    ui->color = may_color(STDERR_FILENO);
    colors_output = may_color(STDOUT_FILENO);
    if (color && strcmp(color, "always") == 0) {
        ui->color = colors_output = true;
    } else if (color && strcmp(color, "never") == 0) {
        ui->color = colors_output = false;
    } else if (color && strcmp(color, "auto") != 0) {
        return err_set(err, ERR_USAGE, "--color is auto, always or never, not `%s`", color);
    }
    return 0;
}

static void clear_spinner_locked(struct ui *ui)
{
    if (ui->spinner) {
        spinner_end(ui->spinner);
        ui->spinner = 0;
    }
}

static void clear_bar_locked(struct ui *ui)
{
    if (ui->bar_shown) {
        fputs(CLEAR_LINE, stderr);
        ui->bar_shown = false;
    }
    clear_spinner_locked(ui);
}

void ui_clear_bar(struct ui *ui)
{
    pthread_mutex_lock(&ui->lock);
    clear_bar_locked(ui);
    pthread_mutex_unlock(&ui->lock);
}

static const char *paint(const struct ui *ui, const char *sequence)
{
    return ui->color ? sequence : "";
}

static void on_message(void *user, enum log_level level, const char *text)
{
    struct ui *ui = user;
    _cleanup_free_ char *shown = printable(text, PRINTABLE_TEXT);
    int needed = level == LOG_DEBUG ? 1 : level == LOG_INFO ? 0 : -1;
    if (ui->verbosity < needed) {
        return;
    }
    pthread_mutex_lock(&ui->lock);
    clear_bar_locked(ui);
    if (level == LOG_WARNING) {
        fprintf(stderr, "%swarning:%s %s\n", paint(ui, YELLOW), paint(ui, PLAIN), shown);
    } else if (level == LOG_DEBUG) {
        fprintf(stderr, "%s%s%s\n", paint(ui, DIM), shown, paint(ui, PLAIN));
    } else {
        fprintf(stderr, "%s\n", shown);
    }
    pthread_mutex_unlock(&ui->lock);
}

// What turns, for work of no known size; NULL: it has ended.
static void show_working(struct ui *ui, const char *task)
{
    _cleanup_free_ char *shown = task ? printable(task, PRINTABLE_LINE) : NULL;
    pthread_mutex_lock(&ui->lock);
    clear_bar_locked(ui);
    if (shown) {
        int width = ui_terminal_width(STDERR_FILENO);
        shown[strnlen(shown, width > MARK ? (size_t)(width - MARK) : 0)] = '\0';
        ui->spinner = spinner_begin(shown);
    }
    pthread_mutex_unlock(&ui->lock);
}

static void on_progress(void *user, const char *task, uint64_t done, uint64_t total)
{
    struct ui *ui = user;
    if (!ui->progress) {
        return;
    }
    if (total == 0) {
        show_working(ui, task);
        return;
    }
    if (done > total) {
        done = total;
    }
    char bar[BAR_WIDTH + 1];
    size_t filled = (size_t)(done * BAR_WIDTH / total);
    memset(bar, '-', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = '\0';
    char counted[80];
    char a[32];
    char b[32];
    if (total >= 10000) { // bytes; else packages
        snprintf(counted, sizeof(counted), "%s of %s", str_size(a, done), str_size(b, total));
    } else {
        snprintf(counted, sizeof(counted), "%d of %d", (int)done, (int)total);
    }
    _cleanup_free_ char *shown = printable(task, PRINTABLE_LINE);
    pthread_mutex_lock(&ui->lock);
    clear_spinner_locked(ui);
    if (ui_terminal_width(STDERR_FILENO) >= COLUMNS_MIN + BAR_WIDTH) {
        fprintf(stderr, CLEAR_LINE "%s [%s%s%s] %s", shown, paint(ui, CYAN), bar, paint(ui, PLAIN),
                counted);
    } else {
        fprintf(stderr, CLEAR_LINE "%s %d %%", shown, (int)(done * PERCENT / total));
    }
    fflush(stderr);
    ui->bar_shown = true;
    pthread_mutex_unlock(&ui->lock);
}

struct log ui_log(struct ui *ui)
{
    return (struct log){ui, on_message, on_progress};
}

void ui_error(struct ui *ui, const struct err *err)
{
    _cleanup_free_ char *msg = printable(err->msg, PRINTABLE_TEXT);
    _cleanup_free_ char *hint = printable(err->hint, PRINTABLE_TEXT);
    pthread_mutex_lock(&ui->lock);
    clear_bar_locked(ui);
    fprintf(stderr, "%serror:%s %s\n", paint(ui, RED), paint(ui, PLAIN), msg);
    if (err->hint[0]) {
        fprintf(stderr, "%shint:%s %s\n", paint(ui, CYAN), paint(ui, PLAIN), hint);
    }
    pthread_mutex_unlock(&ui->lock);
}
