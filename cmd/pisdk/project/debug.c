// SPDX-License-Identifier: MIT
// `pisdk debug`: gdb, attached to an emulated program, to one rank of a job, or to a program on a
// board.
//
// The program runs as `pisdk run` runs it, but for one process, which QEMU holds at its start until
// gdb has connected to its stub, on a socket in a folder of its own. The other ranks run. On a
// board, gdbserver plays QEMU's part, and ssh the socket's (debug/gdbserver.h).
//
// With --serve it is the debugger of an editor that connects.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/ini.h"
#include "base/proc.h"
#include "debug/gdb.h"
#include "debug/gdbserver.h"
#include "debug/relay.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "workspace/node_choice.h"
#include "workspace/program_choice.h"
#include "workspace/target_choice.h"

enum {
    RANKS_MAX = PROJECT_RANKS_MAX,
    WAIT_SECONDS = 60,
    POLL_MS = 20,
    PORT_MAX = 65535,
    PROC_FILE_MAX = 1 << 20,
    NOT_ENDED = 255
};

struct debug {
    struct app *app;
    struct target *target;
    long ranks, rank;
    const char *word; // the program as the user named it, or NULL
    char *program;    // absolute, on this desktop
    bool interprets;  // it is the sysroot's Python
    char *script;     // that it interprets; or NULL
    char *folder;     // has the socket in it
    char *socket;
    char *settings;    // a file of gdb's commands
    char *remote;      // what gdb connects to
    bool on_board;     // not under emulation
    const char *serve; // a port, or "-" for our standard streams; NULL: gdb is started here
    long port;
    int listening;   // for a debugger; -1: it is not
    bool stopped;    // the terminal is gone, or somebody wants us to end
    sigset_t mask;   // the signals that were blocked before
    bool was_killed; // by gdb, at its end
    pid_t job;       // the emulated program, in a process group of its own
};

// Starts the program under QEMU's stub when it is the wanted rank. QEMU_UNSET_ENV: what it starts
// itself is not held.
#define HOLD                                                                                       \
    "if [ \"${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}\" = \"$1\" ]; then "                           \
    "export QEMU_GDB=\"$2\" QEMU_UNSET_ENV=QEMU_GDB,QEMU_UNSET_ENV; fi; "                          \
    "shift 2; exec \"$@\""

static void job_words(const struct debug *d, struct strv *argv)
{
    const struct input *in = &d->app->input;

    strv_add_list(argv, d->app->paths.program, "run", "--no-backtrace", "--sysroot",
                  d->target->sysroot.root, "--board", d->target->board.name, NULL);
    if (d->ranks > 0) {
        strv_addf(argv, "-n%ld", d->ranks);
    }
    strv_add_list(argv, "sh", "--", "-c", HOLD, "sh", NULL);
    strv_addf(argv, "%ld", d->rank);
    strv_add(argv, d->socket);
    strv_add(argv, d->interprets ? "/usr/bin/python3" : d->program);
    if (d->script) {
        strv_add(argv, d->script);
    }
    strv_add_all(argv, in->args.n ? in->args.items + 1 : NULL);
    strv_add_all(argv, in->rest.items);
}

// In a process group of its own: Ctrl-C in gdb is gdb's.
static int start_job(struct debug *d, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    job_words(d, &argv);
    d->job = fork();
    if (d->job == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        if (d->serve) { // standard output may be the debugger's
            dup2(STDERR_FILENO, STDOUT_FILENO);
        }
        signal(SIGTTOU, SIG_IGN); // it may write to the terminal
        pthread_sigmask(SIG_SETMASK, &d->mask, NULL);
        execv(argv.items[0], argv.items);
        _exit(EXIT_FAILED);
    }
    return d->job > 0 ? 0 : err_sys(err, "cannot start %s", argv.items[0]);
}

static bool job_ended(struct debug *d, int *status)
{
    int wait_status;
    if (d->job <= 0 || waitpid(d->job, &wait_status, WNOHANG) != d->job) {
        return false;
    }
    *status = signals_status(wait_status);
    d->job = 0;
    return true;
}

static int wait_for_socket(struct debug *d, struct err *err)
{
    double deadline = clock_seconds() + WAIT_SECONDS;
    int status;
    while (!fs_exists(d->socket)) {
        if (job_ended(d, &status)) {
            err_set(err, ERR_FAILED, "the program ended before it could be debugged (status %d)",
                    status);
            return err_hint(err, "check that `pisdk run` runs it; debugging does not work in "
                                 "prefix mode: see `pisdk doctor`");
        }
        if (proc_stop_requested()) {
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        }
        if (clock_seconds() > deadline) {
            return err_set(err, ERR_FAILED, "the program did not wait for the debugger");
        }
        poll(NULL, 0, POLL_MS);
    }
    return 0;
}

// A program that gdb has detached from goes on to its end. One that gdb has killed ends the others
// at once, before mpirun wonders why. Where gdb failed, QEMU may still wait for it, and heeds
// SIGKILL only; pisdk, killed, takes all that it started along.
static void stop_job(struct debug *d, bool good)
{
    int status;
    double deadline = clock_seconds() + 1;
    while (d->job > 0 && !job_ended(d, &status)) {
        if (d->stopped || proc_stop_requested() || d->was_killed ||
            (!good && clock_seconds() > deadline)) {
            kill(-d->job, SIGKILL);
            int wait_status;
            waitpid(d->job, &wait_status, 0);
            d->job = 0;
            return;
        }
        poll(NULL, 0, POLL_MS);
    }
}

static void gdb_words(const struct debug *d, const char *gdb, struct strv *argv)
{
    const struct strv *commands = input_values(&d->app->input, "command");
    bool batch = input_flag(&d->app->input, "batch") || commands->n > 0;
    const char *script = input_value(&d->app->input, "script");

    strv_add_list(argv, gdb, "-q", "-nx", "-return-child-result", NULL);
    if (batch || script) {
        strv_add(argv, "-batch");
    }
    strv_add_list(argv, "-x", d->settings, NULL);
    _cleanup_free_ char *program = gdb_word(d->program);
    gdb_add_command(argv, "file %s", program);
    gdb_add_command(argv, "target remote %s", d->remote);
    if (!d->interprets && !batch && !script) { // past the loader
        gdb_add_command(argv, "tbreak main");
        gdb_add_command(argv, "continue");
    }
    for (size_t i = 0; i < commands->n; i++) {
        gdb_add_command(argv, "%s", commands->items[i]);
    }
    if (script) {
        strv_add_list(argv, "-x", script, NULL);
    }
}

// Does the process wait for gdb's next word? Then gdb shows its prompt.
static bool waits_for_gdb(const char *pid)
{
    _cleanup_free_ char *path = xasprintf("/proc/%s/syscall", pid);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    return fs_read_file(path, PROC_FILE_MAX, &text, &ignored) == 0 && text.data &&
           strtol(text.data, NULL, 10) == SYS_recvfrom;
}

static bool is_held(const struct debug *d, const char *pid)
{
    _cleanup_free_ char *path = xasprintf("/proc/%s/environ", pid);
    _cleanup_free_ char *wanted = xasprintf("QEMU_GDB=%s", d->socket);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    return pid[0] >= '1' && pid[0] <= '9' &&
           fs_read_file(path, PROC_FILE_MAX, &text, &ignored) == 0 && text.data &&
           memmem(text.data, text.len, wanted, strlen(wanted) + 1) != NULL;
}

// Calls `act`, if any, for each process that gdb debugs. false: there is none.
static bool find_held(const struct debug *d, void (*act)(const char *pid))
{
    _cleanup_strv_ struct strv pids = {0};
    struct err ignored = ERR_INIT;
    bool found = false;

    if (!d->socket || fs_list_dir("/proc", &pids, &ignored) != 0) {
        return false;
    }
    for (size_t i = 0; i < pids.n; i++) {
        if (is_held(d, pids.items[i])) {
            found = true;
            if (act) {
                act(pids.items[i]);
            }
        }
    }
    return found;
}

static void interrupt(const char *pid)
{
    if (!waits_for_gdb(pid)) {
        kill((pid_t)strtol(pid, NULL, 10), SIGINT);
    }
}

// Ctrl-C while the program runs. QEMU does not listen to gdb then, so the program itself gets the
// signal, at which QEMU tells gdb.
static void interrupt_program(const struct debug *d)
{
    (void)find_held(d, interrupt);
}

static void on_signal(void *user, int sig)
{
    struct debug *d = user;
    if (sig == SIGINT) {
        interrupt_program(d);
    } else {
        d->stopped = true;
    }
}

static int run_gdb(struct debug *d, const char *gdb, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    gdb_words(d, gdb, &argv);
    const struct proc_context place = {.on_signal = on_signal, .user = d};
    int r = proc_run_at(argv.items, &place, status, err);
    // gdb's status is the program's; where it has not ended (killed, detached), gdb says -1.
    d->was_killed = *status == NOT_ENDED && d->socket && !find_held(d, NULL);
    *status = *status == NOT_ENDED ? 0 : *status;
    return r;
}

static void on_interrupt(void *user)
{
    interrupt_program(user);
}

static bool is_stopped(void *user)
{
    const struct debug *d = user;
    return d->stopped || proc_stop_requested();
}

// Or there is nothing to debug any more: another rank has ended the job, say.
static bool is_over(void *user)
{
    struct debug *d = user;
    int status;
    return is_stopped(d) || (d->job > 0 && job_ended(d, &status));
}

// For a command in our place: the debugger's side becomes its standard streams.
struct streams {
    int in, out;
};

static void take_streams(void *user)
{
    const struct streams *s = user;
    dup2(s->in, STDIN_FILENO);
    dup2(s->out, STDOUT_FILENO);
}

// On a board, gdbserver hears Ctrl-C itself: nothing has to be passed on by us.
static int serve_board(struct debug *d, struct streams *s, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    const struct proc_context place = {.enter = take_streams, .user = s};
    strv_add_list(&argv, "sh", "-c", d->remote + 1, NULL); // after "|"
    return proc_run_at(argv.items, &place, status, err);
}

static int serve_streams(struct debug *d, struct streams *s, int *status, struct err *err)
{
    if (d->on_board) {
        return serve_board(d, s, status, err);
    }
    _cleanup_close_ int stub = relay_connect(d->socket, err);
    if (stub < 0) {
        return -1;
    }
    const struct relay relay = {.in = s->in,
                                .out = s->out,
                                .stub = stub,
                                .interrupt = on_interrupt,
                                .stopped = is_stopped,
                                .user = d};
    // A debugger that has gone ends the job; a program that has ended does not end the others.
    *status = relay_run(&relay) ? 0 : NOT_ENDED;
    return 0;
}

// Listens where --serve says, before anything is started. *listening is -1 for standard streams.
static int open_port(struct debug *d, int *listening, struct err *err)
{
    *listening = -1;
    if (strcmp(d->serve, "-") == 0) {
        return 0;
    }
    if (ini_number("--serve", d->serve, 1, PORT_MAX, &d->port, err) != 0) {
        return err_hint(err, "--serve takes a port, or - for standard input and output");
    }
    *listening = relay_listen(d->port, err);
    return *listening < 0 ? -1 : 0;
}

static int serve(struct debug *d, int *status, struct err *err)
{
    struct streams s = {STDIN_FILENO, STDOUT_FILENO};
    signal(SIGPIPE, SIG_IGN); // a debugger may go at any moment
    if (d->listening < 0) {
        return serve_streams(d, &s, status, err);
    }
    printf("waiting for a debugger on 127.0.0.1:%ld\n", d->port);
    fflush(stdout);
    _cleanup_close_ int debugger = relay_accept(d->listening, is_over, d);
    if (debugger < 0) {
        return errno           ? err_sys(err, "cannot accept the debugger")
               : is_stopped(d) ? err_set(err, ERR_INTERRUPTED, "interrupted")
                               : err_set(err, ERR_FAILED,
                                         "the program ended before a debugger "
                                         "connected");
    }
    s = (struct streams){debugger, debugger};
    return serve_streams(d, &s, status, err);
}

// With gdb's settings in a file: as commands, it would show what some of them do.
static int make_folder(struct debug *d, struct err *err)
{
    const struct debug_subject subject = target_debug_subject(&d->app->work, d->target);
    char name[] = "/tmp/pisdk-debug-XXXXXX";
    if (!mkdtemp(name)) {
        return err_sys(err, "cannot create a folder in /tmp");
    }
    d->folder = xstrdup(name);
    d->settings = fs_join(name, "settings");
    return gdb_write_settings(&subject, d->program, d->settings, err);
}

static int read_numbers(struct debug *d, struct err *err)
{
    const struct input *in = &d->app->input;
    long unset = !in->args.n && d->app->has_project ? d->app->project.ranks : 0;

    if (input_number(in, "ranks", unset, 1, RANKS_MAX, &d->ranks, err) != 0 ||
        input_number(in, "rank", 0, 0, RANKS_MAX - 1, &d->rank, err) != 0) {
        return -1;
    }
    if (d->rank > 0 && d->rank >= d->ranks) {
        err_set(err, ERR_USAGE, "no rank %ld in a job of %ld ranks", d->rank,
                d->ranks ? d->ranks : 1);
        return err_hint(err, "-n 4 --rank 2");
    }
    return 0;
}

static int debug_emulated(struct debug *d, const char *gdb, int *status, struct err *err)
{
    d->socket = fs_join(d->folder, "gdb");
    d->remote = xstrdup(d->socket);
    int r = start_job(d, err) != 0 || wait_for_socket(d, err) != 0 ? -1
            : d->serve                                             ? serve(d, status, err)
                                                                   : run_gdb(d, gdb, status, err);
    stop_job(d, r == 0 && *status == 0);
    if (d->serve && *status == NOT_ENDED) {
        *status = 0;
    }
    return r;
}

// On a node of the project, or on whatever ssh understands.
static int open_server(struct debug *d, const char *name, const struct strv *args,
                       struct gdbserver *server, struct err *err)
{
    _cleanup_(remotes_release) struct remotes known = {0};

    if (nodes_of_project(&d->app->work, &known, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *scripts = fs_join(d->app->paths.share, "toolchain/remote");
    _cleanup_free_ char *host = xstrdup(name);
    const struct remote other = {.host = host};
    const struct remote *node = remotes_find(&known, name);
    return gdbserver_open(node ? node : &other, scripts, d->program, args, server, err);
}

static int debug_on_node(struct debug *d, const char *gdb, int *status, struct err *err)
{
    const struct input *in = &d->app->input;
    _cleanup_strv_ struct strv args = {0};
    struct gdbserver server;

    if (d->ranks > 0 && input_value(in, "ranks")) {
        err_set(err, ERR_USAGE, "on a board, only one program can be debugged, without mpirun");
        return err_hint(err, "use -n to debug a rank under emulation");
    }
    strv_add_all(&args, in->args.n ? in->args.items + 1 : NULL);
    strv_add_all(&args, in->rest.items);
    if (open_server(d, input_value(in, "on"), &args, &server, err) != 0) {
        return -1;
    }
    d->remote = xstrdup(server.remote);
    d->on_board = true;
    int r = d->serve ? serve(d, status, err) : run_gdb(d, gdb, status, err);
    gdbserver_close(&server);
    return r;
}

static bool is_python(const struct debug *d, bool in_sysroot)
{
    const struct interpreter *i = program_interpreter(d->program);
    return in_sysroot ? str_starts(fs_base(d->program), "python3")
                      : i && strcmp(i->program, "python3") == 0;
}

// gdb debugs the interpreter, and shows what it interprets.
static int use_python(struct debug *d, bool in_sysroot, struct err *err)
{
    const struct debug_subject subject = target_debug_subject(&d->app->work, d->target);
    _cleanup_free_ char *link = fs_join(d->target->sysroot.root, "usr/bin/python3");
    _cleanup_free_ char *python = fs_real_path(link);
    _cleanup_free_ char *support = python ? gdb_python_support(&subject, python) : NULL;
    if (!support) {
        err_set(err, ERR_NOT_FOUND, "the sysroot's Python has no debug information");
        return err_hint(err, "pisdk sysroot add python3-dbg");
    }
    d->interprets = true;
    d->script = in_sysroot ? NULL : TAKE_PTR(d->program);
    free(d->program);
    d->program = TAKE_PTR(python);
    log_info(&d->app->log, "for Python: py-bt, py-up, py-list, py-print NAME");
    return 0;
}

static int debug(struct debug *d, int *status, struct err *err)
{
    bool in_sysroot;

    if (read_numbers(d, err) != 0 ||
        program_find(&d->app->work, d->target, d->word, &d->program, &in_sysroot, err) != 0) {
        return -1;
    }
    if (is_python(d, in_sysroot) && !input_value(&d->app->input, "on")) {
        if (use_python(d, in_sysroot, err) != 0) {
            return -1;
        }
    } else if (in_sysroot) {
        return err_set(err, ERR_USAGE, "%s is a program of the sysroot, without debug information",
                       d->program);
    }
    _cleanup_free_ char *gdb = d->serve ? NULL : gdb_find(err);
    if (!gdb && !d->serve) {
        return -1;
    }
    if ((d->serve && open_port(d, &d->listening, err) != 0) || make_folder(d, err) != 0) {
        return -1;
    }
    return input_value(&d->app->input, "on") ? debug_on_node(d, gdb, status, err)
                                             : debug_emulated(d, gdb, status, err);
}

int cmd_debug(struct app *app, struct err *err)
{
    struct target_request request;
    struct target target;
    int status = 0;

    if (app->input.args.n == 0 && !app->has_project) {
        err_set(err, ERR_USAGE, "no program given, and this is not a project");
        return err_hint(err, "pisdk debug ./PROGRAM");
    }
    if (target_request_read(&app->input, &request, err) != 0 ||
        target_choose(&app->work, &request, &target, err) != 0) {
        return -1;
    }
    struct debug d = {.app = app,
                      .target = &target,
                      .word = app->input.args.n ? app->input.args.items[0] : NULL,
                      .serve = input_value(&app->input, "serve"),
                      .listening = -1};
    proc_stop_hold(&d.mask); // whatever ends us, the program and its folder go first
    int r = debug(&d, &status, err);
    if (d.folder) {
        struct err ignored = ERR_INIT;
        (void)!fs_remove_tree(d.folder, &ignored);
    }
    if (d.listening >= 0) {
        close(d.listening);
    }
    free(d.program);
    free(d.script);
    free(d.folder);
    free(d.socket);
    free(d.settings);
    free(d.remote);
    target_release(&target);
    proc_stop_restore(&d.mask);
    return r == 0 ? status : -1;
}
