// SPDX-License-Identifier: MIT
// MPI's files in a simulation, in place of SMPI's own.
//
// SimGrid 3.32's MPI_File_ functions keep no content, and end the simulator in MPI_File_set_view
// and MPI_File_write. These read and write the desktop's files, and take the simulated time that
// the disk of the rank's board takes. Compiled by smpicc and linked with the program: all ranks are
// in one process, and only one of them runs at a time, until it calls the simulator.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <simgrid/disk.h>
#include <simgrid/host.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Those that the recorder does not stand in front of are called by the program itself.
#define OF_PROGRAM(name)                                                                           \
    extern __typeof__(PMPI_##name) MPI_##name __attribute__((alias("PMPI_" #name), weak))

// Of SMPI: what runs from here to there is no computing of the program.
void smpi_bench_begin(void);
void smpi_bench_end(void);

// Offsets and positions are in etypes, but for `disp`, which is in bytes.
struct file {
    MPI_Comm comm;
    int fd, mode;
    char *name;
    MPI_Offset position, disp;
    MPI_Offset *shared; // one of all ranks
    MPI_Datatype etype, filetype;
};

static struct file *of(MPI_File f)
{
    return (struct file *)(void *)f;
}

static int error_of(int number)
{
    return number == ENOENT                      ? MPI_ERR_NO_SUCH_FILE
           : number == EEXIST                    ? MPI_ERR_FILE_EXISTS
           : number == EACCES || number == EPERM ? MPI_ERR_ACCESS
                                                 : MPI_ERR_IO;
}

// --- Time ----------------------------------------------------------------------------------------

static void use_disk(MPI_Offset bytes, bool writes)
{
    unsigned n = 0;
    sg_disk_t *disks = NULL;
    sg_host_get_disks(sg_host_self(), &n, &disks);
    if (n > 0 && bytes > 0 && writes) {
        sg_disk_write(disks[0], (sg_size_t)bytes);
    } else if (n > 0 && bytes > 0) {
        sg_disk_read(disks[0], (sg_size_t)bytes);
    }
}

// --- Content -------------------------------------------------------------------------------------

static MPI_Offset move(int fd, char *at, MPI_Offset n, MPI_Offset offset, bool writes)
{
    MPI_Offset done = 0;
    ssize_t r = 1;
    while (done < n && r > 0) {
        size_t rest = (size_t)(n - done);
        do {
            r = writes ? pwrite(fd, at + done, rest, offset + done)
                       : pread(fd, at + done, rest, offset + done);
        } while (r < 0 && errno == EINTR);
        done += r > 0 ? r : 0;
    }
    return r < 0 && done == 0 ? -1 : done;
}

// How the view shows a file: `data` bytes of each tile of `extent` bytes.
struct tile {
    int data;
    MPI_Aint extent;
};

static struct tile tile_of(MPI_Datatype type)
{
    struct tile t = {0};
    MPI_Aint lb = 0;
    PMPI_Type_size(type, &t.data);
    PMPI_Type_get_extent(type, &lb, &t.extent);
    return t;
}

// SMPI's own says that the extent is that of one element, and not of the whole array.
int PMPI_Type_create_subarray(int n, const int *sizes, const int *parts, const int *starts,
                              int order, MPI_Datatype element, MPI_Datatype *out)
{
    static int (*real)(int, const int *, const int *, const int *, int, MPI_Datatype,
                       MPI_Datatype *);
    MPI_Datatype part;
    MPI_Aint lb = 0;
    MPI_Aint extent = 0;
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "PMPI_Type_create_subarray");
    }
    int r = real(n, sizes, parts, starts, order, element, &part);
    if (r != MPI_SUCCESS) {
        return r;
    }
    PMPI_Type_get_extent(element, &lb, &extent);
    for (int i = 0; i < n; i++) {
        extent *= sizes[i];
    }
    r = PMPI_Type_create_resized(part, 0, extent, out);
    PMPI_Type_free(&part);
    return r;
}
OF_PROGRAM(Type_create_subarray);

// `n` bytes of what the view shows, from its byte `from` on. What lies between the pieces of the
// view is read, and written back as it was.
static MPI_Offset move_tiles(const struct file *f, const struct tile *t, char *bytes, MPI_Offset n,
                             MPI_Offset from, bool writes)
{
    MPI_Offset first = from / t->data;
    MPI_Offset tiles = (from + n - 1) / t->data - first + 1;
    MPI_Offset at = f->disp + first * t->extent;
    MPI_Offset length = tiles * t->extent;
    MPI_Offset all = tiles * t->data;
    char *span = calloc(1, (size_t)length);
    char *shown = malloc((size_t)all);
    int position = 0;
    MPI_Offset done = -1;

    if (span && shown && move(f->fd, span, length, at, false) >= 0) {
        PMPI_Pack(span, (int)tiles, f->filetype, shown, (int)all, &position, MPI_COMM_SELF);
        char *piece = shown + (from - first * t->data);
        done = n;
        if (writes) {
            memcpy(piece, bytes, (size_t)n);
            position = 0;
            PMPI_Unpack(shown, (int)all, &position, span, (int)tiles, f->filetype, MPI_COMM_SELF);
            done = move(f->fd, span, length, at, true) == length ? n : -1;
        } else {
            memcpy(bytes, piece, (size_t)n);
        }
    }
    free(span);
    free(shown);
    return done;
}

static MPI_Offset move_view(const struct file *f, char *bytes, MPI_Offset n, MPI_Offset at,
                            bool writes)
{
    int unit = 1;
    const struct tile t = tile_of(f->filetype);
    PMPI_Type_size(f->etype, &unit);
    MPI_Offset from = at * unit;
    if (t.data == t.extent || n == 0 || t.data == 0) {
        return move(f->fd, bytes, n, f->disp + from, writes);
    }
    return move_tiles(f, &t, bytes, n, from, writes);
}

static void fill_status(MPI_Status *status, MPI_Offset bytes)
{
    if (status != MPI_STATUS_IGNORE) {
        memset(status, 0, sizeof(*status));
        status->count = (int)bytes;
    }
}

// Without the simulated time, and with nobody between what is read and what is written back: MPI's
// functions for types do not call the simulator. The bytes that were moved, or -1.
static MPI_Offset move_typed(const struct file *f, MPI_Offset at, void *buf, int count,
                             MPI_Datatype type, bool writes)
{
    int size = 0;
    int position = 0;
    PMPI_Type_size(type, &size);
    MPI_Offset n = (MPI_Offset)size * count;
    char *packed = malloc(n > 0 ? (size_t)n : 1);
    if (!packed) {
        return -1;
    }
    if (writes) {
        PMPI_Pack(buf, count, type, packed, (int)n, &position, MPI_COMM_SELF);
    }
    MPI_Offset done = move_view(f, packed, n, at, writes);
    if (!writes && done > 0) {
        int whole = size > 0 ? (int)(done / size) : 0;
        PMPI_Unpack(packed, (int)n, &position, buf, whole, type, MPI_COMM_SELF);
    }
    free(packed);
    return done;
}

// Of the file, at etype `at`, to or from the program's memory. What this desktop's disk takes is no
// computing of the program.
static int transfer(struct file *f, MPI_Offset at, void *buf, int count, MPI_Datatype type,
                    MPI_Status *status, bool writes)
{
    smpi_bench_end();
    MPI_Offset done = move_typed(f, at, buf, count, type, writes);
    use_disk(done, writes);
    smpi_bench_begin();
    fill_status(status, done > 0 ? done : 0);
    return done < 0 ? MPI_ERR_IO : MPI_SUCCESS;
}

// How many etypes the program's memory has.
static MPI_Offset etypes(const struct file *f, int count, MPI_Datatype type)
{
    int size = 0;
    int unit = 1;
    PMPI_Type_size(type, &size);
    PMPI_Type_size(f->etype, &unit);
    return unit > 0 ? (MPI_Offset)size * count / unit : 0;
}

// At the rank's own position, which moves on.
static int transfer_here(struct file *f, void *buf, int count, MPI_Datatype type,
                         MPI_Status *status, bool writes)
{
    MPI_Offset at = f->position;
    f->position += etypes(f, count, type);
    return transfer(f, at, buf, count, type, status, writes);
}

// At the position that all ranks share.
static int transfer_shared(struct file *f, void *buf, int count, MPI_Datatype type,
                           MPI_Status *status, bool writes)
{
    MPI_Offset at = *f->shared;
    *f->shared += etypes(f, count, type);
    return transfer(f, at, buf, count, type, status, writes);
}

// The same, one rank behind the other.
static int transfer_ordered(struct file *f, void *buf, int count, MPI_Datatype type,
                            MPI_Status *status, bool writes)
{
    MPI_Offset own = etypes(f, count, type);
    MPI_Offset before = 0;
    MPI_Offset all = 0;
    int rank = 0;
    PMPI_Comm_rank(f->comm, &rank);
    PMPI_Scan(&own, &before, 1, MPI_LONG_LONG, MPI_SUM, f->comm);
    PMPI_Allreduce(&own, &all, 1, MPI_LONG_LONG, MPI_SUM, f->comm);
    int r = transfer(f, *f->shared + before - own, buf, count, type, status, writes);
    PMPI_Barrier(f->comm);
    if (rank == 0) {
        *f->shared += all;
    }
    PMPI_Barrier(f->comm);
    return r;
}

// --- Opening and the rest ------------------------------------------------------------------------

static int flags_of(int mode)
{
    int flags = mode & MPI_MODE_RDWR ? O_RDWR : mode & MPI_MODE_WRONLY ? O_RDWR : O_RDONLY;
    return flags | (mode & MPI_MODE_CREATE ? O_CREAT : 0) | O_CLOEXEC;
}

int PMPI_File_open(MPI_Comm comm, const char *name, int mode, MPI_Info info, MPI_File *out)
{
    int rank = 0;
    int bad = MPI_SUCCESS;
    MPI_Offset *shared = NULL;
    struct file *f = calloc(1, sizeof(*f));
    (void)info;
    *out = MPI_FILE_NULL;
    PMPI_Comm_rank(comm, &rank);
    if (rank == 0) { // makes the file, and the position that is shared
        shared = calloc(1, sizeof(*shared));
        int fd = open(name, flags_of(mode) | (mode & MPI_MODE_EXCL ? O_EXCL : 0), 0666);
        bad = fd < 0 ? error_of(errno) : MPI_SUCCESS;
        if (fd >= 0) {
            close(fd);
        }
    }
    PMPI_Bcast(&bad, 1, MPI_INT, 0, comm);
    PMPI_Bcast(&shared, sizeof(shared), MPI_BYTE, 0, comm);
    if (bad == MPI_SUCCESS && f) {
        f->fd = open(name, flags_of(mode), 0666);
        bad = f->fd < 0 ? error_of(errno) : MPI_SUCCESS;
    }
    if (bad != MPI_SUCCESS || !f) {
        free(f);
        return bad != MPI_SUCCESS ? bad : MPI_ERR_NO_MEM;
    }
    struct stat status;
    PMPI_Comm_dup(comm, &f->comm);
    f->name = strdup(name);
    f->mode = mode;
    f->shared = shared;
    f->etype = f->filetype = MPI_BYTE;
    f->position = mode & MPI_MODE_APPEND && fstat(f->fd, &status) == 0 ? status.st_size : 0;
    *shared = f->position;
    *out = (MPI_File)(void *)f;
    return MPI_SUCCESS;
}

int PMPI_File_close(MPI_File *file)
{
    struct file *f = of(*file);
    int rank = 0;
    PMPI_Comm_rank(f->comm, &rank);
    close(f->fd);
    PMPI_Barrier(f->comm);
    if (rank == 0) {
        free(f->shared);
        if (f->mode & MPI_MODE_DELETE_ON_CLOSE) {
            unlink(f->name);
        }
    }
    PMPI_Comm_free(&f->comm);
    free(f->name);
    free(f);
    *file = MPI_FILE_NULL;
    return MPI_SUCCESS;
}

int PMPI_File_delete(const char *name, MPI_Info info)
{
    (void)info;
    return unlink(name) == 0 ? MPI_SUCCESS : error_of(errno);
}
OF_PROGRAM(File_delete);

int PMPI_File_set_size(MPI_File file, MPI_Offset size)
{
    int bad = ftruncate(of(file)->fd, size) == 0 ? MPI_SUCCESS : error_of(errno);
    PMPI_Barrier(of(file)->comm); // before anybody writes
    return bad;
}
OF_PROGRAM(File_set_size);

int PMPI_File_preallocate(MPI_File file, MPI_Offset size)
{
    struct stat status;
    bool enough = fstat(of(file)->fd, &status) == 0 && status.st_size >= size;
    return enough ? MPI_SUCCESS : PMPI_File_set_size(file, size);
}
OF_PROGRAM(File_preallocate);

int PMPI_File_get_size(MPI_File file, MPI_Offset *size)
{
    struct stat status;
    if (fstat(of(file)->fd, &status) != 0) {
        return error_of(errno);
    }
    *size = status.st_size;
    return MPI_SUCCESS;
}
OF_PROGRAM(File_get_size);

int PMPI_File_sync(MPI_File file)
{
    return PMPI_Barrier(of(file)->comm);
}
OF_PROGRAM(File_sync);

int PMPI_File_get_group(MPI_File file, MPI_Group *group)
{
    return PMPI_Comm_group(of(file)->comm, group);
}
OF_PROGRAM(File_get_group);

int PMPI_File_get_info(MPI_File file, MPI_Info *info)
{
    (void)file;
    return PMPI_Info_create(info);
}
OF_PROGRAM(File_get_info);

int PMPI_File_set_view(MPI_File file, MPI_Offset disp, MPI_Datatype etype, MPI_Datatype filetype,
                       const char *representation, MPI_Info info)
{
    struct file *f = of(file);
    (void)representation; // all that a desktop of the same byte order has is "native"
    (void)info;
    f->disp = disp;
    // The program may free its type, so there is one of ours.
    PMPI_Type_dup(etype, &f->etype);
    PMPI_Type_dup(filetype, &f->filetype);
    f->position = 0;
    PMPI_Barrier(f->comm);
    *f->shared = 0;
    return PMPI_Barrier(f->comm);
}
OF_PROGRAM(File_set_view);

int PMPI_File_get_view(MPI_File file, MPI_Offset *disp, MPI_Datatype *etype, MPI_Datatype *filetype,
                       char *representation)
{
    *disp = of(file)->disp;
    *etype = of(file)->etype;
    *filetype = of(file)->filetype;
    strcpy(representation, "native");
    return MPI_SUCCESS;
}
OF_PROGRAM(File_get_view);

int PMPI_File_set_atomicity(MPI_File file, int flag)
{
    (void)flag; // nothing here comes between
    return PMPI_Barrier(of(file)->comm);
}
OF_PROGRAM(File_set_atomicity);

int PMPI_File_get_type_extent(MPI_File file, MPI_Datatype type, MPI_Aint *extent)
{
    MPI_Aint lb = 0;
    (void)file;
    return PMPI_Type_get_extent(type, &lb, extent);
}
OF_PROGRAM(File_get_type_extent);

int PMPI_File_get_byte_offset(MPI_File file, MPI_Offset offset, MPI_Offset *disp)
{
    const struct file *f = of(file);
    const struct tile t = tile_of(f->filetype);
    int unit = 1;
    PMPI_Type_size(f->etype, &unit);
    MPI_Offset bytes = offset * unit;
    if (t.data == 0 || (t.data != t.extent && bytes % t.data != 0)) {
        return MPI_ERR_OTHER; // where in a tile with gaps is not known here
    }
    *disp = f->disp + bytes / t.data * t.extent + bytes % t.data;
    return MPI_SUCCESS;
}
OF_PROGRAM(File_get_byte_offset);

// --- Positions -----------------------------------------------------------------------------------

static int seek(struct file *f, MPI_Offset *position, MPI_Offset offset, int whence)
{
    struct stat status;
    int unit = 1;
    const struct tile t = tile_of(f->filetype);
    PMPI_Type_size(f->etype, &unit);
    MPI_Offset from = whence == MPI_SEEK_CUR ? *position : 0;
    if (whence == MPI_SEEK_END && t.extent > 0 && unit > 0) {
        if (fstat(f->fd, &status) != 0) {
            return error_of(errno);
        }
        MPI_Offset beyond = status.st_size > f->disp ? status.st_size - f->disp : 0;
        from = beyond / t.extent * t.data / unit;
    }
    if (from + offset < 0) {
        return MPI_ERR_ARG;
    }
    *position = from + offset;
    return MPI_SUCCESS;
}

int PMPI_File_seek(MPI_File file, MPI_Offset offset, int whence)
{
    return seek(of(file), &of(file)->position, offset, whence);
}
OF_PROGRAM(File_seek);

int PMPI_File_seek_shared(MPI_File file, MPI_Offset offset, int whence)
{
    int rank = 0;
    PMPI_Comm_rank(of(file)->comm, &rank);
    PMPI_Barrier(of(file)->comm);
    int r = rank == 0 ? seek(of(file), of(file)->shared, offset, whence) : MPI_SUCCESS;
    PMPI_Barrier(of(file)->comm);
    return r;
}
OF_PROGRAM(File_seek_shared);

// --- What there is little to say about
// -----------------------------------------------------------------

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define SIMPLE(name, parameters, body)                                                             \
    int PMPI_File_##name parameters                                                                \
    {                                                                                              \
        body;                                                                                      \
        return MPI_SUCCESS;                                                                        \
    }                                                                                              \
    OF_PROGRAM(File_##name);

SIMPLE(get_amode, (MPI_File file, int *mode), *mode = of(file)->mode)
SIMPLE(set_info, (MPI_File file, MPI_Info info), )
SIMPLE(get_atomicity, (MPI_File file, int *flag), *flag = 1)
// Errors are returned, which is MPI's default for files.
SIMPLE(set_errhandler, (MPI_File file, MPI_Errhandler handler), )
SIMPLE(get_errhandler, (MPI_File file, MPI_Errhandler *handler), *handler = MPI_ERRORS_RETURN)
SIMPLE(call_errhandler, (MPI_File file, int code), )
SIMPLE(get_position, (MPI_File file, MPI_Offset *position), *position = of(file)->position)
SIMPLE(get_position_shared, (MPI_File file, MPI_Offset *position), *position = *of(file)->shared)
#pragma GCC diagnostic pop

// --- Reading and writing -------------------------------------------------------------------------

// All of these are one of four ways to find the place, then perhaps a wait for the others, or a
// request, which is completed at once.
#define HERE(f, buf, n, t, s, w)    transfer_here(of(f), (void *)(buf), n, t, s, w)
#define SHARED(f, buf, n, t, s, w)  transfer_shared(of(f), (void *)(buf), n, t, s, w)
#define ORDERED(f, buf, n, t, s, w) transfer_ordered(of(f), (void *)(buf), n, t, s, w)

#define BLOCKING(name, buffer, way, w)                                                             \
    int PMPI_File_##name(MPI_File f, buffer buf, int n, MPI_Datatype t, MPI_Status *s)             \
    {                                                                                              \
        return way(f, buf, n, t, s, w);                                                            \
    }                                                                                              \
    OF_PROGRAM(File_##name);
#define COLLECTIVE(name, buffer, way, w)                                                           \
    int PMPI_File_##name(MPI_File f, buffer buf, int n, MPI_Datatype t, MPI_Status *s)             \
    {                                                                                              \
        int r = way(f, buf, n, t, s, w);                                                           \
        PMPI_Barrier(of(f)->comm);                                                                 \
        return r;                                                                                  \
    }                                                                                              \
    OF_PROGRAM(File_##name);
#define REQUEST(name, buffer, way, w)                                                              \
    int PMPI_File_##name(MPI_File f, buffer buf, int n, MPI_Datatype t, MPI_Request *q)            \
    {                                                                                              \
        *q = MPI_REQUEST_NULL;                                                                     \
        return way(f, buf, n, t, MPI_STATUS_IGNORE, w);                                            \
    }                                                                                              \
    OF_PROGRAM(File_##name);
#define END(name, buffer)                                                                          \
    int PMPI_File_##name##_end(MPI_File f, buffer buf, MPI_Status *s)                              \
    {                                                                                              \
        (void)buf;                                                                                 \
        fill_status(s, 0);                                                                         \
        return PMPI_Barrier(of(f)->comm);                                                          \
    }                                                                                              \
    OF_PROGRAM(File_##name##_end);
#define SPLIT(name, buffer, way, w)                                                                \
    int PMPI_File_##name##_begin(MPI_File f, buffer buf, int n, MPI_Datatype t)                    \
    {                                                                                              \
        return way(f, buf, n, t, MPI_STATUS_IGNORE, w);                                            \
    }                                                                                              \
    OF_PROGRAM(File_##name##_begin);                                                               \
    END(name, buffer)
#define AT_REQUEST(name, buffer, w)                                                                \
    int PMPI_File_##name(MPI_File f, MPI_Offset at, buffer buf, int n, MPI_Datatype t,             \
                         MPI_Request *q)                                                           \
    {                                                                                              \
        *q = MPI_REQUEST_NULL;                                                                     \
        return transfer(of(f), at, (void *)buf, n, t, MPI_STATUS_IGNORE, w);                       \
    }                                                                                              \
    OF_PROGRAM(File_##name);
#define AT(name, buffer, w)                                                                        \
    int PMPI_File_##name(MPI_File f, MPI_Offset at, buffer buf, int n, MPI_Datatype t,             \
                         MPI_Status *s)                                                            \
    {                                                                                              \
        return transfer(of(f), at, (void *)buf, n, t, s, w);                                       \
    }                                                                                              \
    OF_PROGRAM(File_##name);                                                                       \
    int PMPI_File_##name##_all(MPI_File f, MPI_Offset at, buffer buf, int n, MPI_Datatype t,       \
                               MPI_Status *s)                                                      \
    {                                                                                              \
        int r = transfer(of(f), at, (void *)buf, n, t, s, w);                                      \
        PMPI_Barrier(of(f)->comm);                                                                 \
        return r;                                                                                  \
    }                                                                                              \
    OF_PROGRAM(File_##name##_all);                                                                 \
    int PMPI_File_##name##_all_begin(MPI_File f, MPI_Offset at, buffer buf, int n, MPI_Datatype t) \
    {                                                                                              \
        return transfer(of(f), at, (void *)buf, n, t, MPI_STATUS_IGNORE, w);                       \
    }                                                                                              \
    OF_PROGRAM(File_##name##_all_begin);                                                           \
    END(name##_all, buffer)                                                                        \
    AT_REQUEST(i##name, buffer, w)                                                                 \
    AT_REQUEST(i##name##_all, buffer, w)

#define ALL(name, buffer, w)                                                                       \
    BLOCKING(name, buffer, HERE, w)                                                                \
    BLOCKING(name##_shared, buffer, SHARED, w)                                                     \
    BLOCKING(name##_ordered, buffer, ORDERED, w)                                                   \
    COLLECTIVE(name##_all, buffer, HERE, w)                                                        \
    REQUEST(i##name, buffer, HERE, w)                                                              \
    REQUEST(i##name##_all, buffer, HERE, w)                                                        \
    REQUEST(i##name##_shared, buffer, SHARED, w)                                                   \
    SPLIT(name##_all, buffer, HERE, w)                                                             \
    SPLIT(name##_ordered, buffer, ORDERED, w)                                                      \
    AT(name##_at, buffer, w)

ALL(read, void *, false)
ALL(write, const void *, true)
