// SPDX-License-Identifier: MIT
#include "cluster/cluster.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/supervise.h"
#include "cluster/identity.h"
#include "cluster/supervisor.h"
#include "cluster/wire.h"
#include "sandbox/namespace.h"
#include "sandbox/native.h"
#include "sandbox/sandbox.h"
#include "sandbox/timeouts.h"

#define SETTINGS "settings"

enum { DOWN_SECONDS = 20 };

bool cluster_name_is_valid(const char *name)
{
    size_t n = strlen(name);
    bool valid = n > 0 && n <= CLUSTER_NAME_MAX && name[0] != '.' && name[0] != '-';
    for (const char *p = name; *p; p++) {
        valid = valid && (isalnum((unsigned char)*p) || strchr("._-", *p)) && isascii(*p);
    }
    return valid;
}

// What later commands want to know.
static int write_settings(const struct cluster_options *o, const char *dir, struct err *err)
{
    _cleanup_free_ char *path = fs_join(dir, SETTINGS);
    _cleanup_strbuf_ struct strbuf text = {0};

    strbuf_addf(&text, "boards %zu\ncores %ld\n", o->boards, o->board->cores);
    for (size_t i = 0; i < o->visible->n; i++) {
        strbuf_addf(&text, "shown %s\n", o->visible->items[i]);
    }
    return fs_write_file(path, text.data, text.len, 0600, err);
}

static int read_settings(struct cluster *c, struct err *err)
{
    enum { SETTINGS_MAX = 1 << 20 };
    _cleanup_free_ char *path = fs_join(c->dir, SETTINGS);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct slice line;
    struct slice key;

    if (fs_read_file(path, SETTINGS_MAX, &text, err) != 0) {
        return -1;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        if (!slice_cut(&line, ' ', &key)) {
            continue;
        }
        char *value = slice_dup(line);
        if (slice_is(key, "boards")) {
            c->boards = strtoul(value, NULL, 10);
        } else if (slice_is(key, "cores")) {
            c->cores = strtol(value, NULL, 10);
        } else if (slice_is(key, "shown")) {
            strv_add(&c->shown, value);
        }
        free(value);
    }
    return 0;
}

// What the boards of each image run without emulation.
static void find_native(struct supervisor *s)
{
    _cleanup_strv_ struct strv any = {0};
    for (size_t i = 0; i < s->o->images->n; i++) {
        _cleanup_strv_ struct strv archs = {0};
        _cleanup_free_ char *folder = xasprintf("/images/%zu", i); // see world.c
        if (!s->o->pure) {
            native_find(s->o->images->items[i], &archs);
        }
        strv_take(&s->native, native_layers(folder, &archs));
        strv_add_all(&any, archs.items);
    }
    s->is_native = any.n > 0;
    native_add_variables(&any, &s->env);
}

static void release_supervisor(struct supervisor *s)
{
    const int fds[] = {s->control, s->log};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    free(s->qemu);
    strv_release(&s->env);
    strv_release(&s->native);
    cluster_folder_release(&s->place);
}

// All that can fail before a process is started.
static int prepare(struct supervisor *s, struct err *err)
{
    const struct cluster_options *o = s->o;

    s->qemu = sandbox_find_qemu(err);
    if (!s->qemu || namespace_check_qemu(s->qemu, err) != 0 ||
        cluster_folder_claim(o->runtime, o->name, &s->place, err) != 0) {
        return -1;
    }
    s->loses_timeouts = timeouts_are_lost(s->qemu);
    if (mkdirat(s->place.fd, "log", 0700) != 0) {
        return err_sys(err, "cannot create a folder in %s", s->place.dir);
    }
    s->log = openat(s->place.fd, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->log < 0) {
        return err_sys(err, "cannot open the folder log in %s", s->place.dir);
    }
    sandbox_add_login("/bin/bash", &s->env);
    sandbox_add_board(o->board, false, &s->env);
    find_native(s);
    if (o->environment->n > 0) {
        strv_add_all(&s->env, o->environment->items);
    }
    s->control = cluster_folder_listen(&s->place, err);
    if (s->control < 0 || write_settings(o, s->place.dir, err) != 0) {
        return -1;
    }
    return identity_make(o, s->place.dir, err);
}

static _Noreturn void become_supervisor(struct supervisor *s, uid_t uid, gid_t gid, int report,
                                        int life)
{
    struct err err = ERR_INIT;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    supervise_watch_parent(SIGKILL, life);
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
        dup2(null, i);
    }
    // Nothing of whoever called us stays: neither open files nor ignored signals.
    const int keep[] = {report, s->control, s->log, s->place.fd, s->place.lock};
    fs_close_all_but(keep, ARRAY_SIZE(keep));
    for (int sig = 1; sig < NSIG; sig++) {
        signal(sig, SIG_DFL);
    }
    if (namespace_map_user(0, uid, 0, gid, &err) != 0) {
        (void)!write(report, &err, sizeof(err));
        _exit(EXIT_FAILURE);
    }
    supervisor_main(s, report);
}

// Waits for the supervisor's report, or for somebody who wants us to stop.
static int wait_for_boards(int report, int signals, struct err *err)
{
    struct pollfd polled[] = {{.fd = report, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    struct err failure;

    while (poll(polled, ARRAY_SIZE(polled), -1) < 0) {
    }
    if (!polled[0].revents) {
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    }
    if (read(report, &failure, sizeof(failure)) != (ssize_t)sizeof(failure)) {
        err_set(err, ERR_FAILED, "the cluster's process was killed while it started");
        return err_hint(err, "if memory is short, start fewer boards: -n 16");
    }
    if (failure.code != ERR_NONE) {
        *err = failure;
        return -1;
    }
    return 0;
}

static int start(struct supervisor *s, int signals, struct err *err)
{
    int report[2];
    int life[2];
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (pipe2(report, O_CLOEXEC) != 0) {
        return err_sys(err, "cannot make a pipe");
    }
    if (pipe2(life, O_CLOEXEC) != 0) {
        close(report[0]);
        close(report[1]);
        return err_sys(err, "cannot make a pipe");
    }
    long flags = supervisor_flags() | SIGCHLD;
    pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0L);
    if (pid == 0) {
        close(report[0]);
        close(life[1]);
        become_supervisor(s, uid, gid, report[1], life[0]);
    }
    close(report[1]);
    close(life[0]);
    int r = pid > 0 ? wait_for_boards(report[0], signals, err)
                    : namespace_unsupported(err, "cannot make the namespaces of a cluster");
    r = r == 0 ? cluster_folder_note_supervisor(&s->place, pid, err) : r;
    if (r != 0 && pid > 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(report[0]);
    close(life[1]);
    return r;
}

int cluster_up(const struct cluster_options *o, struct err *err)
{
    struct supervisor s = {
        .o = o, .control = -1, .log = -1, .link = -1, .place = {.fd = -1, .lock = -1}};
    sigset_t stop;
    sigset_t saved;

    signals_forwarded(&stop);
    sigprocmask(SIG_BLOCK, &stop, &saved);
    _cleanup_close_ int signals = signalfd(-1, &stop, SFD_CLOEXEC);
    int r = prepare(&s, err);
    r = r == 0 ? start(&s, signals, err) : r;
    if (r != 0 && s.place.dir) {
        cluster_folder_remove(s.place.dir);
    }
    release_supervisor(&s);
    sigprocmask(SIG_SETMASK, &saved, NULL);
    return r;
}

int cluster_names(const char *runtime, struct strv *names, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(runtime, "cluster");
    _cleanup_strv_ struct strv all = {0};

    if (cluster_folder_check_runtime(runtime, err) != 0) {
        return -1;
    }
    if (!fs_is_dir(folder)) {
        return 0;
    }
    if (fs_list_dir(folder, &all, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < all.n; i++) {
        _cleanup_free_ char *dir = fs_join(folder, all.items[i]);
        if (cluster_folder_is_alive(dir)) {
            strv_add(names, all.items[i]);
        }
    }
    return 0;
}

int cluster_open(const char *runtime, const char *name, struct cluster *out, struct err *err)
{
    *out = (struct cluster){.name = xstrdup(name), .dir = cluster_folder_path(runtime, name)};
    if (cluster_folder_check_runtime(runtime, err) != 0) {
        cluster_release(out);
        return -1;
    }
    if (cluster_name_is_valid(name) && cluster_folder_is_alive(out->dir)) {
        if (read_settings(out, err) == 0) {
            return 0;
        }
        cluster_release(out);
        return err_wrap(err, "cluster `%s`", name);
    }
    cluster_release(out);
    err_set(err, ERR_NOT_FOUND, "there is no cluster `%s`", name);
    return err_hint(err, "pisdk cluster up -n 4");
}

void cluster_release(struct cluster *c)
{
    free(c->name);
    free(c->dir);
    strv_release(&c->shown);
    *c = (struct cluster){0};
}

int cluster_down(struct cluster *c, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    struct wire answer;

    strv_add(&words, "down");
    _cleanup_close_ int fd = cluster_folder_ask(c->dir, &words, CLUSTER_FOLDER_PATIENCE, err);
    if (fd >= 0 && wire_expect(fd, "done", &answer, err) == 0) {
        wire_release(&answer);
    } else {
        // It is ending already, or somebody else ended it, or it is stopped.
        cluster_folder_kill_supervisor(c->dir);
    }
    return cluster_folder_wait_gone(c->dir, DOWN_SECONDS)
               ? 0
               : err_set(err, ERR_FAILED, "cannot stop cluster `%s`", c->name);
}

static unsigned long long number(const struct wire *w, size_t i)
{
    return strtoull(w->words.items[i], NULL, 10);
}

static int take_board(struct cluster_status *out, const struct wire *w, struct err *err)
{
    enum { NAME = 1, ADDRESS, STATE, PROCESSES, MEMORY, STORAGE, RATE, WORDS };
    char *const *words = w->words.items;

    if (wire_is_error(w)) {
        return wire_take_error(w, err);
    }
    if (w->words.n != WORDS || strcmp(words[0], "board") != 0) {
        return wire_other_version(err);
    }
    VEC_GROW(out->boards, out->n);
    out->boards[out->n++] = (struct cluster_board){
        .name = xstrdup(words[NAME]),
        .address = xstrdup(words[ADDRESS]),
        .state = xstrdup(words[STATE]),
        .processes = number(w, PROCESSES),
        .memory = number(w, MEMORY),
        .storage = number(w, STORAGE),
        .rate = number(w, RATE),
    };
    return 0;
}

int cluster_get_status(const struct cluster *c, struct cluster_status *out, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};

    *out = (struct cluster_status){0};
    strv_add(&words, "status");
    _cleanup_close_ int fd = cluster_folder_ask(c->dir, &words, CLUSTER_FOLDER_PATIENCE, err);
    int r = fd < 0 ? -1 : 0;
    for (bool done = false; r == 0 && !done;) {
        struct wire w;
        r = wire_receive(fd, &w, err);
        done = r != 0 || strcmp(w.words.items[0], "done") == 0;
        r = done ? r : take_board(out, &w, err);
        if (r <= 0) {
            wire_release(&w);
        }
    }
    if (r != 0) {
        cluster_status_release(out);
        return r < 0 ? -1 : err_set(err, ERR_FAILED, "cluster `%s` ended", c->name);
    }
    return 0;
}

void cluster_status_release(struct cluster_status *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->boards[i].name);
        free(s->boards[i].address);
        free(s->boards[i].state);
    }
    free(s->boards);
    *s = (struct cluster_status){0};
}

int cluster_set_fault(const struct cluster *c, enum cluster_fault fault, const char *board,
                      uint64_t value, struct err *err)
{
    static const char *const verbs[] = {
        [CLUSTER_KILL] = "kill", [CLUSTER_START] = "start", [CLUSTER_CUT] = "cut",
        [CLUSTER_HEAL] = "heal", [CLUSTER_LIMIT] = "limit", [CLUSTER_FILL] = "fill",
        [CLUSTER_SLOW] = "slow",
    };
    _cleanup_strv_ struct strv words = {0};
    struct wire answer;
    bool starts = fault == CLUSTER_START || fault == CLUSTER_HEAL;
    const int patience = starts ? CLUSTER_FOLDER_PATIENCE_START : CLUSTER_FOLDER_PATIENCE;

    strv_add_list(&words, verbs[fault], board, NULL);
    strv_addf(&words, "%llu", (unsigned long long)value);
    _cleanup_close_ int fd = cluster_folder_ask(c->dir, &words, patience, err);
    if (fd < 0 || wire_expect(fd, "done", &answer, err) != 0) {
        return -1;
    }
    wire_release(&answer);
    return 0;
}

int cluster_connect(const struct cluster *c, const char *board, unsigned port, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    struct wire answer;

    strv_add_list(&words, "connect", board, NULL);
    strv_addf(&words, "%u", port);
    _cleanup_close_ int fd = cluster_folder_ask(c->dir, &words, CLUSTER_FOLDER_PATIENCE, err);
    if (fd < 0 || wire_expect(fd, "connection", &answer, err) != 0) {
        return -1;
    }
    int connection = TAKE_FD(answer.fds[0]);
    wire_release(&answer);
    return connection >= 0 ? connection
                           : err_set(err, ERR_FAILED, "the cluster gave no connection");
}
