// SPDX-License-Identifier: MIT
#include "sysroot/board_import.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/proc.h"
#include "deb/deb822.h"
#include "deb/text.h"
#include "remote/fleet.h"
#include "sysroot/index.h"
#include "sysroot/packages.h"
#include "sysroot/path.h"

enum {
    ANSWER_MAX = 256 << 20, // bytes; the status of a full desktop has 5 MB
    ERRORS_MAX = 1 << 16,
    FOLDER_MODE = 0755,
    RSYNC_VANISHED = 24, // files went away while it looked
    RSYNC_PARTIAL = 23,  // some could not be read: what only root may read is not a library
};

#define LOCAL_PACKAGE "local-files"
#define MARK          "=== pisdk "

static int check_host(const char *host, struct err *err)
{
    if (host[0] == '-' || host[0] == '\0') {
        return err_set(err, ERR_USAGE, "`%s` is not USER@HOST", host);
    }
    for (const char *p = host; *p; p++) {
        if ((unsigned char)*p <= ' ' || strchr("'\"\\$`;&|<>()*?", *p)) {
            return err_set(err, ERR_USAGE, "`%s` is not USER@HOST", host);
        }
    }
    return 0;
}

// A board that has gone away is noticed after half a minute.
#define SSH_OPTIONS "-oConnectTimeout=20", "-oServerAliveInterval=10", "-oServerAliveCountMax=3"

// Runs import.sh on the board, by an ssh that may ask for a password: people import from boards
// that they have not set up for more.
static int ask(const char *host, const char *scripts, const struct strv *packages,
               struct strbuf *out, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf script = {0};
    _cleanup_strbuf_ struct strbuf command = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    const struct proc_capture capture = {
        .input = -1, .max = ANSWER_MAX, .out = out, .errors = &errors};
    int status = 0;

    if (fleet_read_script(scripts, "import.sh", &script, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *quoted = str_quoted(script.data);
    strbuf_addf(&command, "exec /bin/sh -c %s sh", quoted);
    strbuf_add_quoted(&command, packages ? packages->items : NULL);
    strv_add_list(&argv, "ssh", SSH_OPTIONS, "--", host, command.data, NULL);
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return err->code == ERR_NOT_FOUND ? err_hint(err, "sudo apt install openssh-client") : -1;
    }
    if (proc_stop_requested()) {
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    }
    if (status != 0) {
        _cleanup_free_ char *why = str_last_line(errors.data ? errors.data : "");
        err_set(err, ERR_NETWORK, "%s: ssh ended with status %d%s%s", host, status,
                *why ? ": " : "", why);
        return err_hint(err, "try: ssh %s true", host);
    }
    return 0;
}

// The text between the mark of this name and the next one.
static struct slice section(const struct strbuf *answer, const char *name)
{
    _cleanup_free_ char *mark = xasprintf(MARK "%s\n", name);
    const char *from = answer->data ? strstr(answer->data, mark) : NULL;
    if (!from) {
        return (struct slice){NULL, 0};
    }
    from += strlen(mark);
    const char *to = strstr(from, "\n" MARK);
    // An empty section: the next mark is right here.
    if (str_starts(from, MARK)) {
        return (struct slice){from, 0};
    }
    return to ? (struct slice){from, (size_t)(to + 1 - from)} : (struct slice){NULL, 0};
}

static char *os_release_value(struct slice text, const char *key)
{
    struct slice line;
    size_t n = strlen(key);
    while (slice_cut(&text, '\n', &line)) {
        if (line.n > n && memcmp(line.p, key, n) == 0 && line.p[n] == '=') {
            struct slice value = {line.p + n + 1, line.n - n - 1};
            if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'')) {
                value = (struct slice){value.p + 1, value.n - 2};
            }
            return slice_dup(value);
        }
    }
    return NULL;
}

static int read_answer(const struct strbuf *answer, struct board_facts *out, struct err *err)
{
    struct slice arch = slice_trim(section(answer, "arch"));
    struct slice status = section(answer, "status");
    struct slice local = section(answer, "local");
    struct slice line;

    if (!slice_is(arch, "armhf")) {
        err_set(err, ERR_VERIFY,
                "%s is not a 32-bit Raspberry Pi OS or Debian armhf: its dpkg %s%.*s", out->host,
                arch.n ? "says " : "does not answer", (int)arch.n, arch.n ? arch.p : "");
        return err_hint(err, "on the board: dpkg --print-architecture");
    }
    out->release = os_release_value(section(answer, "os"), "VERSION_CODENAME");
    if (!out->release || !text_is_name(out->release)) {
        return err_set(err, ERR_VERIFY, "%s: its /etc/os-release does not name a Debian release",
                       out->host);
    }
    if (!status.p || !section(answer, "end").p) {
        return err_set(err, ERR_NETWORK, "%s disconnected before listing its packages", out->host);
    }
    strbuf_add(&out->status, status.p, status.n);
    index_installed(&out->status, &out->installed);
    while (slice_cut(&local, '\n', &line)) {
        if (line.n && line.p[0] == '/') {
            strv_take(&out->local, slice_dup(line));
        }
    }
    return 0;
}

int board_ask(const char *host, const char *scripts, struct board_facts *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf answer = {0};

    *out = (struct board_facts){0};
    if (check_host(host, err) != 0) {
        return -1;
    }
    out->host = xstrdup(host);
    strbuf_adds(&answer, "");
    // The end mark is there when the whole answer came: its section has no text.
    if (ask(host, scripts, NULL, &answer, err) != 0) {
        board_facts_release(out);
        return -1;
    }
    strbuf_adds(&answer, "\n" MARK "\n");
    if (read_answer(&answer, out, err) != 0) {
        board_facts_release(out);
        return -1;
    }
    return 0;
}

void board_facts_release(struct board_facts *f)
{
    free(f->host);
    free(f->release);
    strbuf_release(&f->status);
    strv_release(&f->installed);
    strv_release(&f->local);
    *f = (struct board_facts){0};
}

// --- Copying -------------------------------------------------------------------------------------

// The files of one package on the board, as paths in a sysroot.
struct file_list {
    struct package *package;
    struct strv paths;
};

struct copying {
    const struct board_facts *facts;
    const struct sysroot_build_options *o;
    struct lock *lock;
    struct file_list *lists;
    size_t n;
    char *dir; // where they arrive
};

static bool is_left_out(const struct lock *lock, const char *path)
{
    return sysroot_path_matches(&lock->leave_out, path) && !sysroot_path_matches(&lock->keep, path);
}

// What a sysroot wants of a package: not its configuration, state and manuals.
static void add_path(const struct copying *c, struct file_list *list, struct slice line)
{
    static const char *const wanted[] = {"usr/*", "opt/*", "etc/ld.so.conf.d/*"};
    _cleanup_free_ char *text = slice_dup(line);
    _cleanup_free_ char *path = NULL;
    struct err ignored = ERR_INIT;

    if (text[0] != '/' || strcmp(text, "/.") == 0 ||
        sysroot_path_of_member(text + 1, &path, &ignored) != 0 || is_left_out(c->lock, path)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        if (fnmatch(wanted[i], path, 0) == 0) {
            strv_add(&list->paths, path);
            return;
        }
    }
}

// Asks for the lists of files of all packages at once.
static int ask_lists(struct copying *c, struct err *err)
{
    _cleanup_strbuf_ struct strbuf answer = {0};
    _cleanup_strv_ struct strv packages = {0};
    _cleanup_free_ char *scripts = fs_join(c->o->share, "toolchain/remote");

    for (size_t i = 0; i < c->n; i++) {
        const struct package *p = c->lists[i].package;
        strv_addf(&packages, "%s:%s", p->name, p->arch);
    }
    if (ask(c->facts->host, scripts, &packages, &answer, err) != 0) {
        return -1;
    }
    strbuf_adds(&answer, "\n" MARK "\n");
    for (size_t i = 0; i < c->n; i++) {
        struct slice text = section(&answer, c->lists[i].package->name);
        struct slice line;
        if (!text.p) {
            return err_set(err, ERR_NETWORK, "%s disconnected before listing its files",
                           c->facts->host);
        }
        while (slice_cut(&text, '\n', &line)) {
            add_path(c, &c->lists[i], line);
        }
    }
    return 0;
}

// A descriptor that reads the paths of all lists, one a line.
static int open_paths(const struct copying *c, struct err *err)
{
    int fd = memfd_create("pisdk-files", MFD_CLOEXEC);
    if (fd < 0) {
        return err_sys(err, "cannot make a list of files");
    }
    for (size_t i = 0; i < c->n; i++) {
        for (size_t j = 0; j < c->lists[i].paths.n; j++) {
            const char *path = c->lists[i].paths.items[j];
            if (fs_write_all(fd, path, strlen(path), err) != 0 ||
                fs_write_all(fd, "\n", 1, err) != 0) {
                close(fd);
                return -1;
            }
        }
    }
    if (lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        return err_sys(err, "cannot make a list of files");
    }
    return fd;
}

// Some files that a list names are not there, or not for everybody; a file system that is full and
// a line that drops are the only things that matter.
static int run_rsync(const struct copying *c, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    _cleanup_close_ int paths = open_paths(c, err);
    const struct proc_capture capture = {
        .input = paths, .max = ERRORS_MAX, .out = &errors, .errors = &errors};
    int status = 0;

    if (paths < 0) {
        return -1;
    }
    strv_add_list(&argv, "rsync", "-lpt", "--files-from=-", "--ignore-missing-args", "--timeout=60",
                  "-e", NULL);
    strv_addf(&argv, "ssh %s %s %s", SSH_OPTIONS);
    strv_add(&argv, "--");
    strv_addf(&argv, "%s:/", c->facts->host);
    strv_addf(&argv, "%s/", c->dir);
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return err->code == ERR_NOT_FOUND ? err_hint(err, "sudo apt install rsync") : -1;
    }
    if (proc_stop_requested()) {
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    }
    bool full = errors.data && strstr(errors.data, "No space left on device");
    if (status == 0 || ((status == RSYNC_PARTIAL || status == RSYNC_VANISHED) && !full)) {
        return 0;
    }
    _cleanup_free_ char *why = str_last_line(errors.data ? errors.data : "");
    err_set(err, full ? ERR_FAILED : ERR_NETWORK,
            "%s: copying files: rsync ended with status %d: %s", c->facts->host, status,
            full ? "no space left on this machine" : why);
    return full ? -1 : err_hint(err, "rsync must be on the board, too: sudo apt install rsync");
}

// Moves the files of one package from where they arrived to a package of their own. A board might
// send a link where others have a folder: nothing goes through links.
static int move_files(const struct copying *c, const struct file_list *list, int to,
                      struct err *err)
{
    _cleanup_close_ int arrived = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < list->paths.n; i++) {
        const char *path = list->paths.items[i];
        _cleanup_free_ char *parent = fs_parent(path);
        _cleanup_close_ int from = fs_open_beneath(arrived, parent, O_PATH | O_DIRECTORY, 0);
        struct stat st;
        if (from < 0 || fstatat(from, fs_base(path), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))) {
            continue; // not on the board, or a folder
        }
        _cleanup_close_ int dir = fs_open_folder_beneath(to, parent, FOLDER_MODE);
        if (dir < 0 || renameat(from, fs_base(path), dir, fs_base(path)) != 0) {
            return err_sys(err, "cannot move %s", path);
        }
    }
    return 0;
}

static int make_package(const struct copying *c, const struct file_list *list, struct err *err)
{
    static const char first_key[HASH_HEX + 1] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    _cleanup_(tree_release) struct tree tree = {0};
    struct packages_new fresh;

    // Under which key it will be, is known when its files are.
    if (packages_begin(c->o->data, first_key, &fresh, err) != 0) {
        return -1;
    }
    int r = move_files(c, list, fresh.tree, err);
    r = r == 0 ? packages_normalise(fresh.tree, true, &tree, err) : r;
    if (r == 0) {
        tree_digest(&tree, list->package->contents);
        list->package->installed_size = tree_size(&tree);
        r = packages_commit(c->o->data, list->package->contents, &fresh, &tree, err);
    }
    packages_end(&fresh);
    return r == 0 ? 0 : err_wrap(err, "%s", list->package->name);
}

static int copy_into(struct copying *c, struct err *err)
{
    if (ask_lists(c, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->lists[i].package->name, LOCAL_PACKAGE) != 0) {
            continue;
        }
        for (size_t j = 0; j < c->facts->local.n; j++) {
            const char *path = c->facts->local.items[j];
            add_path(c, &c->lists[i], (struct slice){path, strlen(path)});
        }
    }
    if (run_rsync(c, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (make_package(c, &c->lists[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int copy_packages(struct copying *c, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(c->o->data, "packages");
    _cleanup_free_ char *template = fs_join(folder, ".import-XXXXXX");
    struct err ignored = ERR_INIT;

    if (fs_mkdir_all(folder, FOLDER_MODE, err) != 0) {
        return -1;
    }
    if (!mkdtemp(template)) {
        return err_sys(err, "cannot create a folder in %s", folder);
    }
    c->dir = template;
    int r = copy_into(c, err);
    (void)!fs_remove_tree(template, &ignored);
    return r;
}

static void add_local_package(struct lock *lock)
{
    VEC_GROW(lock->packages.items, lock->packages.n);
    lock->packages.items[lock->packages.n++] = (struct package){
        .kind = PACKAGE_COPIED,
        .name = xstrdup(LOCAL_PACKAGE),
        .version = xstrdup("1"),
        .arch = xstrdup(lock->arch),
        .origin = xstrdup(INDEX_BOARD),
    };
    package_list_sort(&lock->packages);
}

int board_import(const struct board_facts *f, const struct recipe *recipe,
                 const struct sysroot_build_options *o, struct lock *lock, struct err *err)
{
    struct copying c = {.facts = f, .o = o, .lock = lock};

    if (index_choose_installed(recipe, &o->mirror, o->data, &f->status, lock, err) != 0) {
        return -1;
    }
    if (f->local.n) {
        add_local_package(lock);
    }
    c.lists = xcalloc(lock->packages.n + 1, sizeof(*c.lists));
    for (size_t i = 0; i < lock->packages.n; i++) {
        if (lock->packages.items[i].kind == PACKAGE_COPIED) {
            c.lists[c.n++].package = &lock->packages.items[i];
        }
    }
    int r = c.n ? copy_packages(&c, err) : 0;
    for (size_t i = 0; i < c.n; i++) {
        strv_release(&c.lists[i].paths);
    }
    free(c.lists);
    return r;
}
