// SPDX-License-Identifier: MIT
// `pisdk trace show`: what a recorded run says, as tables, JSON, a page, or for Perfetto.

#include "pisdk/project/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "debug/gdb.h"
#include "run/record.h"
#include "target/elf.h"
#include "trace/page.h"
#include "workspace/target_choice.h"

enum { BAR = 20, PROGRAM_MAX = 1 << 20, TOLD = 3 };

#define SECOND 1e9

// A trace that is read, with the lines of its places.
struct opened {
    struct app *app;
    struct trace trace;
    struct trace_summary summary;
    char *program; // NULL: not known
    char *title;
    char *page;         // what a page is made of
    struct strv frames; // of the trace's places
};

static const char *line_of(void *user, uint32_t site)
{
    const struct opened *o = user;
    size_t number = trace_site_number(&o->trace, site);
    const char *frame = number && number <= o->frames.n ? o->frames.items[number - 1] : "";
    const char *at = strstr(frame, " at "); // "main () at /usr/src/heat/plate.c:87"
    return at ? fs_base(at + strlen(" at ")) : "";
}

// The lines of the places, as gdb finds them.
static void ask_gdb(struct opened *o, const struct debug_subject *subject)
{
    _cleanup_free_ uint32_t *calls = xcalloc(o->trace.n_sites + 1, sizeof(*calls));
    for (size_t i = 0; i < o->trace.n_sites; i++) {
        calls[i] = o->trace.sites[i] - 1; // in the call, which returns there
    }
    gdb_find_lines(subject, o->program, calls, o->trace.n_sites, &o->frames);
}

static void find_lines(struct opened *o)
{
    const struct target_request request = {0};
    struct target target;
    struct elf_info info;
    struct err ignored = ERR_INIT;
    if (!o->program || elf_read(o->program, &info, &ignored) != 0) {
        return;
    }
    if (info.is_elf && !elf_is_arm(&info)) { // of `pisdk predict`
        ask_gdb(o, &(const struct debug_subject){.log = &o->app->log, .root = "", .triple = ""});
    } else if (target_choose(&o->app->work, &request, &target, &ignored) == 0) {
        const struct debug_subject subject = target_debug_subject(&o->app->work, &target);
        ask_gdb(o, &subject);
        target_release(&target);
    }
    elf_info_release(&info);
}

static void release(struct opened *o)
{
    trace_summary_release(&o->summary);
    trace_release(&o->trace);
    free(o->program);
    free(o->title);
    free(o->page);
    strv_release(&o->frames);
}

static int open_folder(struct app *app, const char *folder, struct opened *out, struct err *err)
{
    _cleanup_free_ char *file = fs_join(folder, RECORD_PROGRAM);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    *out = (struct opened){.app = app,
                           .page = fs_join(app->paths.share, "toolchain/trace/report.html")};
    if (trace_read(folder, &out->trace, err) != 0) {
        release(out);
        return -1;
    }
    if (fs_read_file(file, PROGRAM_MAX, &text, &ignored) == 0 && text.data) {
        out->program = xstrndup(text.data, strcspn(text.data, "\n"));
    }
    out->title = xasprintf("%s on %zu ranks", out->program ? fs_base(out->program) : "program",
                           out->trace.n);
    trace_analyse(&out->trace);
    trace_sum_up(&out->trace, &out->summary);
    find_lines(out);
    return 0;
}

static struct trace_page page_of(struct opened *o)
{
    return (struct trace_page){.trace = &o->trace,
                               .summary = &o->summary,
                               .title = o->title,
                               .site = line_of,
                               .user = o,
                               .page = o->page};
}

// --- Tables
// ----------------------------------------------------------------------------------------

static char *share_bar(double share)
{
    char bar[BAR + 1];
    size_t filled = share > 0 ? (size_t)(share * BAR + 0.5) : 0;
    filled = filled > BAR ? BAR : filled;
    memset(bar, '.', BAR);
    memset(bar, '#', filled);
    bar[BAR] = '\0';
    return xasprintf("%s %5.1f %%", bar, share * 100);
}

static void add_time(struct table *t, int64_t ns)
{
    char text[32];
    table_text(t, str_seconds(text, (double)ns / SECOND));
}

static double part(int64_t of, int64_t all)
{
    return all > 0 ? (double)of / (double)all : 0;
}

static void print_ranks(const struct opened *o)
{
    static const struct column columns[] = {{"rank", COLUMN_NUMBER},  {"board", COLUMN_TEXT},
                                            {"time", COLUMN_TEXT},    {"in_mpi", COLUMN_TEXT},
                                            {"waiting", COLUMN_TEXT}, {"waited_for", COLUMN_TEXT},
                                            {"sent", COLUMN_SIZE},    {"state", COLUMN_VERDICT}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < o->trace.n; i++) {
        const struct trace_rank *r = &o->trace.ranks[i];
        const struct trace_rank_sum *s = &o->summary.ranks[i];
        _cleanup_free_ char *mpi = share_bar(part(s->mpi, s->all));
        _cleanup_free_ char *stopped =
            r->inside >= 0 ? xasprintf("stopped in MPI_%s", trace_call_name((unsigned)r->inside))
                           : xstrdup("stopped");
        table_number(t, i);
        table_text(t, r->host);
        add_time(t, s->all);
        table_text(t, mpi);
        add_time(t, s->waiting);
        add_time(t, s->caused);
        table_number(t, s->sent);
        table_text(t, !r->recorded ? "nothing recorded" : r->ended ? "ok" : stopped);
    }
    table_print(t, false);
    table_free(t);
}

static void print_calls(const struct opened *o)
{
    static const struct column columns[] = {{"call", COLUMN_TEXT},    {"count", COLUMN_NUMBER},
                                            {"time", COLUMN_TEXT},    {"share", COLUMN_TEXT},
                                            {"waiting", COLUMN_TEXT}, {"bytes", COLUMN_SIZE}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < o->summary.n_calls; i++) {
        const struct trace_call_sum *c = &o->summary.calls[i];
        _cleanup_free_ char *name = xasprintf("MPI_%s", trace_call_name(c->call));
        _cleanup_free_ char *share = share_bar(part(c->time, o->summary.all));
        table_text(t, name);
        table_number(t, c->count);
        add_time(t, c->time);
        table_text(t, share);
        add_time(t, c->waited);
        table_number(t, c->bytes);
    }
    table_print(t, false);
    table_free(t);
}

static void print_findings(struct opened *o)
{
    _cleanup_free_ char *imbalance = trace_imbalance_sentence(&o->summary);
    if (imbalance) {
        printf("\n%s\n", imbalance);
    } else if (o->summary.n_findings) {
        putchar('\n');
    }
    for (size_t i = 0; i < o->summary.n_findings; i++) {
        _cleanup_free_ char *said = trace_finding_sentence(&o->summary.findings[i], line_of, o);
        puts(said);
    }
}

static void print_tables(struct opened *o)
{
    print_ranks(o);
    putchar('\n');
    print_calls(o);
    print_findings(o);
}

static int show(struct app *app, struct opened *o, struct err *err)
{
    const char *html = input_value(&app->input, "html");
    const char *chrome = input_value(&app->input, "chrome");
    const struct trace_page page = page_of(o);
    if ((html && trace_write_page(&page, html, err) != 0) ||
        (chrome && trace_write_chrome(&page, chrome, err) != 0)) {
        return -1;
    }
    if (app->json) {
        char *text = trace_json(&page);
        puts(text);
        free(text);
    } else if (!html && !chrome) {
        print_tables(o);
    }
    return EXIT_OK;
}

int cmd_trace_show(struct app *app, struct err *err)
{
    const char *given = app->input.args.items[0];
    struct trace_place place;
    struct opened o;
    trace_place_choose(given, "", &place);
    int r = open_folder(app, fs_is_dir(given) ? given : place.folder, &o, err);
    trace_place_release(&place);
    if (r == 0) {
        r = show(app, &o, err);
        release(&o);
    }
    return r;
}

// --- With a run
// ------------------------------------------------------------------------------------

void trace_place_choose(const char *given, const char *program, struct trace_place *out)
{
    static const char suffix[] = ".html";
    const char *name = *given ? given : fs_base(program);
    size_t stem = strlen(name) - (str_ends(name, suffix) ? strlen(suffix) : 0);
    _cleanup_free_ char *page = xasprintf("%.*s%s", (int)stem, name, suffix);
    _cleanup_free_ char *folder = xasprintf("%.*s.trace", (int)stem, name);
    out->page = fs_absolute(page);
    out->folder = fs_absolute(folder);
}

void trace_place_release(struct trace_place *p)
{
    free(p->page);
    free(p->folder);
}

int trace_finish(struct app *app, const struct trace_place *place, struct err *err)
{
    struct opened o;
    if (open_folder(app, place->folder, &o, err) != 0) {
        return -1;
    }
    const struct trace_page page = page_of(&o);
    int r = trace_write_page(&page, place->page, err);
    if (r == 0) {
        log_info(&app->log, "trace: %s (%.0f %% of the time in MPI)", place->page,
                 part(o.summary.mpi, o.summary.all) * 100);
    }
    for (size_t i = 0; r == 0 && i < o.summary.n_findings && i < TOLD; i++) {
        _cleanup_free_ char *said = trace_finding_sentence(&o.summary.findings[i], line_of, &o);
        log_info(&app->log, "  %s", said);
    }
    release(&o);
    return r;
}
