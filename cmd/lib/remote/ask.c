// SPDX-License-Identifier: MIT
// One script on all nodes, and what each said.

#include <string.h>

#include "base/clock.h"
#include "remote/fleet.h"

void fleet_script_argv(const struct remotes *nodes, const struct remote *node, const char *script,
                       const struct strv *args, struct strv *argv)
{
    _cleanup_free_ char *quoted = str_quoted(script);
    _cleanup_free_ char *folder = nodes->folder ? str_quoted(nodes->folder) : NULL;
    _cleanup_strbuf_ struct strbuf words = {0};
    if (args) {
        strbuf_add_quoted(&words, args->items);
    }
    fleet_ssh_argv(nodes, node, argv);
    strv_addf(argv, "exec env %s%s /bin/sh -c %s sh%s", folder ? "XDG_DATA_HOME=" : "",
              folder ? folder : "", quoted, words.data ? words.data : "");
}

enum { ANSWER_MAX = 16 << 20 }; // bytes of one board; the rest is dropped

static void add_line(void *user, size_t node, enum fleet_stream stream, const char *line)
{
    struct fleet_answer *a = (struct fleet_answer *)user + node;
    struct strbuf *to = stream == FLEET_OUT ? &a->out : &a->errors;
    if (to->len + strlen(line) < ANSWER_MAX) {
        strbuf_addf(to, "%s\n", line);
    }
}

static void note_end(void *user, size_t node, int status, const struct err *why)
{
    struct fleet_answer *a = (struct fleet_answer *)user + node;
    a->status = status;
    a->err = *why;
    a->ended = clock_seconds();
}

int fleet_ask(const struct remotes *nodes, const char *script, const struct strv *args,
              struct fleet_answer *answers, struct err *err)
{
    const struct fleet_handlers handlers = {
        .user = answers, .on_line = add_line, .on_end = note_end};
    struct fleet *f = fleet_new(nodes, &handlers);
    int r = 0;

    memset(answers, 0, nodes->n * sizeof(*answers));
    for (size_t i = 0; i < nodes->n; i++) {
        answers[i].began = clock_seconds();
        strbuf_adds(&answers[i].out, "");
        strbuf_adds(&answers[i].errors, "");
        r = r == 0 ? fleet_start(f, i, script, args, err) : r;
        fleet_close_input(f, i);
    }
    r = r == 0 ? fleet_serve(f, NULL, err) : r;
    fleet_free(f);
    if (r != 0) {
        fleet_answers_release(answers, nodes->n);
    }
    return r;
}

void fleet_answers_release(struct fleet_answer *answers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        strbuf_release(&answers[i].out);
        strbuf_release(&answers[i].errors);
    }
}
