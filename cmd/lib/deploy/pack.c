// SPDX-License-Identifier: MIT
#include "deploy/pack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"

enum { SAID_MAX = 1 << 14, FOLDER_MODE = 0755, KEPT_SECONDS = 24 * 3600 };

// What every rsync from 3.0 on reads (its option --protocol).
#define PROTOCOL "--protocol=30"

int pack_run_tool(const struct strv *argv, struct err *err)
{
    _cleanup_strbuf_ struct strbuf said = {0};
    const struct proc_capture capture = {
        .input = -1, .max = SAID_MAX, .out = &said, .errors = &said};
    int status = 0;
    if (proc_capture(argv->items, &capture, &status, err) != 0) {
        return err->code == ERR_NOT_FOUND ? err_hint(err, "sudo apt install %s", argv->items[0])
                                          : -1;
    }
    if (proc_stop_requested()) {
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    }
    return status == 0 ? 0
                       : err_set(err, ERR_FAILED, "%s ended with status %d: %s", argv->items[0],
                                 status, said.data ? said.data : "");
}

static int write_rsync(const char *dir, const char *id, const char *base, const char *file,
                       struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_free_ char *empty = fs_join(dir, "empty");
    _cleanup_free_ char *script = xasprintf("%s.sh", file);

    if (!base && fs_mkdir_all(empty, FOLDER_MODE, err) != 0) {
        return -1;
    }
    // The seed makes the same batch of the same files. With the list of all files in front, rsync
    // ends with an error where a board's file is not what the batch builds upon, and does not hang.
    strv_add_list(&argv, "rsync", "-rlpt", "--no-inc-recursive", "--delete", "--checksum",
                  "--no-whole-file", "--checksum-seed=1", PROTOCOL, NULL);
    strv_addf(&argv, "--only-write-batch=%s", file);
    strv_add(&argv, "--");
    strv_addf(&argv, "%s/%s/", dir, id);
    strv_addf(&argv, "%s/%s/", dir, base ? base : "empty");
    int r = pack_run_tool(&argv, err);
    unlink(script);
    return r;
}

static int write_tar(const char *dir, const char *id, const char *file, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    strv_add_list(&argv, "tar", "-c", "--format=gnu", "--sort=name", "--owner=0", "--group=0", "-f",
                  file, "-C", NULL);
    strv_addf(&argv, "%s/%s", dir, id);
    strv_add(&argv, ".");
    return pack_run_tool(&argv, err);
}

// Packs that nobody has asked for lately.
static void remove_old(const char *folder)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    (void)!fs_list_dir(folder, &names, &ignored);
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(folder, names.items[i]);
        struct stat st;
        if (stat(path, &st) == 0 && time(NULL) - st.st_mtime > KEPT_SECONDS) {
            unlink(path);
        }
    }
}

static uint64_t piece_size(uint64_t size)
{
    uint64_t pieces = (size + PACK_PIECE - 1) / PACK_PIECE;
    return PACK_PIECE * ((pieces + PACK_PIECES - 1) / PACK_PIECES);
}

static int hash_piece(int fd, struct pack_piece *p, struct err *err)
{
    enum { CHUNK = 1 << 16 };
    char data[CHUNK];
    struct hash h;
    hash_init(&h);
    for (uint64_t done = 0; done < p->size;) {
        uint64_t rest = p->size - done;
        ssize_t n = pread(fd, data, rest < CHUNK ? (size_t)rest : CHUNK, (off_t)(p->offset + done));
        if (n <= 0) {
            hash_release(&h);
            return err_sys(err, "cannot read what is to be sent");
        }
        hash_update(&h, data, (size_t)n);
        done += (uint64_t)n;
    }
    hash_finish(&h, p->sha256);
    return 0;
}

static int cut(struct pack *p, struct err *err)
{
    uint64_t step = piece_size(p->size);
    char sha256[HASH_HEX + 1];
    struct hash all;
    hash_init(&all);
    for (uint64_t offset = 0; offset < p->size; offset += step) {
        uint64_t rest = p->size - offset;
        VEC_GROW(p->pieces, p->n);
        struct pack_piece *piece = &p->pieces[p->n++];
        *piece = (struct pack_piece){.offset = offset, .size = rest < step ? rest : step};
        if (hash_piece(p->fd, piece, err) != 0) {
            hash_release(&all);
            return -1;
        }
        hash_update(&all, piece->sha256, HASH_HEX);
    }
    hash_finish(&all, sha256);
    snprintf(p->name, sizeof(p->name), "%.*s", PACK_NAME, sha256);
    return 0;
}

static int open_pack(const char *file, struct pack *out, struct err *err)
{
    struct stat st;
    out->fd = open(file, O_RDONLY | O_CLOEXEC);
    if (out->fd < 0 || fstat(out->fd, &st) != 0) {
        pack_release(out);
        return err_sys(err, "cannot read %s", file);
    }
    out->size = (uint64_t)st.st_size;
    if (cut(out, err) != 0) {
        pack_release(out);
        return -1;
    }
    return 0;
}

size_t pack_find(const struct pack *p, const char *sha256)
{
    size_t i = 0;
    while (i < p->n && strcmp(p->pieces[i].sha256, sha256) != 0) {
        i++;
    }
    return i;
}

int pack_make(const char *dir, const char *id, const char *base, enum pack_kind kind,
              struct pack *out, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(dir, "packs");
    _cleanup_free_ char *file = xasprintf("%s/%s-%s-%s", folder, base ? base : "none", id,
                                          kind == PACK_TAR ? "tar" : "rsync");
    _cleanup_free_ char *fresh = xasprintf("%s.%d", file, (int)getpid());

    *out = (struct pack){.kind = kind, .fd = -1};
    if (fs_mkdir_all(folder, FOLDER_MODE, err) != 0) {
        return -1;
    }
    remove_old(folder);
    if (!fs_exists(file)) {
        int r = kind == PACK_TAR ? write_tar(dir, id, fresh, err)
                                 : write_rsync(dir, id, base, fresh, err);
        if (r != 0 || rename(fresh, file) != 0) {
            if (r == 0) {
                err_sys(err, "cannot write %s", file);
            }
            unlink(fresh);
            return err_wrap(err, "cannot pack what is to be sent");
        }
    }
    return open_pack(file, out, err);
}

void pack_release(struct pack *p)
{
    if (p->fd >= 0) {
        close(p->fd);
    }
    free(p->pieces);
    *p = (struct pack){.fd = -1};
}
