// SPDX-License-Identifier: MIT
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

bool fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool fs_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool fs_is_empty_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

bool fs_dir_is_empty(const char *path)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    return fs_list_dir(path, &names, &ignored) == 0 && names.n == 0;
}

char *fs_join(const char *dir, const char *name)
{
    if (name[0] == '/') {
        return xstrdup(name);
    }
    return xasprintf("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

char *fs_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return xstrdup(".");
    }
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

const char *fs_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *fs_real_path(const char *path)
{
    return realpath(path, NULL);
}

char *fs_absolute(const char *path)
{
    if (path[0] == '/') {
        return xstrdup(path);
    }
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    return fs_join(cwd ? cwd : "/", path);
}

bool fs_is_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/') {
        n--;
    }
    if (n == 1 && dir[0] == '/') {
        return path[0] == '/';
    }
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

void fs_find_programs(const char *const names[], size_t n, struct strv *found)
{
    const char *path = getenv("PATH");
    struct slice rest = {path, path ? strlen(path) : 0};
    struct slice dir;
    while (slice_cut(&rest, ':', &dir)) {
        _cleanup_free_ char *folder = dir.n ? slice_dup(dir) : xstrdup(".");
        for (size_t i = 0; i < n; i++) {
            _cleanup_free_ char *candidate = fs_join(folder, names[i]);
            if (!strchr(names[i], '/') && fs_is_program(candidate)) {
                strv_take(found, fs_absolute(candidate));
            }
        }
    }
}

char *fs_find_program(const char *name)
{
    _cleanup_strv_ struct strv found = {0};
    fs_find_programs(&name, 1, &found);
    return found.n ? xstrdup(found.items[0]) : NULL;
}

int fs_read_file(const char *path, size_t max, struct strbuf *out, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_sys(err, "cannot open %s", path);
        err->code = err->sys == ENOENT ? ERR_NOT_FOUND : ERR_FAILED;
        return -1;
    }
    for (;;) {
        enum { CHUNK = 1 << 16 };
        char *to = strbuf_reserve(out, CHUNK);
        ssize_t n = read(fd, to, CHUNK);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_sys(err, "cannot read %s", path);
        }
        out->len += (size_t)n;
        out->data[out->len] = '\0';
        if (n == 0) {
            return 0;
        }
        if (out->len > max) {
            return err_set(err, ERR_FAILED, "%s is larger than %zu bytes", path, max);
        }
    }
}

int fs_write_all(int fd, const void *data, size_t n, struct err *err)
{
    const char *p = data;
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return err_sys(err, "cannot write");
        }
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

char *fs_read_field(const char *path, const char *key)
{
    enum { FIELDS_MAX = 1 << 20 };
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    struct slice line;
    if (fs_read_file(path, FIELDS_MAX, &text, &ignored) != 0) {
        return NULL;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        struct slice name;
        if (slice_cut(&line, ':', &name) && slice_is(slice_trim(name), key)) {
            return slice_dup(slice_trim(line));
        }
    }
    return NULL;
}

int fs_sync(const char *path, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? 0 : err_sys(err, "cannot write %s to the disk", path);
}

int fs_write_file(const char *path, const void *data, size_t n, mode_t mode, struct err *err)
{
    _cleanup_free_ char *tmp = xasprintf("%s.XXXXXX", path);
    _cleanup_close_ int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        return err_sys(err, "cannot create %s", path);
    }
    int r = fs_write_all(fd, data, n, err);
    if (r == 0 && (fchmod(fd, mode) != 0 || fsync(fd) != 0)) {
        r = err_sys(err, "cannot write");
    }
    if (r == 0 && rename(tmp, path) != 0) {
        r = err_sys(err, "cannot rename");
    }
    if (r != 0) {
        unlink(tmp);
        return err_wrap(err, "%s", path);
    }
    return 0;
}

int fs_mkdir_all(const char *path, mode_t mode, struct err *err)
{
    if (mkdir(path, mode) == 0) {
        return 0;
    }
    int code = errno;
    if (code == ENOENT) {
        _cleanup_free_ char *parent = fs_parent(path);
        if (fs_mkdir_all(parent, mode, err) != 0) {
            return -1;
        }
        if (mkdir(path, mode) == 0) {
            return 0;
        }
        code = errno;
    }
    if (fs_is_dir(path)) {
        return 0;
    }
    struct stat st;
    if (code == EEXIST && lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && !fs_exists(path)) {
        return err_set(err, ERR_FAILED, "cannot create folder %s: it is a link that leads nowhere",
                       path);
    }
    errno = code;
    return err_sys(err, "cannot create folder %s", path);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    return type == FTW_DP ? rmdir(path) : unlink(path);
}

int fs_remove_tree(const char *path, struct err *err)
{
    enum { OPEN_FOLDERS = 32 };
    if (nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 &&
        errno != ENOENT) {
        return err_sys(err, "cannot remove %s", path);
    }
    return 0;
}

int fs_list_dir(const char *path, struct strv *names, struct err *err)
{
    DIR *dir = opendir(path);
    if (!dir) {
        err_sys(err, "cannot open folder %s", path);
        err->code = err->sys == ENOENT ? ERR_NOT_FOUND : ERR_FAILED;
        return -1;
    }
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            strv_add(names, e->d_name);
        }
    }
    closedir(dir);
    strv_sort(names);
    return 0;
}

int fs_lock(const char *path, enum fs_lock_kind kind, struct err *err)
{
    int how = kind == FS_LOCK_SHARED ? LOCK_SH : kind == FS_LOCK_TRY ? LOCK_EX | LOCK_NB : LOCK_EX;
    _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(err, "cannot open lock %s", path);
    }
    while (flock(fd, how) != 0) {
        if (errno != EINTR) {
            return err_sys(err, "cannot lock %s", path);
        }
    }
    return TAKE_FD(fd);
}

int fs_open_beneath(int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    return (int)syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
}

int fs_mkdir_at(int dir, const char *name, mode_t mode)
{
    if (mkdirat(dir, name, mode) == 0) {
        return fchmodat(dir, name, mode, 0); // whatever the umask
    }
    return errno == EEXIST ? 0 : -1;
}

int fs_open_folder_beneath(int dir, const char *path, mode_t mode)
{
    int fd = fs_open_beneath(dir, path, O_PATH | O_DIRECTORY, 0);
    if (fd >= 0 || errno != ENOENT) {
        return fd;
    }
    _cleanup_free_ char *parent = fs_parent(path);
    _cleanup_close_ int up =
        fs_open_folder_beneath(dir, strcmp(parent, ".") == 0 ? "" : parent, mode);
    if (up < 0 || fs_mkdir_at(up, fs_base(path), mode) != 0) {
        return -1;
    }
    return fs_open_beneath(dir, path, O_PATH | O_DIRECTORY, 0);
}

// The path itself, or the nearest folder above it that is there.
static char *what_exists(const char *path)
{
    char *at = xstrdup(path);
    while (!fs_exists(at) && strcmp(at, "/") != 0 && strcmp(at, ".") != 0) {
        char *up = fs_parent(at);
        free(at);
        at = up;
    }
    return at;
}

int fs_check_writable(const char *path, struct err *err)
{
    _cleanup_free_ char *at = what_exists(path);
    return faccessat(AT_FDCWD, at, W_OK | X_OK, AT_EACCESS) == 0
               ? 0
               : err_sys(err, "cannot write to %s", at);
}

int fs_free_space(const char *path, uint64_t *bytes, struct err *err)
{
    _cleanup_free_ char *at = what_exists(path);
    struct statvfs st;
    if (statvfs(at, &st) != 0) {
        return err_sys(err, "cannot determine the free space of %s", at);
    }
    *bytes = (uint64_t)st.f_bavail * st.f_frsize;
    return 0;
}

void fs_write_setting(const char *path, const char *value)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, value, strlen(value));
    }
}

static void close_range_of(unsigned from, unsigned to)
{
    if (from > to || syscall(SYS_close_range, from, to, 0) == 0) {
        return;
    }
    long n = sysconf(_SC_OPEN_MAX); // before Linux 5.9
    for (unsigned fd = from; fd <= to && (long)fd < n; fd++) {
        close((int)fd);
    }
}

void fs_close_all_but(const int *keep, size_t n)
{
    unsigned from = STDERR_FILENO + 1;
    for (;;) {
        unsigned next = UINT_MAX; // the lowest one from there on that is kept
        for (size_t i = 0; i < n; i++) {
            if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < next) {
                next = (unsigned)keep[i];
            }
        }
        close_range_of(from, next == UINT_MAX ? UINT_MAX : next - 1);
        if (next == UINT_MAX) {
            return;
        }
        from = next + 1;
    }
}
