// SPDX-License-Identifier: MIT
// `pisdk predict`: how long the program would take on boards that are not there.

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/cluster/rate.h"
#include "pisdk/project/trace.h"
#include "predict/advice.h"
#include "predict/build.h"
#include "predict/figures.h"
#include "run/record.h"

enum {
    SIZES_MAX = 32,
    BOARDS_MAX = 1024,
    PERCENT = 100,
    KBIT_A_GBIT = 1000000,
    BYTES_A_KBIT = 125
};

#define BOARDS_USUAL "1,2,4,8,16"

// What a network that is faster than the given one is called, and how fast it is.
#define GIGABIT "1 Gbit/s"
// A network below this share of a gigabit would gain by one.
#define CLEARLY_LESS 0.8

// A prediction for each number of boards, and what it is made from.
struct predicting {
    struct app *app;
    long boards[SIZES_MAX];
    size_t n;
    long ranks_per_board;
    struct board board;
    uint64_t link_kbit; // 0: the board's
    double latency;     // 0: the usual
    enum predict_bound bound;
    bool calibrated;
    struct predict_figures figures;
    struct predict_desktop desktop;
    struct strv args;
    char *program, *folder;
    struct trace_place trace;
    struct prediction results[SIZES_MAX];
    char *advice;
};

// --- What is asked for ---------------------------------------------------------------------------

static int by_number(const void *a, const void *b)
{
    long x = *(const long *)a;
    long y = *(const long *)b;
    return (x > y) - (x < y);
}

static int read_boards(struct predicting *p, struct err *err)
{
    const char *given = input_value(&p->app->input, "boards");
    const char *text = given ? given : BOARDS_USUAL;
    struct slice rest = {text, strlen(text)};
    struct slice part;
    while (slice_cut(&rest, ',', &part)) {
        _cleanup_free_ char *word = slice_dup(part);
        char *end = NULL;
        long boards = strtol(word, &end, 10);
        if (end == word || *end || boards < 1 || boards > BOARDS_MAX || p->n == SIZES_MAX) {
            err_set(err, ERR_USAGE, "--boards: `%s` is not a list of numbers from 1 to %d", text,
                    BOARDS_MAX);
            return err_hint(err, "for example --boards " BOARDS_USUAL);
        }
        p->boards[p->n++] = boards;
    }
    if (p->n == 0) {
        err_set(err, ERR_USAGE, "--boards: the list is empty");
        return err_hint(err, "for example --boards " BOARDS_USUAL);
    }
    qsort(p->boards, p->n, sizeof(*p->boards), by_number);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (n == 0 || p->boards[n - 1] != p->boards[i]) {
            p->boards[n++] = p->boards[i];
        }
    }
    p->n = n;
    return 0;
}

// "100us", "0.2ms".
static int read_latency(struct predicting *p, struct err *err)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    const char *text = input_value(&p->app->input, "latency");
    char *end = NULL;
    double number = text ? strtod(text, &end) : 0;
    for (size_t i = 0; text && end != text && i < ARRAY_SIZE(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            p->latency = number * units[i].seconds;
        }
    }
    if (text && !(p->latency > 0 && p->latency < 10)) {
        err_set(err, ERR_USAGE, "--latency: `%s` is not a time", text);
        return err_hint(err, "for example --latency 100us, or 0.2ms");
    }
    return 0;
}

static int read_link(struct predicting *p, struct err *err)
{
    const char *text = input_value(&p->app->input, "link");
    if (!text || (cluster_read_rate(text, &p->link_kbit, err) == 0 && p->link_kbit > 0)) {
        return 0;
    }
    err_set(err, ERR_USAGE, "--link: `%s` is not a rate", text);
    return err_hint(err, "for example --link 1gbit, or 100mbit");
}

static int read_bound(struct predicting *p, struct err *err)
{
    static const char *const words[] = {"cache", "memory", "both"};
    const char *text = input_value(&p->app->input, "bound");
    p->bound = PREDICT_BOTH;
    for (size_t i = 0; text && i < ARRAY_SIZE(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            p->bound = (enum predict_bound)i;
            return 0;
        }
    }
    return text ? err_set(err, ERR_USAGE, "--bound is cache, memory or both, not `%s`", text) : 0;
}

// What was measured on the project's boards counts, unless some board is asked for.
static int read_figures(struct predicting *p, struct err *err)
{
    struct app *app = p->app;
    const char *asked = input_value(&app->input, "board");
    _cleanup_free_ char *file = fs_join(app->project.dir, PREDICT_FILE);
    struct predict_calibration c;
    if (target_choose_board(&app->work, asked, &p->board, err) != 0 ||
        predict_figures_of_board(&p->board, p->link_kbit, p->latency, &p->figures, err) != 0) {
        return -1;
    }
    if (asked || !fs_exists(file)) {
        return 0;
    }
    if (predict_calibration_read(file, &c, err) != 0) {
        return -1;
    }
    const struct predict_figures asked_for = p->figures;
    predict_calibration_apply(&c, &p->figures);
    predict_calibration_release(&c);
    p->figures.bandwidth = p->link_kbit ? asked_for.bandwidth : p->figures.bandwidth;
    p->figures.latency = p->latency > 0 ? asked_for.latency : p->figures.latency;
    p->calibrated = true;
    return 0;
}

static int check_ranks(struct predicting *p, struct err *err)
{
    const struct input *in = &p->app->input;
    if (input_number(in, "ranks-per-board", p->figures.cores, 1, PROJECT_RANKS_MAX,
                     &p->ranks_per_board, err) != 0) {
        return -1;
    }
    long most = p->boards[p->n - 1];
    if (most * p->ranks_per_board > SIMULATE_RANKS_MAX) {
        err_set(err, ERR_USAGE, "%ld ranks are too many: %d can be simulated",
                most * p->ranks_per_board, SIMULATE_RANKS_MAX);
        return err_hint(err, "--boards %ld", SIMULATE_RANKS_MAX / p->ranks_per_board);
    }
    return 0;
}

static int read_request(struct predicting *p, struct err *err)
{
    const struct input *in = &p->app->input;
    strv_add_all(&p->args, in->args.n ? in->args.items + 1 : NULL);
    strv_add_all(&p->args, in->rest.items);
    return read_boards(p, err) == 0 && read_latency(p, err) == 0 && read_link(p, err) == 0 &&
                   read_bound(p, err) == 0 && read_figures(p, err) == 0
               ? check_ranks(p, err)
               : -1;
}

// --- Simulating ----------------------------------------------------------------------------------

static int prepare(struct predicting *p, struct err *err)
{
    struct app *app = p->app;
    const char *word = app->input.args.n ? app->input.args.items[0] : NULL;
    struct toolset tools;
    if (simulator_make_toolset(&app->paths, &app->log, &tools, err) != 0) {
        return -1;
    }
    int r = predict_build(&app->work, &tools, word, &p->program, err);
    toolset_release(&tools);
    p->folder = xasprintf("%s/predict/run-%d", app->paths.cache, (int)getpid());
    return r == 0 ? predict_desktop_speed(&app->paths, &app->log, &p->desktop, err) : r;
}

static struct simulation simulation_of(const struct predicting *p)
{
    return (struct simulation){
        .program = p->program,
        .args = &p->args,
        .environment = &p->app->project.run_environment,
        .figures = &p->figures,
        .speed = predict_speed(&p->figures, &p->desktop, p->bound, p->ranks_per_board),
        .ranks_per_board = p->ranks_per_board,
        .folder = p->folder,
        .shows_output = input_flag(&p->app->input, "show-output"),
        .log = &p->app->log};
}

// The page is of the most boards.
static int simulate_all(struct predicting *p, struct err *err)
{
    const char *trace = input_value(&p->app->input, "trace");
    struct simulation s = simulation_of(p);
    if (trace) {
        trace_place_choose(trace, fs_base(p->program), &p->trace);
        if (record_begin(p->trace.folder, p->program, &p->args, err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < p->n; i++) {
        s.trace = i + 1 == p->n ? p->trace.folder : NULL;
        if (simulate(&s, p->boards[i], &p->results[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

// The most boards once more, on a gigabit, if theirs is slower and that counts.
static int advise(struct predicting *p, struct err *err)
{
    struct prediction faster;
    struct predict_figures of_board;
    struct predict_figures gigabit = p->figures;
    struct simulation s = simulation_of(p);
    bool slow = p->figures.bandwidth < CLEARLY_LESS * KBIT_A_GBIT * BYTES_A_KBIT;
    if (!slow || !predict_needs_network(p->results, p->n)) {
        p->advice = predict_advice(p->results, p->n, NULL, NULL);
        return 0;
    }
    if (predict_figures_of_board(&p->board, KBIT_A_GBIT, p->latency, &of_board, err) != 0) {
        return -1;
    }
    gigabit.bandwidth = of_board.bandwidth;
    s.figures = &gigabit;
    s.shows_output = false;
    if (simulate(&s, p->boards[p->n - 1], &faster, err) != 0) {
        return -1;
    }
    p->advice = predict_advice(p->results, p->n, &faster, GIGABIT);
    return 0;
}

// --- The answer ----------------------------------------------------------------------------------

static char *percent(double share)
{
    return xasprintf("%.0f %%", share * PERCENT);
}

static void print_table(const struct predicting *p)
{
    static const struct column columns[] = {
        {"boards", COLUMN_NUMBER},      {"ranks", COLUMN_NUMBER},    {"time", COLUMN_TEXT},
        {"speedup", COLUMN_TEXT},       {"efficiency", COLUMN_TEXT}, {"computing", COLUMN_TEXT},
        {"communicating", COLUMN_TEXT}, {"sent", COLUMN_SIZE}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < p->n; i++) {
        const struct prediction *r = &p->results[i];
        char seconds[32];
        _cleanup_free_ char *speedup = xasprintf("%.2f", predict_speedup(p->results, r));
        _cleanup_free_ char *efficiency = percent(predict_efficiency(p->results, r));
        _cleanup_free_ char *computing = percent(1 - r->communicating);
        _cleanup_free_ char *communicating = percent(r->communicating);
        table_number(t, (unsigned long long)r->boards);
        table_number(t, (unsigned long long)r->ranks);
        table_text(t, predict_time(seconds, r->seconds));
        table_text(t, speedup);
        table_text(t, efficiency);
        table_text(t, computing);
        table_text(t, communicating);
        table_number(t, r->sent);
    }
    table_print(t, false);
    table_free(t);
}

// What a simulation leaves out of this program.
static void find_notes(const struct predicting *p, struct strv *notes)
{
    const struct prediction *last = &p->results[p->n - 1];
    if (last->any_source) {
        strv_add(notes, "it takes messages of whichever rank is first (MPI_ANY_SOURCE): on boards, "
                        "the order may be another one");
    }
    if (last->has_threads) {
        strv_add(notes, "it starts threads, which are not simulated: each rank computes on one "
                        "core");
    }
}

static void tell(const struct predicting *p)
{
    _cleanup_strv_ struct strv notes = {0};
    const char *origin = p->calibrated                                     ? "measured"
                         : strcmp(p->board.speed.origin, "published") == 0 ? "published figures"
                                                                           : "estimated figures";
    double cache = predict_speed(&p->figures, &p->desktop, PREDICT_CACHE, p->ranks_per_board);
    double memory = predict_speed(&p->figures, &p->desktop, PREDICT_MEMORY, p->ranks_per_board);
    print_table(p);
    printf("\n%s\n", p->advice);
    find_notes(p, &notes);
    for (size_t i = 0; i < notes.n; i++) {
        log_info(&p->app->log, "note: %s", notes.items[i]);
    }
    log_info(&p->app->log,
             "board: %s (%s), %.0f Mbit/s, latency %.0f us; a core computes at 1/%.0f (in its "
             "cache) to 1/%.0f (in memory) of this desktop's speed",
             p->board.name, origin, p->figures.bandwidth * 8 / 1e6, p->figures.latency * 1e6,
             1 / cache, 1 / memory);
}

static void print_json(const struct predicting *p)
{
    _cleanup_strv_ struct strv notes = {0};
    json_t *results = json_array();
    json_t *said = json_array();
    find_notes(p, &notes);
    for (size_t i = 0; i < notes.n; i++) {
        json_array_append_new(said, json_string(notes.items[i]));
    }
    for (size_t i = 0; i < p->n; i++) {
        const struct prediction *r = &p->results[i];
        json_array_append_new(
            results,
            json_pack("{s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:I}", "boards", (json_int_t)r->boards,
                      "ranks", (json_int_t)r->ranks, "seconds", r->seconds, "speedup",
                      predict_speedup(p->results, r), "efficiency",
                      predict_efficiency(p->results, r), "computing", 1 - r->communicating,
                      "communicating", r->communicating, "sent_bytes", (json_int_t)r->sent));
    }
    const struct predict_figures *f = &p->figures;
    json_t *o = json_pack(
        "{s:o, s:s, s:o, s:{s:s, s:s, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f}}", "predictions",
        results, "advice", p->advice, "notes", said, "board", "name", p->board.name, "origin",
        p->calibrated ? "measured" : p->board.speed.origin, "cores", (json_int_t)f->cores,
        "operations_per_second", f->cache, "memory_bytes_per_second", f->memory, "latency_seconds",
        f->latency, "bandwidth_bytes_per_second", f->bandwidth, "inner_latency_seconds",
        f->inner_latency, "inner_bandwidth_bytes_per_second", f->inner_bandwidth,
        "share_of_desktop_speed", predict_speed(f, &p->desktop, p->bound, p->ranks_per_board));
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static int write_plot(const struct predicting *p, const char *file, struct err *err)
{
    _cleanup_strbuf_ struct strbuf svg = {0};
    _cleanup_free_ char *title = xasprintf("%s: speed-up on %s, %ld ranks a board",
                                           fs_base(p->program), p->board.title, p->ranks_per_board);
    predict_plot(p->results, p->n, title, &svg);
    return fs_write_file(file, svg.data, svg.len, 0644, err);
}

static int answer(struct predicting *p, struct err *err)
{
    const char *plot = input_value(&p->app->input, "plot");
    if (plot && write_plot(p, plot, err) != 0) {
        return -1;
    }
    if (p->app->json) {
        print_json(p);
    } else {
        tell(p);
    }
    return p->trace.folder ? trace_finish(p->app, &p->trace, err) : 0;
}

int cmd_predict(struct app *app, struct err *err)
{
    struct predicting p = {.app = app};
    sigset_t saved;
    proc_stop_hold(&saved); // whatever ends us, the simulation and its folder go first
    int r = read_request(&p, err) == 0 && prepare(&p, err) == 0 && simulate_all(&p, err) == 0 &&
                    advise(&p, err) == 0
                ? answer(&p, err)
                : -1;
    proc_stop_restore(&saved);
    board_release(&p.board);
    strv_release(&p.args);
    trace_place_release(&p.trace);
    free(p.program);
    free(p.folder);
    free(p.advice);
    return r == 0 ? EXIT_OK : -1;
}
