// SPDX-License-Identifier: MIT
#include "debug/stacks.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/fs.h"
#include "target/variant.h"

enum { SOURCE_MAX = 16 << 20, CALL_LINES = 8 };

static bool has_source(const char *frame)
{
    return strstr(frame, ") at ") != NULL;
}

size_t stack_own_frame(const struct strv *frames)
{
    size_t i = 0;
    while (i < frames->n && !has_source(frames->items[i])) {
        i++;
    }
    return i;
}

// "PMPI_Recv () from /…" -> "MPI_Recv"; Fortran's mpi_recv_ as well. NULL: no call of MPI.
static char *mpi_call(const char *frame)
{
    struct slice name = {frame, strcspn(frame, " (@")};
    if (name.n > 0 && (name.p[0] == 'P' || name.p[0] == 'p')) {
        name.p++;
        name.n--;
    }
    if (name.n < 5 || (strncmp(name.p, "MPI_", 4) != 0 && strncmp(name.p, "mpi_", 4) != 0)) {
        return NULL;
    }
    return slice_dup(name);
}

// The outermost call of MPI that the program's frame made.
static char *call_of(const struct strv *frames, size_t own)
{
    for (size_t i = own; i > 0; i--) {
        char *name = mpi_call(frames->items[i - 1]);
        if (name) {
            return name;
        }
    }
    return NULL;
}

const char *stack_short_path(const struct debug_subject *s, const char *path)
{
    if (!s->project_dir) {
        return path;
    }
    _cleanup_free_ char *built = variant_source_place(s->project_name);
    const char *const folders[] = {s->project_dir, built};
    for (size_t k = 0; k < ARRAY_SIZE(folders); k++) {
        if (fs_is_below(path, folders[k])) {
            path += strlen(folders[k]);
            return path + strspn(path, "/");
        }
    }
    return path;
}

static char *place_of(const struct debug_subject *s, const char *frame)
{
    const char *at = strstr(frame, ") at ");
    const char *path = at ? at + strlen(") at ") : frame;
    return xstrdup(stack_short_path(s, path));
}

// --- Which rank it waits for ---------------------------------------------------------------------

static const struct {
    const char *call;
    int argument; // from 0
    const char *word;
} peers[] = {
    {"MPI_Recv", 3, "from"},
    {"MPI_Send", 3, "to"},
    {"MPI_Ssend", 3, "to"},
    {"MPI_Bsend", 3, "to"},
    {"MPI_Rsend", 3, "to"},
    {"MPI_Probe", 0, "from"},
    {"MPI_Mprobe", 0, "from"},
    {"MPI_Sendrecv", 8, "from"},
    {"MPI_Sendrecv_replace", 5, "from"},
    {"MPI_Bcast", 3, "of root"},
    {"MPI_Reduce", 5, "to root"},
    {"MPI_Gather", 6, "to root"},
    {"MPI_Scatter", 6, "of root"},
};

static int find_peer(const char *call)
{
    for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
        if (strcmp(peers[i].call, call) == 0) {
            return (int)i;
        }
    }
    return -1;
}

// The text of the source from a line on, some lines of it.
static char *source_lines(const struct debug_subject *s, const char *place)
{
    const char *colon = strrchr(place, ':');
    _cleanup_free_ char *name = colon ? xstrndup(place, (size_t)(colon - place)) : NULL;
    _cleanup_free_ char *path =
        name && name[0] != '/' && s->project_dir ? fs_join(s->project_dir, name) : NULL;
    _cleanup_strbuf_ struct strbuf text = {0};
    struct strbuf out = {0};
    struct err ignored = ERR_INIT;
    struct slice line;
    if (!name || fs_read_file(path ? path : name, SOURCE_MAX, &text, &ignored) != 0) {
        return NULL;
    }
    struct slice rest = {text.data, text.len};
    long number = strtol(colon + 1, NULL, 10);
    for (long i = 1; i < number + CALL_LINES && slice_cut(&rest, '\n', &line); i++) {
        if (i >= number) {
            strbuf_addf(&out, "%.*s ", (int)line.n, line.p);
        }
    }
    strbuf_adds(&out, "");
    return strbuf_take(&out);
}

// Argument number `n` of the call that begins behind the bracket; NULL when it does not end here.
static char *cut_argument(const char *text, int n)
{
    int depth = 0;
    const char *begin = text;
    for (const char *p = text; *p; p++) {
        bool end = depth == 0 && (*p == ',' || *p == ')');
        if (end && n == 0) {
            return slice_dup(slice_trim((struct slice){begin, (size_t)(p - begin)}));
        }
        if (end && *p == ')') {
            return NULL;
        }
        if (end) {
            n--;
            begin = p + 1;
        }
        depth += *p == '(' || *p == '[' || *p == '{';
        depth -= (*p == ')' || *p == ']' || *p == '}') && !end;
    }
    return NULL;
}

char *stack_peer(const struct debug_subject *s, const char *frame, const char *call)
{
    int peer = find_peer(call);
    _cleanup_free_ char *place = peer >= 0 ? place_of(s, frame) : NULL;
    _cleanup_free_ char *text = place ? source_lines(s, place) : NULL;
    const char *at = text ? strstr(text, call) : NULL;
    const char *bracket = at ? at + strlen(call) + strspn(at + strlen(call), " ") : NULL;
    char *out = bracket && *bracket == '(' ? cut_argument(bracket + 1, peers[peer].argument) : NULL;
    if (out && strpbrk(out, "=;\"'\n")) { // nothing that changes anything
        free(TAKE_PTR(out));
    }
    return out;
}

// Where gdb did not get through the libraries, the line that called them says what it called.
static char *call_in_source(const struct debug_subject *s, const char *frame)
{
    _cleanup_free_ char *place = place_of(s, frame);
    _cleanup_free_ char *text = source_lines(s, place);
    const char *at = text ? strstr(text, "MPI_") : NULL;
    size_t n = 0;
    while (at && (isalnum((unsigned char)at[n]) || at[n] == '_')) {
        n++;
    }
    return at && at[n] == '(' && (at == text || !isalnum((unsigned char)at[-1])) ? xstrndup(at, n)
                                                                                 : NULL;
}

char *stack_call(const struct debug_subject *s, const struct strv *frames)
{
    size_t own = stack_own_frame(frames);
    char *call = call_of(frames, own);
    return call || own > 0 || frames->n == 0 ? call : call_in_source(s, frames->items[0]);
}

char *stack_describe(const struct debug_subject *s, const struct strv *frames, const char *peer)
{
    size_t own = stack_own_frame(frames);
    if (frames->n == 0) {
        return xstrdup("is at an unknown place");
    }
    if (own == frames->n) {
        return xasprintf("is in %.*s", (int)strcspn(frames->items[0], " "), frames->items[0]);
    }
    const char *frame = frames->items[own];
    _cleanup_free_ char *place = place_of(s, frame);
    _cleanup_free_ char *call = stack_call(s, frames);
    int known = call ? find_peer(call) : -1;
    if (call && peer && known >= 0) {
        return xasprintf("waits in %s %s %s%s at %s", call, peers[known].word,
                         strstr(peers[known].word, "root") ? "" : "rank ", peer, place);
    }
    if (call) {
        return xasprintf("waits in %s at %s", call, place);
    }
    if (own > 0) {
        return xasprintf("is in %.*s at %s", (int)strcspn(frames->items[own - 1], " "),
                         frames->items[own - 1], place);
    }
    return xasprintf("runs in %.*s at %s", (int)strcspn(frame, " "), frame, place);
}

// --- All of them ---------------------------------------------------------------------------------

// "rank 0", "ranks 0, 2-5": those at place number `first` and the same later ones, in their order.
static char *name_ranks(const int *ranks, char *const *places, size_t n, size_t first,
                        size_t *count)
{
    struct strbuf out = {0};
    int begin = 0;
    int last = INT_MIN;
    *count = 0;
    for (size_t i = first; i <= n; i++) {
        bool here = i < n && strcmp(places[i], places[first]) == 0;
        bool next = here && last != INT_MIN && ranks[i] == last + 1;
        if (last != INT_MIN && begin != last && ((here && !next) || i == n)) {
            strbuf_addf(&out, "-%d", last);
        }
        if (here && !next) {
            strbuf_addf(&out, "%s%d", *count ? ", " : "", ranks[i]);
            begin = ranks[i];
        }
        if (here) {
            last = ranks[i];
            (*count)++;
        }
    }
    return strbuf_take(&out);
}

void stacks_tell(const struct debug_subject *s, const int *ranks, char *const *places, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool told = false;
        size_t count;
        for (size_t k = 0; k < i; k++) {
            told = told || strcmp(places[k], places[i]) == 0;
        }
        if (told) {
            continue;
        }
        _cleanup_free_ char *names = name_ranks(ranks, places, n, i, &count);
        const char *text = places[i];
        size_t verb = strcspn(text, " ");
        if (count == 1) {
            log_info(s->log, "rank %s %s", names, text);
        } else if (str_starts(text, "is ")) {
            log_info(s->log, "ranks %s are%s", names, text + verb);
        } else { // "waits", "runs"
            log_info(s->log, "ranks %s %.*s%s", names, (int)verb - 1, text, text + verb);
        }
    }
}
