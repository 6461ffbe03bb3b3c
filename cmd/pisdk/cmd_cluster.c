// `pisdk cluster`: emulated boards on a network of their own.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/printable.h"
#include "base/proc.h"
#include "cluster/cluster.h"
#include "cluster_choice.h"
#include "shown.h"
#include "target.h"

enum { KBIT_A_MBIT = 1000, STORAGE_MB = 8192, PATH_OUTPUT_MAX = 1 << 14 };

// A rate as tc(8) writes it: 100mbit, 512kbit, 1gbit; "none" is 0.
static int read_rate(const char *text, uint64_t *kbit, struct err *err)
{
    static const struct {
        const char *unit;
        uint64_t kbit;
    } units[] = {{"kbit", 1}, {"mbit", 1000}, {"gbit", 1000000}};
    enum { DIGITS_MAX = 9 };
    size_t digits = strspn(text, "0123456789");

    *kbit = 0;
    if (strcmp(text, "none") == 0) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(units) && digits >= 1 && digits <= DIGITS_MAX; i++) {
        if (strcasecmp(text + digits, units[i].unit) == 0) {
            *kbit = strtoull(text, NULL, 10) * units[i].kbit;
        }
    }
    if (*kbit > 0) {
        return 0;
    }
    err_set(err, ERR_USAGE, "`%s` is not a valid rate", text);
    return err_hint(err, "for example 100mbit, 512kbit or 1gbit; none for no limit");
}

// Where the image of the boards is: `pisdk cluster image` makes it where it has to.
static char *find_image(struct app *app, struct err *err)
{
    const char *sysroot = input_value(&app->input, "sysroot");
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf out = {0};
    const struct proc_capture capture = {.input = -1, .max = PATH_OUTPUT_MAX, .out = &out};
    int status = 0;

    strv_add_list(&argv, app->paths.program, "cluster", "image", NULL);
    if (sysroot) {
        strv_add_list(&argv, "--sysroot", sysroot, NULL);
    }
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return NULL;
    }
    if (status != 0 || out.len < 2) {
        err_set(err, ERR_FAILED, "the boards have no image yet");
        err_hint(err, "make it with `pisdk cluster image`, from the same mirror as the sysroot");
        return NULL;
    }
    return xstrndup(out.data, out.len - 1);
}

static int choose_shown(struct app *app, struct strv *shown, struct err *err)
{
    const struct strv *given = input_values(&app->input, "show");
    if (app->has_project) {
        strv_add(shown, app->project.dir);
    }
    for (size_t i = 0; i < given->n; i++) {
        char *path = fs_real_path(given->items[i]);
        if (!path || !fs_is_dir(path)) {
            free(path);
            return err_set(err, ERR_NOT_FOUND, "cannot show %s to the boards: no such folder",
                           given->items[i]);
        }
        if (shown_is_boards_own(path) || fs_is_below(path, "/home/pi")) {
            err_set(err, ERR_USAGE, "the boards have their own %s", path);
            free(path);
            return -1;
        }
        strv_take(shown, path);
    }
    return 0;
}

static int bring_up(struct app *app, struct target *target, const char *name, struct err *err)
{
    const struct board *board = &target->board;
    const char *rate = input_value(&app->input, "rate");
    _cleanup_strv_ struct strv shown = {0};
    struct sysroot image;
    long boards;
    struct cluster_options o = {
        .runtime = app->paths.runtime,
        .name = name,
        .board = board,
        .rate_kbit = (uint64_t)board->link_mbit * KBIT_A_MBIT,
        .storage_mb = STORAGE_MB,
        .visible = &shown,
        .pisdk = app->paths.program,
    };
    if (input_number(&app->input, "boards", 4, 1, CLUSTER_BOARDS_MAX, &boards, err) != 0 ||
        (rate && read_rate(rate, &o.rate_kbit, err) != 0) || choose_shown(app, &shown, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *dir = find_image(app, err);
    if (!dir || sysroot_open(app->paths.data, dir, &image, err) != 0) {
        return -1;
    }
    double start = clock_seconds();
    o.boards = (size_t)boards;
    o.image = image.dir;
    o.environment = &image.lock.environment;
    int r = cluster_up(&o, err);
    sysroot_release(&image);
    if (r == 0) {
        char seconds[32];
        log_info(&app->log, "cluster `%s`: %ld board%s (%s), up in %s", name, boards,
                 boards == 1 ? "" : "s", board->title,
                 str_seconds(seconds, clock_seconds() - start));
        if (shown.n) {
            log_info(&app->log, "pisdk cluster ssh pi1; pisdk run --on cluster -n %ld", boards);
        } else {
            log_info(&app->log,
                     "pisdk cluster ssh pi1 (--show DIR lets programs in DIR run there)");
        }
    }
    return r;
}

int cmd_cluster_up(struct app *app, struct err *err)
{
    struct target target;
    _cleanup_free_ char *name = cluster_choice_new(app, err);

    if (!name || target_choose(app, &target, err) != 0) {
        return -1;
    }
    int r = bring_up(app, &target, name, err);
    target_release(&target);
    return r == 0 ? EXIT_OK : -1;
}

static int choose(struct app *app, struct cluster *c, struct err *err)
{
    return cluster_choose(app, input_value(&app->input, "name"), c, err);
}

static int take_down(struct app *app, struct cluster *c, struct err *err)
{
    int r = cluster_down(c, err);
    if (r == 0) {
        log_info(&app->log, "cluster `%s` is down", c->name);
    }
    cluster_release(c);
    return r;
}

int cmd_cluster_down(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    struct cluster c;

    if (!input_flag(&app->input, "all")) {
        return choose(app, &c, err) == 0 && take_down(app, &c, err) == 0 ? EXIT_OK : -1;
    }
    if (cluster_names(app->paths.runtime, &names, err) != 0) {
        return -1;
    }
    int r = 0;
    for (size_t i = 0; i < names.n; i++) {
        struct err own = ERR_INIT;
        if (cluster_open(app->paths.runtime, names.items[i], &c, &own) != 0
                ? own.code != ERR_NOT_FOUND // somebody else was faster
                : take_down(app, &c, &own) != 0) {
            *err = own;
            r = -1;
        }
    }
    return r == 0 ? EXIT_OK : -1;
}

static int list_boards(struct app *app, const char *name, struct table *t, struct err *err)
{
    struct cluster c;
    struct cluster_status status;

    if (cluster_open(app->paths.runtime, name, &c, err) != 0) {
        return -1;
    }
    int r = cluster_get_status(&c, &status, err);
    for (size_t i = 0; r == 0 && i < status.n; i++) {
        const struct cluster_board *b = &status.boards[i];
        table_text(t, c.name);
        table_text(t, b->name);
        table_text(t, b->state);
        table_text(t, b->address);
        table_number(t, b->processes);
        table_number(t, b->memory);
        table_number(t, b->storage);
        table_number(t, b->rate);
    }
    if (r == 0) {
        cluster_status_release(&status);
    }
    cluster_release(&c);
    return r;
}

int cmd_cluster_status(struct app *app, struct err *err)
{
    static const struct column columns[] = {
        {"cluster", COLUMN_TEXT}, {"board", COLUMN_TEXT},       {"state", COLUMN_TEXT},
        {"address", COLUMN_TEXT}, {"processes", COLUMN_NUMBER}, {"memory", COLUMN_SIZE},
        {"storage", COLUMN_SIZE}, {"kbit", COLUMN_NUMBER},
    };
    const char *given = input_value(&app->input, "name");
    _cleanup_strv_ struct strv names = {0};

    if (given) {
        strv_add(&names, given);
    } else if (cluster_names(app->paths.runtime, &names, err) != 0) {
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    int r = 0;
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        r = list_boards(app, names.items[i], t, err);
        if (r != 0 && !given) { // it may just be ending
            log_warning(&app->log, "cluster `%s` does not answer: %s", names.items[i], err->msg);
            err_clear(err);
            r = 0;
        }
    }
    if (r == 0) {
        table_print(t, app->json);
    }
    if (names.n == 0) {
        log_info(&app->log, "no cluster is running");
    }
    table_free(t);
    return r == 0 ? EXIT_OK : -1;
}

int cmd_cluster_ssh(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    struct cluster c;

    if (choose(app, &c, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *config = fs_join(c.dir, "ssh_config");
    cluster_release(&c);
    strv_add_list(&argv, "ssh", "-F", config, NULL);
    strv_add_all(&argv, app->input.args.items);
    strv_add_all(&argv, app->input.rest.items);
    execvp(argv.items[0], argv.items);
    err_sys(err, "cannot run ssh");
    return errno == ENOENT ? err_hint(err, "sudo apt install openssh-client") : -1;
}

int cmd_cluster_ssh_config(struct app *app, struct err *err)
{
    enum { CONFIG_MAX = 1 << 20 };
    _cleanup_strbuf_ struct strbuf text = {0};
    struct cluster c;

    if (choose(app, &c, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *config = fs_join(c.dir, "ssh_config");
    cluster_release(&c);
    if (input_flag(&app->input, "path")) {
        puts(config);
        return EXIT_OK;
    }
    if (fs_read_file(config, CONFIG_MAX, &text, err) != 0) {
        return -1;
    }
    fputs(text.data, stdout);
    return EXIT_OK;
}

static int print_log(const char *folder, const char *name, struct err *err)
{
    enum { LOG_MAX = 64 << 20 };
    _cleanup_free_ char *path = fs_join(folder, name);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct slice line;

    if (fs_read_file(path, LOG_MAX, &text, err) != 0) {
        return -1;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line); // sshd ends its lines with a carriage return
        _cleanup_free_ char *one = slice_dup(line);
        _cleanup_free_ char *shown = printable(one, PRINTABLE_LINE);
        printf("%s: %s\n", name, shown);
    }
    return 0;
}

int cmd_cluster_logs(struct app *app, struct err *err)
{
    const char *board = app->input.args.n ? app->input.args.items[0] : NULL;
    _cleanup_strv_ struct strv names = {0};
    struct cluster c;

    if (choose(app, &c, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *folder = fs_join(c.dir, "log");
    cluster_release(&c);
    if (fs_list_dir(folder, &names, err) != 0) {
        return -1;
    }
    if (board && !strv_has(&names, board)) {
        return err_set(err, ERR_NOT_FOUND, "the cluster has no board `%s`", board);
    }
    for (size_t i = 0; i < names.n; i++) {
        if ((!board || strcmp(board, names.items[i]) == 0) &&
            print_log(folder, names.items[i], err) != 0) {
            return -1;
        }
    }
    return EXIT_OK;
}

static int set_fault(struct app *app, enum cluster_fault fault, uint64_t value, struct err *err)
{
    struct cluster c;
    int r = 0;

    if (choose(app, &c, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < app->input.args.n; i++) { // one that fails does not spare the others
        struct err own = ERR_INIT;
        if (cluster_set_fault(&c, fault, app->input.args.items[i], value, &own) != 0) {
            *err = r == 0 ? own : *err;
            r = -1;
        }
    }
    cluster_release(&c);
    return r == 0 ? EXIT_OK : -1;
}

int cmd_cluster_kill(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_KILL, 0, err);
}

int cmd_cluster_start(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_START, 0, err);
}

int cmd_cluster_cut(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_CUT, 0, err);
}

int cmd_cluster_heal(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_HEAL, 0, err);
}

int cmd_cluster_fill(struct app *app, struct err *err)
{
    return set_fault(app, CLUSTER_FILL, 0, err);
}

int cmd_cluster_limit(struct app *app, struct err *err)
{
    const char *rate = input_value(&app->input, "rate");
    uint64_t kbit = 0;

    if (!rate) {
        err_set(err, ERR_USAGE, "`pisdk cluster limit` needs a rate");
        return err_hint(err, "pisdk cluster limit pi2 --rate 10mbit");
    }
    return read_rate(rate, &kbit, err) == 0 ? set_fault(app, CLUSTER_LIMIT, kbit, err) : -1;
}

int cmd_cluster_slow(struct app *app, struct err *err)
{
    enum { DEFAULT = 10, MAX = 99 };
    long speed;
    if (input_number(&app->input, "speed", DEFAULT, 1, MAX, &speed, err) != 0) {
        return -1;
    }
    return set_fault(app, CLUSTER_SLOW, (uint64_t)speed, err);
}
