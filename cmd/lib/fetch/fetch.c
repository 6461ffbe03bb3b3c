// SPDX-License-Identifier: MIT
#include "fetch/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/proc.h"
#include "fetch/cache.h"

enum {
    ATTEMPTS = 3,
    PARALLEL = 8, // connections to one mirror; more is impolite and was not faster
    POLL_MS = 100,
    NAMED_MAX = 5, // missing files named in an error; the others are counted
};

struct transfer {
    CURL *easy;
    const struct fetch_options *o;
    struct fetch_file *file; // NULL: into `text`
    const char *url;
    struct strbuf *text;
    uint64_t limit, received;
    int fd;
    char *tmp; // the file's name where the file system has no O_TMPFILE
    struct hash hash;
    int attempts;
    size_t place; // which of the file's addresses is tried
    bool too_large;
    bool may_fail; // then there is no text, and that is all
    struct err write_err;
    struct err worst; // what another address sent that was not the file; worse than not to have it
    char curl_text[CURL_ERROR_SIZE];
};

// RFC 3986: unreserved characters, and those that a path may have besides.
char *fetch_url(const char *mirror, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~!$&'()*+,;=:@/";
    struct strbuf url = {0};
    strbuf_addf(&url, "%s/", mirror);
    for (const char *p = path; *p; p++) {
        if (strchr(plain, *p)) {
            strbuf_add(&url, p, 1);
        } else {
            strbuf_addf(&url, "%%%02X", (unsigned char)*p);
        }
    }
    return strbuf_take(&url);
}

// The file that the download goes to, without a name where the file system can do that.
static int open_tmp(struct transfer *t, struct err *err)
{
    _cleanup_free_ char *place = cache_path(t->o->cache, t->file->sha256);
    _cleanup_free_ char *folder = fs_parent(place);
    if (fs_mkdir_all(folder, 0755, err) != 0) {
        return -1;
    }
    t->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    if (t->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        t->tmp = xasprintf("%s/.part-XXXXXX", folder);
        t->fd = mkostemp(t->tmp, O_CLOEXEC);
    }
    if (t->fd < 0) {
        free(TAKE_PTR(t->tmp));
        return err_sys(err, "cannot create a file in %s", folder);
    }
    return 0;
}

static size_t on_data(char *data, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t n = size * count;

    if (t->received + n > t->limit) {
        t->too_large = true;
        return 0;
    }
    if (t->file) {
        if ((t->fd < 0 && open_tmp(t, &t->write_err) != 0) ||
            fs_write_all(t->fd, data, n, &t->write_err) != 0) {
            return 0;
        }
        hash_update(&t->hash, data, n);
    } else {
        strbuf_add(t->text, data, n);
    }
    t->received += n;
    return n;
}

// Where the distributions keep the certificates that they trust. The library knows one place: that
// of the distribution that it was built on. NULL: leave it to the library.
static const char *certificates(void)
{
    static const char *const places[] = {
        "/etc/ssl/certs/ca-certificates.crt", // Debian, Arch
        "/etc/pki/tls/certs/ca-bundle.crt",   // Fedora
        "/etc/ssl/ca-bundle.pem",             // openSUSE
        "/etc/ssl/cert.pem",                  // Alpine
    };
    for (size_t i = 0; !getenv("SSL_CERT_FILE") && i < ARRAY_SIZE(places); i++) {
        if (access(places[i], R_OK) == 0) {
            return places[i];
        }
    }
    return NULL;
}

static void configure(struct transfer *t)
{
    const char *trusted = certificates();
    long stall = t->o->stall_seconds > 0 ? t->o->stall_seconds : FETCH_STALL_SECONDS;
    CURL *e = t->easy;

    curl_easy_setopt(e, CURLOPT_URL, t->url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https,file");
    curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(e, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(e, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, stall);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, stall);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 131072L);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "pisdk");
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->curl_text);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    if (trusted) {
        curl_easy_setopt(e, CURLOPT_CAINFO, trusted);
    }
}

static int transfer_init(struct transfer *t, const struct fetch_options *o, struct err *err)
{
    t->o = o;
    t->easy = curl_easy_init();
    if (!t->easy) {
        return err_set(err, ERR_FAILED, "libcurl cannot be initialised");
    }
    if (t->file) {
        t->url = t->file->urls.items[0];
        t->limit = t->file->size;
        hash_init(&t->hash);
    }
    configure(t);
    return 0;
}

static void transfer_release(struct transfer *t)
{
    if (t->easy) {
        curl_easy_cleanup(t->easy);
    }
    if (t->tmp) {
        unlink(t->tmp);
    }
    if (t->fd >= 0) {
        close(t->fd);
    }
    free(t->tmp);
    hash_release(&t->hash);
}

static int publish(struct transfer *t, struct err *err)
{
    char hex[HASH_HEX + 1];
    if (t->fd < 0 && open_tmp(t, err) != 0) { // an empty file: no data came
        return -1;
    }
    hash_finish(&t->hash, hex);
    if (t->received != t->file->size || strcmp(hex, t->file->sha256) != 0) {
        err_set(err, ERR_VERIFY, "%s: %s (%llu bytes, SHA-256 %.12s…; expected %llu, %.12s…)",
                t->url, "it does not match the signed index", (unsigned long long)t->received, hex,
                (unsigned long long)t->file->size, t->file->sha256);
        return err_hint(err, "the mirror may be in the middle of an update: try again, or another "
                             "with --mirror URL");
    }
    _cleanup_free_ char *place = cache_path(t->o->cache, t->file->sha256);
    int r;
    if (t->tmp) {
        r = rename(t->tmp, place);
        if (r == 0) {
            free(TAKE_PTR(t->tmp));
        }
    } else {
        char self[32];
        snprintf(self, sizeof(self), "/proc/self/fd/%d", t->fd);
        r = linkat(AT_FDCWD, self, AT_FDCWD, place, AT_SYMLINK_FOLLOW);
        r = r != 0 && errno == EEXIST ? 0 : r;
    }
    if (r != 0) {
        return err_sys(err, "cannot store a download as %s", place);
    }
    return close(TAKE_FD(t->fd)) == 0 ? 0 : err_sys(err, "cannot write %s", place);
}

static bool worth_retrying(CURLcode code, long http)
{
    switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
        return http >= 500 || http == 429;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_RANGE_ERROR:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}

// Prepares the next attempt: from where it stopped, or from the start when the server cannot.
static int rewind_transfer(struct transfer *t, CURLcode code, struct err *err)
{
    if (code == CURLE_RANGE_ERROR || !t->file) {
        t->received = 0;
        if (t->text) {
            t->text->len = 0;
        }
        if (t->file) {
            hash_release(&t->hash);
            hash_init(&t->hash);
            if (t->fd >= 0 && (ftruncate(t->fd, 0) != 0 || lseek(t->fd, 0, SEEK_SET) != 0)) {
                return err_sys(err, "cannot start the download of %s again", t->url);
            }
        }
    }
    curl_easy_setopt(t->easy, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->received);
    return 0;
}

static int transfer_error(const struct transfer *t, CURLcode code, long http, struct err *err)
{
    if (t->too_large) {
        return err_set(err, ERR_VERIFY, "%s: larger than the %llu bytes it should have", t->url,
                       (unsigned long long)t->limit);
    }
    if (t->write_err.code != ERR_NONE) {
        *err = t->write_err;
        return err_wrap(err, "download of %s", t->url);
    }
    const char *why = t->curl_text[0] ? t->curl_text : curl_easy_strerror(code);
    switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
        err_set(err, http == 404 || http == 410 ? ERR_NOT_FOUND : ERR_NETWORK,
                "%s: the server answered %ld", t->url, http);
        break;
    case CURLE_FILE_COULDNT_READ_FILE:
        err_set(err, ERR_NOT_FOUND, "%s: cannot be read", t->url);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        err_set(err, ERR_NETWORK, "%s: the server stopped sending (%s)", t->url, why);
        break;
    default:
        err_set(err, ERR_NETWORK, "%s: %s", t->url, why);
    }
    return err_hint(err, "check the network, or try another mirror with --mirror URL");
}

struct batch {
    const struct fetch_options *o;
    const struct fetch_events *events; // may be NULL
    CURLM *multi;
    struct transfer *transfers;
    size_t n, left;
    struct strv missing; // addresses of files that are nowhere
    struct err first;    // the error of the first of them
};

// Goes on with the next address of the file. False when there is none.
static bool try_next_address(struct batch *b, struct transfer *t, struct err *err)
{
    if (!t->file || t->place + 1 >= t->file->urls.n) {
        return false;
    }
    log_debug(b->o->log, "%s", err->msg);
    if (err->code == ERR_VERIFY) {
        t->worst = *err;
    }
    err_clear(err);
    t->url = t->file->urls.items[++t->place];
    t->attempts = 0;
    t->too_large = false;
    curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
    if (rewind_transfer(t, CURLE_RANGE_ERROR, err) != 0) {
        return false;
    }
    curl_multi_add_handle(b->multi, t->easy);
    return true;
}

// A transfer has failed for good.
static int give_up(struct batch *b, struct transfer *t, struct err *err)
{
    bool elsewhere = err->code == ERR_NOT_FOUND || err->code == ERR_NETWORK ||
                     (err->code == ERR_VERIFY && t->write_err.code == ERR_NONE);
    if (elsewhere && try_next_address(b, t, err)) {
        return 0;
    }
    if (t->worst.code == ERR_VERIFY && elsewhere) {
        *err = t->worst;
        return -1;
    }
    if (t->may_fail && err->code != ERR_INTERRUPTED) {
        t->text->len = 0;
        b->left--;
        err_clear(err);
        return 0;
    }
    if (err->code != ERR_NOT_FOUND || !t->file) {
        return -1;
    }
    if (b->missing.n == 0) {
        b->first = *err;
    }
    strv_add(&b->missing, t->url);
    err_clear(err);
    b->left--;
    return 0;
}

// The names of the first few files.
static char *some_names(const struct strv *urls)
{
    struct strbuf names = {0};
    for (size_t i = 0; i < urls->n && i < NAMED_MAX; i++) {
        strbuf_addf(&names, "%s%s", i ? ", " : "", fs_base(urls->items[i]));
    }
    if (urls->n > NAMED_MAX) {
        strbuf_addf(&names, " and %zu more", urls->n - NAMED_MAX);
    }
    return strbuf_take(&names);
}

static int report_missing(const struct batch *b, struct err *err)
{
    if (b->missing.n == 1) {
        *err = b->first;
        return -1;
    }
    _cleanup_free_ char *names = some_names(&b->missing);
    return err_set(err, ERR_NOT_FOUND, "%zu files are not on the mirror: %s", b->missing.n, names);
}

// A transfer ended. Starts it again, publishes it, or fails.
static int on_end(struct batch *b, struct transfer *t, CURLcode code, struct err *err)
{
    long http = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &http);
    curl_multi_remove_handle(b->multi, t->easy);
    if (code != CURLE_OK) {
        bool ours = t->too_large || t->write_err.code != ERR_NONE;
        if (ours || !worth_retrying(code, http) || ++t->attempts >= ATTEMPTS) {
            transfer_error(t, code, http, err);
            return give_up(b, t, err);
        }
        log_debug(b->o->log, "%s: %s; trying again", t->url, curl_easy_strerror(code));
        if (rewind_transfer(t, code, err) != 0) {
            return -1;
        }
        curl_multi_add_handle(b->multi, t->easy);
        return 0;
    }
    if (t->file && publish(t, err) != 0) {
        return give_up(b, t, err);
    }
    b->left--;
    if (t->file) {
        if (b->events && b->events->done) {
            b->events->done(b->events->user, t->file);
        }
    }
    return 0;
}

static int handle_ended(struct batch *b, struct err *err)
{
    int queued;
    for (CURLMsg *m = curl_multi_info_read(b->multi, &queued); m;
         m = curl_multi_info_read(b->multi, &queued)) {
        if (m->msg != CURLMSG_DONE) {
            continue;
        }
        CURLcode code = m->data.result;
        char *private = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
        if (on_end(b, (struct transfer *)(void *)private, code, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static void report_progress(struct batch *b)
{
    if (b->events && b->events->progress) {
        uint64_t sum = 0;
        for (size_t i = 0; i < b->n; i++) {
            sum += b->transfers[i].received;
        }
        b->events->progress(b->events->user, sum);
    }
}

static int batch_loop(struct batch *b, struct err *err)
{
    int running;
    while (b->left > 0) {
        if (curl_multi_perform(b->multi, &running) != CURLM_OK ||
            curl_multi_poll(b->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK) {
            return err_set(err, ERR_NETWORK, "libcurl gave up");
        }
        if (handle_ended(b, err) != 0) {
            return -1;
        }
        report_progress(b);
        if (proc_stop_requested() ||
            (b->events && b->events->stop && b->events->stop(b->events->user))) {
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        }
    }
    return b->missing.n ? report_missing(b, err) : 0;
}

static int batch_run(struct batch *b, struct err *err)
{
    int r = 0;

    b->multi = curl_multi_init();
    if (!b->multi) {
        return err_set(err, ERR_FAILED, "libcurl cannot be initialised");
    }
    curl_multi_setopt(b->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)PARALLEL);
    for (size_t i = 0; i < b->n && r == 0; i++) {
        struct transfer *t = &b->transfers[i];
        r = transfer_init(t, b->o, err);
        if (r == 0) {
            curl_multi_add_handle(b->multi, t->easy);
            b->left++;
        }
    }
    r = r == 0 ? batch_loop(b, err) : r;
    for (size_t i = 0; i < b->n; i++) {
        if (b->transfers[i].easy) {
            curl_multi_remove_handle(b->multi, b->transfers[i].easy);
        }
        transfer_release(&b->transfers[i]);
    }
    curl_multi_cleanup(b->multi);
    strv_release(&b->missing);
    return r;
}

// What is missing, when nothing may be downloaded.
static int offline_error(const struct fetch_file *files, size_t n, struct err *err)
{
    _cleanup_strv_ struct strv urls = {0};
    for (size_t i = 0; i < n; i++) {
        strv_add(&urls, files[i].urls.items[0]);
    }
    _cleanup_free_ char *names = some_names(&urls);
    err_set(err, ERR_NETWORK, "not in the cache: %s", names);
    return err_hint(err, "run once without --offline to download them");
}

int fetch_files(const struct fetch_options *o, struct fetch_file *files, size_t n,
                const struct fetch_events *events, struct err *err)
{
    if (n == 0) {
        return 0;
    }
    if (o->offline) {
        return offline_error(files, n, err);
    }
    struct transfer *transfers = xcalloc(n, sizeof(*transfers));
    for (size_t i = 0; i < n; i++) {
        transfers[i].file = &files[i];
        transfers[i].fd = -1;
    }
    struct batch batch = {.o = o, .events = events, .transfers = transfers, .n = n};
    int r = batch_run(&batch, err);
    free(transfers);
    return r;
}

int fetch_text(const struct fetch_options *o, const char *url, size_t max, struct strbuf *out,
               struct err *err)
{
    struct transfer t = {.url = url, .text = out, .limit = max, .fd = -1};
    struct batch batch = {.o = o, .transfers = &t, .n = 1};
    return batch_run(&batch, err);
}

int fetch_texts(const struct fetch_options *o, const struct strv *urls, size_t max,
                struct strbuf *out, struct err *err)
{
    if (urls->n == 0) {
        return 0;
    }
    struct transfer *transfers = xcalloc(urls->n, sizeof(*transfers));
    for (size_t i = 0; i < urls->n; i++) {
        transfers[i] = (struct transfer){
            .url = urls->items[i], .text = &out[i], .limit = max, .fd = -1, .may_fail = true};
    }
    struct batch batch = {.o = o, .transfers = transfers, .n = urls->n};
    int r = batch_run(&batch, err);
    free(transfers);
    return r;
}
