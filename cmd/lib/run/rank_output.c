// SPDX-License-Identifier: MIT
#include "run/rank_output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"

enum { LINES_SHOWN = 20, BYTES_SHOWN = 1 << 13 };

void rank_output_begin(struct rank_output *o)
{
    const char *folder = getenv(RUN_RANKS);
    _cleanup_free_ char *own = folder ? xasprintf("%s/XXXXXX", folder) : NULL;
    if (own && mkdtemp(own)) {
        o->folder = TAKE_PTR(own);
    }
}

void rank_output_words(const struct rank_output *o, struct strv *argv)
{
    if (o->folder) {
        strv_add_list(argv, "--output-filename", o->folder, NULL);
    }
}

// The end of a file, from the start of a line on.
static char *read_end(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    _cleanup_free_ char *text = xcalloc(1, BYTES_SHOWN + 1);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return NULL;
    }
    off_t start = st.st_size > BYTES_SHOWN ? st.st_size - BYTES_SHOWN : 0;
    ssize_t n = pread(fd, text, BYTES_SHOWN, start);
    if (n <= 0) {
        return NULL;
    }
    int lines = 0;
    char *from = text + n;
    while (from > text && (from[-1] != '\n' || from == text + n || ++lines < LINES_SHOWN)) {
        from--;
    }
    return xstrdup(from);
}

static void show_file(struct log *log, const char *rank, const char *name)
{
    _cleanup_free_ char *path = fs_join(rank, name);
    _cleanup_free_ char *text = read_end(path);
    struct slice rest = {text, text ? strlen(text) : 0};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        log_info(log, "%.*s", (int)line.n, line.p);
    }
}

// Open MPI's folders are FOLDER/JOB/rank.N, with zeros in front of N.
static void show(const struct rank_output *o, struct log *log)
{
    _cleanup_strv_ struct strv jobs = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(o->folder, &jobs, &ignored) != 0) {
        return;
    }
    for (size_t j = 0; j < jobs.n; j++) {
        _cleanup_free_ char *job = fs_join(o->folder, jobs.items[j]);
        _cleanup_strv_ struct strv ranks = {0};
        if (fs_list_dir(job, &ranks, &ignored) != 0 || ranks.n < 2) {
            continue;
        }
        for (size_t i = 0; i < ranks.n; i++) {
            _cleanup_free_ char *rank = fs_join(job, ranks.items[i]);
            const char *dot = strchr(ranks.items[i], '.');
            log_info(log, "--- rank %ld ---", dot ? strtol(dot + 1, NULL, 10) : (long)i);
            show_file(log, rank, "stdout");
            show_file(log, rank, "stderr");
        }
    }
}

void rank_output_end(struct rank_output *o, struct log *log, bool show_them)
{
    struct err ignored = ERR_INIT;
    if (!o->folder) {
        return;
    }
    if (show_them) {
        show(o, log);
    }
    (void)!fs_remove_tree(o->folder, &ignored);
    free(TAKE_PTR(o->folder));
}
