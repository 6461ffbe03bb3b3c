// SPDX-License-Identifier: MIT
#include "sandbox/board_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "sandbox/namespace.h"

#define MEMINFO "meminfo"
#define CPUINFO "cpuinfo"

enum { KB = 1024 };

static int write_bytes(const char *folder, const char *name, const void *data, size_t n,
                       struct err *err)
{
    _cleanup_free_ char *path = fs_join(folder, name);
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(err, "cannot open %s", path);
    }
    return fs_write_all(fd, data, n, err) == 0 ? 0 : err_wrap(err, "%s", path);
}

// As on a board that has just started: the kernel's own and the services' part is small.
static int write_meminfo(const char *texts, uint64_t memory, struct err *err)
{
    const unsigned long long total = memory / KB;
    const unsigned long long cached = total / 16;
    const unsigned long long buffers = total / 64;
    const unsigned long long free_kb = total - cached - buffers - total / 16;
    _cleanup_free_ char *text =
        xasprintf("MemTotal:       %8llu kB\n"
                  "MemFree:        %8llu kB\n"
                  "MemAvailable:   %8llu kB\n"
                  "Buffers:        %8llu kB\n"
                  "Cached:         %8llu kB\n"
                  "SwapCached:     %8d kB\n"
                  "SwapTotal:      %8d kB\n"
                  "SwapFree:       %8d kB\n",
                  total, free_kb, free_kb + cached + buffers, buffers, cached, 0, 0, 0);
    return write_bytes(texts, MEMINFO, text, strlen(text), err);
}

// The kernel's own format: arch/arm/kernel/setup.c, c_show.
static int write_cpuinfo(const char *texts, const struct board *b, struct err *err)
{
    const struct board_cpuinfo *c = &b->cpuinfo;
    _cleanup_strbuf_ struct strbuf text = {0};

    for (long i = 0; i < b->cores; i++) {
        strbuf_addf(&text,
                    "processor\t: %ld\n"
                    "model name\t: ARMv%ld Processor rev %s (v%ldl)\n"
                    "BogoMIPS\t: %s\n"
                    "Features\t: %s\n"
                    "CPU implementer\t: 0x41\n"
                    "CPU architecture: %ld\n"
                    "CPU variant\t: %s\n"
                    "CPU part\t: %s\n"
                    "CPU revision\t: %s\n\n",
                    i, c->architecture, c->revision, c->architecture, c->bogomips, c->features,
                    c->architecture, c->variant, c->part, c->revision);
    }
    strbuf_addf(&text,
                "Hardware\t: %s\n"
                "Revision\t: %s\n"
                "Serial\t\t: 0000000000000000\n"
                "Model\t\t: %s\n",
                c->hardware, c->code, c->model);
    return write_bytes(texts, CPUINFO, text.data, text.len, err);
}

static int make_folders(const char *upper, struct err *err)
{
    static const char *const folders[] = {
        "dev",
        "dev/pts",
        "dev/shm",
        "etc",
        "home",
        "home/pi",
        "proc",
        "sys",
        "sys/devices",
        "sys/devices/system",
        "sys/devices/system/cpu",
        "sys/firmware",
        "sys/firmware/devicetree",
        "sys/firmware/devicetree/base",
    };
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_free_ char *path = fs_join(upper, folders[i]);
        if (mkdir(path, 0755) != 0 && errno != EEXIST) {
            return err_sys(err, "cannot create folder %s", path);
        }
    }
    return 0;
}

int board_files_write(const struct board_files *f, const char *upper, const char *texts,
                      struct err *err)
{
    const struct board *b = f->board;
    const char *model = b->cpuinfo.model ? b->cpuinfo.model : b->title ? b->title : b->hostname;
    _cleanup_free_ char *cpus = b->cores > 1 ? xasprintf("0-%ld\n", b->cores - 1) : xstrdup("0\n");
    _cleanup_free_ char *hostname = xasprintf("%s\n", f->hostname);
    const struct {
        const char *path, *text;
    } files[] = {
        {"etc/hostname", hostname},
        {"sys/devices/system/cpu/online", cpus},
        {"sys/devices/system/cpu/present", cpus},
        {"sys/devices/system/cpu/possible", cpus},
    };
    if (make_folders(upper, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (write_bytes(upper, files[i].path, files[i].text, strlen(files[i].text), err) != 0) {
            return -1;
        }
    }
    // Texts of a device tree end with a NUL.
    if (write_bytes(upper, "sys/firmware/devicetree/base/model", model, strlen(model) + 1, err) !=
        0) {
        return -1;
    }
    if (f->memory && write_meminfo(texts, f->memory, err) != 0) {
        return -1;
    }
    return b->cpuinfo.part ? write_cpuinfo(texts, b, err) : 0;
}

static int show_in_proc(const char *root, const char *texts, const char *name, struct err *err)
{
    _cleanup_free_ char *from = fs_join(texts, name);
    _cleanup_free_ char *to = xasprintf("%s/proc/%s", root, name);
    return mount(from, to, NULL, MS_BIND, NULL) == 0
               ? 0
               : namespace_unsupported(err,
                                       "cannot show the board's processor and memory in /proc");
}

int board_files_mount(const struct board_files *f, const char *root, const char *texts,
                      struct err *err)
{
    if (f->memory && show_in_proc(root, texts, MEMINFO, err) != 0) {
        return -1;
    }
    return f->board->cpuinfo.part ? show_in_proc(root, texts, CPUINFO, err) : 0;
}

int board_files_mount_memory(const struct board_files *f, const char *place, struct err *err)
{
    char options[64] = "mode=1777";

    if (f->memory) { // half of it, as Linux has it by default
        snprintf(options, sizeof(options), "mode=1777,size=%llu",
                 (unsigned long long)f->memory / 2);
    }
    return mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0
               ? 0
               : namespace_unsupported(err, "cannot mount a tmpfs");
}

int board_files_bind_devices(const char *folder, struct err *err)
{
    static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        _cleanup_free_ char *from = fs_join("/dev", devices[i]);
        _cleanup_free_ char *to = fs_join(folder, devices[i]);
        if (write_bytes(folder, devices[i], "", 0, err) != 0) {
            return -1;
        }
        if (mount(from, to, NULL, MS_BIND, NULL) != 0) {
            return namespace_unsupported(err, "cannot bind a device");
        }
    }
    return 0;
}

int board_files_mount_devices(const char *root, struct err *err)
{
    static const char *const links[][2] = {
        {"/proc/self/fd", "fd"},       {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"},
        {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"},
    };
    _cleanup_free_ char *folder = xasprintf("%s/dev", root);

    if (board_files_bind_devices(folder, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        _cleanup_free_ char *link = fs_join(folder, links[i][1]);
        if (symlink(links[i][0], link) != 0) {
            return err_sys(err, "cannot create link %s", link);
        }
    }
    return 0;
}
