// SPDX-License-Identifier: MIT
#include "predict/advice.h"

#include <stdio.h>
#include <string.h>

enum { PERCENT = 100 };

// Less time than this does not count as faster.
#define CLEARLY 0.95
// A network that brings less than this is not worth its price.
#define FASTER 0.8
// From such a share of the time on, communication is what to look at.
#define MUCH 0.3
// Of the boards' time, used for less than this: it could be fewer of them.
#define LITTLE 0.5

double predict_speedup(const struct prediction *first, const struct prediction *p)
{
    return p->seconds > 0 ? first->seconds / p->seconds : 0;
}

double predict_efficiency(const struct prediction *first, const struct prediction *p)
{
    return predict_speedup(first, p) * (double)first->boards / (double)p->boards;
}

const char *predict_time(char out[32], double seconds)
{
    if (seconds >= 0.1) {
        return str_seconds(out, seconds);
    }
    snprintf(out, 32, seconds < 1e-3 ? "%.0f us" : "%.1f ms",
             seconds * (seconds < 1e-3 ? 1e6 : 1e3));
    return out;
}

// The fewest boards that none more are clearly faster than.
static size_t find_best(const struct prediction *p, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        best = p[i].seconds < p[best].seconds * CLEARLY ? i : best;
    }
    return best;
}

bool predict_needs_network(const struct prediction *p, size_t n)
{
    return p[n - 1].boards > 1 && p[n - 1].communicating > MUCH;
}

static void add_boards(long boards, struct strbuf *out)
{
    strbuf_addf(out, boards == 1 ? "%ld board" : "%ld boards", boards);
}

static void add_stop(const struct prediction *p, size_t best, struct strbuf *out)
{
    if (p[best].boards == 1) {
        strbuf_adds(out, "one board is the fastest");
    } else {
        strbuf_addf(out, "more than %ld boards don't help", p[best].boards);
    }
    strbuf_addf(out, ": with %ld, %.0f %% of the time is communication", p[best + 1].boards,
                p[best + 1].communicating * PERCENT);
}

static void add_gain(const struct prediction *p, size_t best, struct strbuf *out)
{
    double efficiency = predict_efficiency(p, &p[best]);
    add_boards(p[best].boards, out);
    strbuf_addf(out, " are %.1f times as fast as %ld", predict_speedup(p, &p[best]), p[0].boards);
    if (efficiency < LITTLE) {
        strbuf_addf(out, ", but %.0f %% of their time is communication",
                    p[best].communicating * PERCENT);
    }
}

char *predict_advice(const struct prediction *p, size_t n, const struct prediction *faster,
                     const char *network)
{
    struct strbuf out = {0};
    size_t best = find_best(p, n);
    char seconds[32];
    if (n == 1) {
        add_boards(p[0].boards, &out);
        strbuf_addf(&out, ": %.0f %% of the time is communication", p[0].communicating * PERCENT);
    } else if (best + 1 < n) {
        add_stop(p, best, &out);
    } else {
        add_gain(p, best, &out);
    }
    if (faster && faster->seconds < p[n - 1].seconds * FASTER) {
        strbuf_addf(&out, "; at %s, ", network);
        add_boards(faster->boards, &out);
        strbuf_addf(&out, " would take %s", predict_time(seconds, faster->seconds));
    }
    return strbuf_take(&out);
}

// --- The picture ---------------------------------------------------------------------------------

enum { WIDTH = 640, HEIGHT = 420, LEFT = 60, RIGHT = 20, TOP = 50, BOTTOM = 50, STEPS = 4 };

// From numbers of boards and speed-ups to points of the picture.
struct axes {
    double boards, speedup; // the largest
};

static double x_of(const struct axes *a, double boards)
{
    return LEFT + boards / a->boards * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axes *a, double speedup)
{
    return HEIGHT - BOTTOM - speedup / a->speedup * (HEIGHT - TOP - BOTTOM);
}

static void add_text(struct strbuf *out, double x, double y, const char *anchor, const char *text)
{
    _cleanup_free_ char *shown = str_html(text);
    strbuf_addf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
                shown);
}

static void add_grid(const struct axes *a, const struct prediction *p, size_t n, struct strbuf *out)
{
    char text[32];
    for (int i = 0; i <= STEPS; i++) {
        double value = a->speedup * i / STEPS;
        strbuf_addf(out, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n",
                    LEFT, y_of(a, value), WIDTH - RIGHT, y_of(a, value));
        snprintf(text, sizeof(text), "%.3g", value);
        add_text(out, LEFT - 8, y_of(a, value) + 4, "end", text);
    }
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof(text), "%ld", p[i].boards);
        add_text(out, x_of(a, (double)p[i].boards), HEIGHT - BOTTOM + 18, "middle", text);
    }
    add_text(out, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 10, "middle", "boards");
}

void predict_plot(const struct prediction *p, size_t n, const char *title, struct strbuf *out)
{
    struct axes a = {.boards = (double)p[n - 1].boards, .speedup = 1};
    for (size_t i = 0; i < n; i++) {
        double speedup = predict_speedup(p, &p[i]);
        a.speedup = speedup > a.speedup ? speedup : a.speedup;
    }
    strbuf_addf(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                "font-family=\"sans-serif\" font-size=\"12\">\n"
                "<style>.back{fill:#fff}text{fill:#222}.grid{stroke:#ddd}"
                ".ideal{stroke:#888;stroke-dasharray:4 4;fill:none}"
                ".line{stroke:#0b62a4;stroke-width:2;fill:none}.dot{fill:#0b62a4}"
                "@media(prefers-color-scheme:dark){.back{fill:#1b1b1b}text{fill:#ddd}"
                ".grid{stroke:#444}.line{stroke:#6db3f2}.dot{fill:#6db3f2}}</style>\n"
                "<rect class=\"back\" width=\"%d\" height=\"%d\"/>\n",
                WIDTH, HEIGHT, WIDTH, HEIGHT);
    add_text(out, LEFT, TOP - 24, "start", title);
    add_grid(&a, p, n, out);
    // As fast as boards are many, as far as the picture goes.
    double ideal = a.boards / (double)p[0].boards;
    double shown = ideal < a.speedup ? ideal : a.speedup;
    strbuf_addf(out, "<line class=\"ideal\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                x_of(&a, (double)p[0].boards), y_of(&a, 1), x_of(&a, shown * (double)p[0].boards),
                y_of(&a, shown));
    strbuf_adds(out, "<polyline class=\"line\" points=\"");
    for (size_t i = 0; i < n; i++) {
        strbuf_addf(out, "%.1f,%.1f ", x_of(&a, (double)p[i].boards),
                    y_of(&a, predict_speedup(p, &p[i])));
    }
    strbuf_adds(out, "\"/>\n");
    for (size_t i = 0; i < n; i++) {
        char seconds[32];
        double x = x_of(&a, (double)p[i].boards);
        double y = y_of(&a, predict_speedup(p, &p[i]));
        strbuf_addf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", x, y);
        add_text(out, x, y - 10, i + 1 == n ? "end" : "middle",
                 predict_time(seconds, p[i].seconds));
    }
    strbuf_adds(out, "</svg>\n");
}
