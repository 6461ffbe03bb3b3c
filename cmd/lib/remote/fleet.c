// SPDX-License-Identifier: MIT
#include "remote/fleet.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "remote/ssh_error.h"

enum {
    CHUNK = 1 << 16,
    SCRIPT_MAX = 1 << 18,
    LINE_MAX_BYTES = 1 << 20, // of what a board says; a longer line is cut
    SAID_MAX = 1 << 13,       // what is remembered of ssh's messages
    CONNECTING_MAX = 64,      // sessions that are not let in yet
    STREAMS = 2,
    TICK_MS = 100,
    SSH_FAILED = 255,
    STILL_THERE_SECONDS = 5, // an ssh that was told to end
};

// The far end says this when it runs what we sent; what comes before is a login's chatter.
#define HELLO ":pisdk hello"

// Makes of any login shell a POSIX shell that takes the script from its first line of input, and
// runs nothing when that was cut off.
#define BOOTSTRAP                                                                                  \
    "exec /bin/sh -c 'echo \"" HELLO "\"; IFS= read -r s && eval \"$(printf %b \"$s\")\"'"

// Something to be written: text, or a part of a file.
struct chunk {
    struct strbuf text;
    size_t done;
    int fd; // -1: text
    uint64_t offset, n;
};

struct session {
    struct proc_child child; // pid 0: not running
    bool wanted;             // started, or waiting for its turn
    bool connected;          // said hello
    bool closing;            // its input ends after the queue
    bool dead;               // the process was reaped: its status counts
    bool killed;             // by a signal, ours or another
    bool over;               // it is not tried again
    int status;
    int tries;
    double began; // the first try
    double again; // when to try once more; 0: not
    double told;  // when it was said last that it is waited for
    struct strbuf script;
    struct chunk *queue;
    size_t n_queue, at; // chunks before `at` are done
    struct strbuf lines[STREAMS];
    struct strbuf said; // by ssh, lately
};

struct fleet {
    const struct remotes *nodes;
    struct fleet_handlers handlers;
    struct session *sessions;
    struct pollfd *polled;
};

static void allow_many_files(size_t nodes)
{
    struct rlimit limit;
    rlim_t wanted = nodes * 4 + 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

struct fleet *fleet_new(const struct remotes *nodes, const struct fleet_handlers *handlers)
{
    struct fleet *f = xcalloc(1, sizeof(*f));
    f->nodes = nodes;
    f->handlers = *handlers;
    f->sessions = xcalloc(nodes->n + 1, sizeof(*f->sessions));
    f->polled = xcalloc(nodes->n * 3 + 1, sizeof(*f->polled));
    allow_many_files(nodes->n);
    signal(SIGPIPE, SIG_IGN); // an ssh that is gone is noticed by its end
    return f;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void drop_queue(struct session *s)
{
    for (size_t i = 0; i < s->n_queue; i++) {
        strbuf_release(&s->queue[i].text);
    }
    free(TAKE_PTR(s->queue));
    s->n_queue = s->at = 0;
}

// Ends the process, which is one that stops when it is told to, or hangs and is killed.
static void reap(struct session *s)
{
    double until = clock_seconds() + STILL_THERE_SECONDS;
    int status;
    close_fd(&s->child.in);
    close_fd(&s->child.out);
    close_fd(&s->child.errors);
    while (!s->dead) {
        pid_t done = waitpid(s->child.pid, &status, WNOHANG);
        if (done == s->child.pid || (done < 0 && errno != EINTR)) {
            s->status = done > 0 ? signals_status(status) : SSH_FAILED;
            s->killed = done > 0 && WIFSIGNALED(status);
            s->dead = true;
        } else {
            kill(s->child.pid, clock_seconds() > until ? SIGKILL : SIGTERM);
            poll(NULL, 0, 10);
        }
    }
    s->child.pid = 0;
}

static void session_release(struct session *s)
{
    if (s->child.pid > 0) {
        reap(s);
    }
    drop_queue(s);
    strbuf_release(&s->script);
    strbuf_release(&s->said);
    strbuf_release(&s->lines[FLEET_OUT]);
    strbuf_release(&s->lines[FLEET_ERRORS]);
    *s = (struct session){0};
}

void fleet_free(struct fleet *f)
{
    for (size_t i = 0; f && i < f->nodes->n; i++) { // all are told before the first is waited for
        if (f->sessions[i].child.pid > 0) {
            kill(f->sessions[i].child.pid, SIGTERM);
        }
    }
    for (size_t i = 0; f && i < f->nodes->n; i++) {
        session_release(&f->sessions[i]);
    }
    if (f) {
        free(f->sessions);
        free(f->polled);
        free(f);
    }
}

// --- Starting ------------------------------------------------------------------------------------

static double login_timeout(const struct remotes *nodes)
{
    return nodes->login_timeout > 0 ? nodes->login_timeout : REMOTES_LOGIN_TIMEOUT;
}

void fleet_ssh_argv(const struct remotes *nodes, const struct remote *node, struct strv *argv)
{
    // A connection that is gone is noticed after a quarter of a minute. A connection that the
    // user's ssh shares is used when it is there; ours is not one to stay behind.
    strv_add_list(argv, "ssh", "-T", "-oBatchMode=yes", "-oServerAliveInterval=5",
                  "-oServerAliveCountMax=3", "-oControlMaster=no", NULL);
    strv_addf(argv, "-oConnectTimeout=%d", (int)login_timeout(nodes));
    if (nodes->ssh_config) {
        strv_add_list(argv, "-F", nodes->ssh_config, NULL);
    }
    remote_add_words(node, argv);
}

void fleet_encode(const char *text, struct strbuf *out)
{
    for (; *text; text++) {
        switch (*text) {
        case '\n':
            strbuf_adds(out, "\\n");
            break;
        case '\'':
            strbuf_adds(out, "\\0047");
            break;
        case '\\':
            strbuf_adds(out, "\\\\");
            break;
        default:
            strbuf_add(out, text, 1);
        }
    }
}

void fleet_encode_word(const char *text, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf plain = {0};
    strbuf_adds(&plain, "");
    fleet_encode(text, &plain);
    strbuf_adds(out, " .");
    for (const char *p = plain.data; *p; p++) {
        if (strchr(" \t\r\v\f", *p)) {
            strbuf_addf(out, "\\0%03o", (unsigned char)*p);
        } else {
            strbuf_add(out, p, 1);
        }
    }
}

// A board's shell reads its script byte by byte: comments and indentation stay here.
int fleet_read_script(const char *folder, const char *name, struct strbuf *out, struct err *err)
{
    _cleanup_free_ char *path = fs_join(folder, name);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct slice line;
    if (fs_read_file(path, SCRIPT_MAX, &text, err) != 0) {
        return -1;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line);
        if (line.n > 0 && line.p[0] != '#') {
            strbuf_addf(out, "%.*s\n", (int)line.n, line.p);
        }
    }
    return 0;
}

static struct chunk *add_chunk(struct session *s)
{
    VEC_GROW(s->queue, s->n_queue);
    s->queue[s->n_queue] = (struct chunk){.fd = -1};
    return &s->queue[s->n_queue++];
}

static int launch(struct fleet *f, size_t node, struct err *err)
{
    struct session *s = &f->sessions[node];
    _cleanup_strv_ struct strv argv = {0};

    s->again = 0;
    s->dead = false;
    s->tries++;
    fleet_ssh_argv(f->nodes, &f->nodes->items[node], &argv);
    strv_add(&argv, BOOTSTRAP);
    if (proc_start(argv.items, &s->child, err) != 0) {
        s->child = (struct proc_child){0, -1, -1, -1};
        return err->code == ERR_NOT_FOUND ? err_hint(err, "sudo apt install openssh-client") : -1;
    }
    return 0;
}

static bool is_full(const struct fleet *f)
{
    size_t most = f->nodes->at_once > 0 ? f->nodes->at_once : CONNECTING_MAX;
    size_t n = 0;
    for (size_t i = 0; i < f->nodes->n; i++) {
        n += f->sessions[i].child.pid > 0 && !f->sessions[i].connected;
    }
    return n >= most;
}

int fleet_start(struct fleet *f, size_t node, const char *script, const struct strv *args,
                struct err *err)
{
    struct session *s = &f->sessions[node];
    _cleanup_strbuf_ struct strbuf plain = {0};

    session_release(s);
    s->child = (struct proc_child){0, -1, -1, -1};
    s->wanted = true;
    s->began = clock_seconds();
    strbuf_adds(&plain, "set --");
    strbuf_add_quoted(&plain, args ? args->items : NULL);
    if (f->nodes->folder) {
        _cleanup_free_ char *folder = str_quoted(f->nodes->folder);
        strbuf_addf(&plain, "\nexport XDG_DATA_HOME=%s", folder);
    }
    strbuf_addf(&plain, "\n%s", script);
    fleet_encode(plain.data, &s->script);
    strbuf_adds(&s->script, "\n");
    strbuf_adds(&s->lines[FLEET_OUT], "");
    strbuf_adds(&s->lines[FLEET_ERRORS], "");
    strbuf_adds(&s->said, "");
    if (is_full(f)) {
        s->again = s->began;
        return 0;
    }
    if (launch(f, node, err) != 0) {
        session_release(s);
        return -1;
    }
    return 0;
}

void fleet_send(struct fleet *f, size_t node, const char *text)
{
    if (fleet_is_open(f, node)) {
        strbuf_adds(&add_chunk(&f->sessions[node])->text, text);
    }
}

void fleet_send_file(struct fleet *f, size_t node, int fd, uint64_t offset, uint64_t n)
{
    if (fleet_is_open(f, node)) {
        struct chunk *c = add_chunk(&f->sessions[node]);
        c->fd = fd;
        c->offset = offset;
        c->n = n;
    }
}

void fleet_close_input(struct fleet *f, size_t node)
{
    f->sessions[node].closing = true;
}

void fleet_kill(struct fleet *f, size_t node)
{
    struct session *s = &f->sessions[node];
    s->over = true;
    s->again = 0;
    if (s->child.pid > 0) {
        kill(s->child.pid, SIGTERM);
    }
}

bool fleet_is_open(const struct fleet *f, size_t node)
{
    return f->sessions[node].wanted;
}

// --- What comes ----------------------------------------------------------------------------------

static void on_line(struct fleet *f, size_t node, enum fleet_stream stream, const char *line)
{
    struct session *s = &f->sessions[node];
    if (stream == FLEET_OUT && !s->connected) {
        s->connected = strcmp(line, HELLO) == 0;
        return;
    }
    if (stream == FLEET_ERRORS && s->said.len < SAID_MAX) {
        strbuf_addf(&s->said, "%s\n", line);
    }
    if (s->connected && f->handlers.on_line) {
        f->handlers.on_line(f->handlers.user, node, stream, line);
    }
}

static void take_bytes(struct fleet *f, size_t node, enum fleet_stream stream, const char *data,
                       size_t n)
{
    struct strbuf *line = &f->sessions[node].lines[stream];
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '\n' || data[i] == '\r' || line->len >= LINE_MAX_BYTES) {
            _cleanup_free_ char *text = strbuf_take(line);
            on_line(f, node, stream, text);
            strbuf_adds(line, "");
        }
        if (data[i] != '\n' && data[i] != '\r' && data[i] != '\0') {
            strbuf_add(line, &data[i], 1);
        }
    }
}

static void read_stream(struct fleet *f, size_t node, enum fleet_stream stream, int *fd)
{
    char data[CHUNK];
    ssize_t n = read(*fd, data, sizeof(data));
    if (n > 0) {
        take_bytes(f, node, stream, data, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_fd(fd);
    }
}

// Writes what is queued as far as the pipe takes it. The script itself goes first.
static bool write_text(struct session *s, const struct strbuf *text, size_t *done)
{
    ssize_t n = write(s->child.in, text->data + *done, text->len - *done);
    if (n > 0) {
        *done += (size_t)n;
    }
    return *done == text->len;
}

static bool write_file(struct session *s, struct chunk *c)
{
    char data[CHUNK];
    ssize_t got = pread(c->fd, data, c->n < CHUNK ? (size_t)c->n : CHUNK, (off_t)c->offset);
    ssize_t n = got > 0 ? write(s->child.in, data, (size_t)got) : 0;
    if (n > 0) {
        c->offset += (uint64_t)n;
        c->n -= (uint64_t)n;
    }
    return c->n == 0 || got <= 0;
}

static bool has_queue(const struct session *s)
{
    return s->at < s->n_queue;
}

static void write_queue(struct session *s)
{
    struct chunk *c = &s->queue[s->at];
    if (c->fd < 0 ? write_text(s, &c->text, &c->done) : write_file(s, c)) {
        strbuf_release(&c->text);
        s->at++;
    }
}

// --- The loop ------------------------------------------------------------------------------------

// Whether the session is really over: it may be tried once more.
static bool try_again(const struct fleet *f, struct session *s)
{
    static const double pause = 0.7;
    double again = clock_seconds() + pause * s->tries;
    if (s->connected || s->over || again > s->began + login_timeout(f->nodes) ||
        !ssh_error_is_passing(s->said.data)) {
        return false;
    }
    s->again = again;
    s->said.len = 0;
    strbuf_adds(&s->said, "");
    return true;
}

static void end_session(struct fleet *f, size_t node)
{
    struct session *s = &f->sessions[node];
    struct err why = ERR_INIT;
    for (int i = 0; i < STREAMS; i++) {
        if (s->lines[i].len > 0) {
            take_bytes(f, node, (enum fleet_stream)i, "\n", 1);
        }
    }
    reap(s);
    if (try_again(f, s)) {
        return;
    }
    bool failed = !s->connected || s->status >= SSH_FAILED || s->killed;
    int status = failed ? -1 : s->status;
    if (failed) {
        ssh_error(&f->nodes->items[node], s->said.data, &why);
    }
    s->wanted = false;
    drop_queue(s);
    if (f->handlers.on_end) {
        f->handlers.on_end(f->handlers.user, node, status, &why);
    }
}

static void give_up(struct fleet *f, size_t node, const struct err *why)
{
    struct session *s = &f->sessions[node];
    s->wanted = false;
    drop_queue(s);
    if (f->handlers.on_end) {
        f->handlers.on_end(f->handlers.user, node, -1, why);
    }
}

// Sessions that wait for their turn, or for another try, or that were ended while they waited.
static void start_waiting(struct fleet *f)
{
    double now = clock_seconds();
    for (size_t i = 0; i < f->nodes->n; i++) {
        struct session *s = &f->sessions[i];
        struct err err = ERR_INIT;
        if (!s->wanted || s->child.pid > 0) {
            continue;
        }
        if (s->over) {
            err_set(&err, ERR_NETWORK, "the connection was given up");
            give_up(f, i, &err);
        } else if (s->again <= now && !is_full(f) && launch(f, i, &err) != 0) {
            give_up(f, i, &err);
        }
    }
}

// The script is the first that goes in, as soon as it can: sh reads it when it is there.
static void prepare_input(struct session *s)
{
    if (s->script.len > 0 && s->child.pid > 0 && s->connected) {
        struct chunk *queue = NULL;
        size_t n = 0;
        VEC_GROW(queue, n);
        queue[n++] = (struct chunk){.text = s->script, .fd = -1};
        s->script = (struct strbuf){0};
        for (size_t i = s->at; i < s->n_queue; i++) {
            VEC_GROW(queue, n);
            queue[n++] = s->queue[i];
        }
        free(s->queue);
        s->queue = queue;
        s->n_queue = n;
        s->at = 0;
    }
}

static void serve_session(struct fleet *f, size_t node, const struct pollfd *p)
{
    struct session *s = &f->sessions[node];
    if (s->child.out >= 0 && p[0].revents) {
        read_stream(f, node, FLEET_OUT, &s->child.out);
    }
    if (s->child.errors >= 0 && p[1].revents) {
        read_stream(f, node, FLEET_ERRORS, &s->child.errors);
    }
    if (s->child.in >= 0 && p[2].revents & (POLLERR | POLLHUP)) {
        close_fd(&s->child.in);
    } else if (s->child.in >= 0 && p[2].revents && has_queue(s)) {
        write_queue(s);
    }
    if (s->closing && s->connected && s->script.len == 0 && !has_queue(s)) {
        close_fd(&s->child.in);
    }
    if (s->child.pid > 0 && s->child.out < 0 && s->child.errors < 0) {
        end_session(f, node);
    }
}

static size_t fill_polled(struct fleet *f)
{
    size_t open = 0;
    for (size_t i = 0; i < f->nodes->n; i++) {
        struct session *s = &f->sessions[i];
        struct pollfd *p = &f->polled[i * 3];
        bool runs = s->wanted && s->child.pid > 0;
        if (runs) {
            prepare_input(s);
        }
        bool writes = runs && s->connected && has_queue(s);
        p[0] = (struct pollfd){.fd = runs ? s->child.out : -1, .events = POLLIN};
        p[1] = (struct pollfd){.fd = runs ? s->child.errors : -1, .events = POLLIN};
        p[2] = (struct pollfd){.fd = writes ? s->child.in : -1, .events = POLLOUT};
        open += s->wanted;
    }
    return open;
}

static void tell_waiting(struct fleet *f)
{
    static const double every = 10;
    double now = clock_seconds();
    for (size_t i = 0; f->handlers.log && i < f->nodes->n; i++) {
        struct session *s = &f->sessions[i];
        double since = s->told > 0 ? s->told : s->began;
        if (s->wanted && !s->connected && !s->over &&
            now - since > (s->told > 0 ? every : every / 2)) {
            s->told = now;
            log_info(f->handlers.log, "still waiting for %s (%.0f s)", f->nodes->items[i].name,
                     now - s->began);
        }
    }
}

int fleet_serve(struct fleet *f, bool (*stop)(void *user), struct err *err)
{
    double tick = clock_seconds();
    for (;;) {
        if (proc_stop_requested()) {
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        }
        if ((stop && stop(f->handlers.user)) || fill_polled(f) == 0) {
            return 0;
        }
        poll(f->polled, f->nodes->n * 3, TICK_MS);
        for (size_t i = 0; i < f->nodes->n; i++) {
            if (f->sessions[i].wanted && f->sessions[i].child.pid > 0) {
                serve_session(f, i, &f->polled[i * 3]);
            }
        }
        start_waiting(f);
        if (clock_seconds() - tick > TICK_MS / 1e3) {
            if (f->handlers.on_tick) {
                f->handlers.on_tick(f->handlers.user);
            }
            tell_waiting(f);
            tick = clock_seconds();
        }
    }
}
