// SPDX-License-Identifier: MIT
#include "predict/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/ini.h"
#include "base/proc.h"

enum { OUTPUT_MAX = 1 << 16, HOST_MAX = 63, HOST_SHOWN = 40, RANKS_MAX = 4096, BITS = 8 };

#define MEGA 1e6

// What TCP leaves of an Ethernet link: 1448 of each 1538 bytes (RFC 894, RFC 9293, RFC 7323).
#define TCP_SHARE (1448.0 / 1538.0)
// Between Raspberry Pis, half a round trip: what `--latency` is for those who have measured it.
#define USUAL_LATENCY 100e-6
// Within a board, messages go by way of memory: written and read twice. The latency is that of a
// Cortex-A72, to our knowledge.
#define INNER_COPIES  4
#define INNER_LATENCY 3e-6

// --- Of board files ------------------------------------------------------------------------------

int predict_figures_of_board(const struct board *b, unsigned long long kbit, double latency,
                             struct predict_figures *out, struct err *err)
{
    const struct board_speed *s = &b->speed;
    if (!s->linpack) {
        err_set(err, ERR_NOT_FOUND, "how fast board `%s` computes is not known", b->name);
        return err_hint(err, "pisdk nodes calibrate");
    }
    double bits = kbit ? (double)kbit * 1e3 : (double)b->link_mbit * MEGA;
    *out = (struct predict_figures){
        .cores = b->cores,
        .cache = (double)s->linpack * MEGA,
        .memory = (double)s->triad * MEGA,
        .inner_latency = INNER_LATENCY,
        .inner_bandwidth = (double)s->triad * MEGA / INNER_COPIES,
        .latency = latency > 0 ? latency : USUAL_LATENCY,
        .bandwidth = bits / BITS * TCP_SHARE,
        .disk_read = (double)s->disk_read * MEGA,
        .disk_write = (double)s->disk_write * MEGA,
    };
    return 0;
}

// --- Calibrations --------------------------------------------------------------------------------

#define KNOWN_KEYS                                                                                 \
    "node.cores node.operations node.memory node.inner-latency node.inner-bandwidth "              \
    "node.latency node.bandwidth"

// The file's keys with fractions.
static const struct {
    const char *key;
    size_t at;
} keys[] = {
    {"operations", offsetof(struct predict_figures, cache)},
    {"memory", offsetof(struct predict_figures, memory)},
    {"inner-latency", offsetof(struct predict_figures, inner_latency)},
    {"inner-bandwidth", offsetof(struct predict_figures, inner_bandwidth)},
    {"latency", offsetof(struct predict_figures, latency)},
    {"bandwidth", offsetof(struct predict_figures, bandwidth)},
};

static double *number_at(struct predict_figures *f, size_t i)
{
    return (double *)(void *)((char *)f + keys[i].at);
}

static double number_of(const struct predict_figures *f, size_t i)
{
    double number;
    memcpy(&number, (const char *)f + keys[i].at, sizeof(number));
    return number;
}

static struct predict_measured *add_host(struct predict_calibration *c, const char *host)
{
    VEC_GROW(c->items, c->n);
    c->items[c->n] = (struct predict_measured){.host = xstrdup(host)};
    return &c->items[c->n++];
}

static bool is_sane(double number)
{
    return isfinite(number) && number >= 0 && number < 1e18;
}

// What names of hosts are made of; they become names of sections.
static const char in_hosts[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

int predict_calibration_parse(const char *text, struct predict_calibration *out, struct err *err)
{
    struct slice rest = {text, strlen(text)};
    struct slice part;
    *out = (struct predict_calibration){0};
    while (slice_cut(&rest, '\n', &part)) {
        char host[HOST_MAX + 1];
        struct predict_figures f = {0};
        _cleanup_free_ char *line = slice_dup(part);
        if (sscanf(line, "calibrate %63s %ld %lf %lf %lf %lf %lf %lf", host, &f.cores, &f.cache,
                   &f.memory, &f.inner_latency, &f.inner_bandwidth, &f.latency,
                   &f.bandwidth) != 2 + (int)ARRAY_SIZE(keys)) {
            continue;
        }
        bool sane = f.cores > 0 && f.cores <= RANKS_MAX && host[strspn(host, in_hosts)] == '\0';
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
            sane = sane && is_sane(number_of(&f, i));
        }
        host[HOST_SHOWN] = '\0'; // libinih has room for no more in a section's name
        if (sane) {
            add_host(out, host)->figures = f;
        }
    }
    return out->n ? 0 : err_set(err, ERR_FAILED, "the boards did not answer with any figures");
}

void predict_calibration_format(const struct predict_calibration *c, struct strbuf *out)
{
    strbuf_adds(
        out, "; Measured by `pisdk nodes calibrate`, read by `pisdk predict`: operations and bytes "
             "a second,\n; latencies in seconds. man pisdk-predict\n");
    for (size_t i = 0; i < c->n; i++) {
        const struct predict_figures *f = &c->items[i].figures;
        strbuf_addf(out, "\n[node %s]\ncores = %ld\n", c->items[i].host, f->cores);
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
            if (number_of(f, k) > 0) {
                strbuf_addf(out, "%s = %.4g\n", keys[k].key, number_of(f, k));
            }
        }
    }
}

static int on_key(void *user, const char *section, const char *key, const char *value,
                  struct err *err)
{
    static const char prefix[] = "node ";
    struct predict_calibration *c = user;
    if (!str_starts(section, prefix)) {
        return err_set(err, ERR_USAGE, "unknown section [%s]", section);
    }
    const char *host = section + strlen(prefix);
    bool first = strcmp(key, "cores") == 0; // of each board; several may have one name
    struct predict_measured *m = !first && c->n && strcmp(c->items[c->n - 1].host, host) == 0
                                     ? &c->items[c->n - 1]
                                     : add_host(c, host);
    if (first) {
        return ini_number(key, value, 1, RANKS_MAX, &m->figures.cores, err);
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strcmp(key, keys[i].key) == 0) {
            char *end = NULL;
            double number = strtod(value, &end);
            *number_at(&m->figures, i) = number;
            return end != value && *end == '\0' && is_sane(number)
                       ? 0
                       : err_set(err, ERR_USAGE, "%s: `%s` is not a number", key, value);
        }
    }
    return ini_unknown("node", key, KNOWN_KEYS, err);
}

int predict_calibration_read(const char *path, struct predict_calibration *out, struct err *err)
{
    *out = (struct predict_calibration){0};
    if (ini_read(path, on_key, out, err) == 0) {
        return 0;
    }
    predict_calibration_release(out);
    return -1;
}

void predict_calibration_apply(const struct predict_calibration *c, struct predict_figures *out)
{
    for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
        double sum = 0;
        size_t n = 0;
        for (size_t i = 0; i < c->n; i++) {
            double number = number_of(&c->items[i].figures, k);
            sum += number;
            n += number > 0;
        }
        if (n > 0) {
            *number_at(out, k) = sum / (double)n;
        }
    }
    out->cores = c->n && c->items[0].figures.cores > 0 ? c->items[0].figures.cores : out->cores;
}

void predict_calibration_release(struct predict_calibration *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->items[i].host);
    }
    free(c->items);
    *c = (struct predict_calibration){0};
}

// --- The desktop ---------------------------------------------------------------------------------

// What was measured before on this processor.
static bool recall(const char *file, const char *model, struct predict_desktop *out)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(file, OUTPUT_MAX, &text, &ignored) != 0 || !text.data ||
        sscanf(text.data, "%lf %lf", &out->cache, &out->memory) != 2) {
        return false;
    }
    const char *second = strchr(text.data, '\n');
    return second && strcmp(second + 1, model) == 0 && out->cache > 0 && out->memory > 0;
}

static int measure(const struct paths *paths, const char *folder, struct strbuf *out,
                   struct err *err)
{
    _cleanup_free_ char *source = fs_join(paths->share, "toolchain/predict/desktop.c");
    _cleanup_free_ char *program = xasprintf("%s/desktop.%d", folder, (int)getpid());
    _cleanup_strv_ struct strv compile = {0};
    _cleanup_strv_ struct strv argv = {0};
    strv_add_list(&compile, "cc", "-O2", "-o", program, source, "-lm", NULL);
    strv_add(&argv, program);
    int r = proc_succeed(compile.items, NULL, NULL, err) == 0
                ? proc_succeed(argv.items, NULL, out, err)
                : -1;
    unlink(program);
    return r == 0 ? 0 : err_wrap(err, "cannot measure how fast this desktop computes");
}

int predict_desktop_speed(const struct paths *paths, struct log *log, struct predict_desktop *out,
                          struct err *err)
{
    _cleanup_free_ char *folder = fs_join(paths->cache, "predict");
    _cleanup_free_ char *file = fs_join(folder, "desktop");
    _cleanup_free_ char *known = fs_read_field("/proc/cpuinfo", "model name");
    const char *model = known ? known : "unknown";
    _cleanup_strbuf_ struct strbuf text = {0};
    if (recall(file, model, out)) {
        return 0;
    }
    if (fs_mkdir_all(folder, 0755, err) != 0) {
        return -1;
    }
    log_working(log, "measuring this desktop");
    int r = measure(paths, folder, &text, err);
    log_working(log, NULL);
    if (r != 0) {
        return -1;
    }
    strbuf_adds(&text, model);
    if (fs_write_file(file, text.data, text.len, 0644, err) != 0) {
        return -1;
    }
    return recall(file, model, out) ? 0
                                    : err_set(err, ERR_FAILED, "%s: not as it was written", file);
}

double predict_speed(const struct predict_figures *f, const struct predict_desktop *desktop,
                     enum predict_bound bound, long ranks)
{
    double cache = f->cache / desktop->cache;
    // Those that compute at once share the memory; the simulator has the others wait for a core.
    long at_once = f->cores > 0 && ranks > f->cores ? f->cores : ranks;
    double memory = f->memory / (double)(at_once > 1 ? at_once : 1) / desktop->memory;
    return bound == PREDICT_CACHE ? cache : bound == PREDICT_MEMORY ? memory : sqrt(cache * memory);
}
