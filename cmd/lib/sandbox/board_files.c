#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fs.h"
#include "sandbox/internal.h"

#define UPPER    SANDBOX_UPPER
#define NEW_ROOT SANDBOX_NEW_ROOT
#define MEMINFO  "mnt/meminfo"
#define CPUINFO  "mnt/cpuinfo"

enum { KB = 1024 };

static int write_bytes(const char *path, const void *data, size_t n, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(err, "cannot open %s", path);
    }
    return fs_write_all(fd, data, n, err) == 0 ? 0 : err_wrap(err, "%s", path);
}

// As on a board that has just started: the kernel's own and the services' part is small.
static int write_meminfo(uint64_t memory, struct err *err)
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
    return write_bytes(MEMINFO, text, strlen(text), err);
}

// The kernel's own format: arch/arm/kernel/setup.c, c_show.
static int write_cpuinfo(const struct board *b, struct err *err)
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
    return write_bytes(CPUINFO, text.data, text.len, err);
}

int board_files_write(const struct sandbox *s, struct err *err)
{
    const struct board *b = s->o->board;
    const char *model = b->cpuinfo.model ? b->cpuinfo.model : b->title ? b->title : b->hostname;
    _cleanup_free_ char *hosts = xasprintf("127.0.0.1\tlocalhost %s\n", b->hostname);
    _cleanup_free_ char *cpus = b->cores > 1 ? xasprintf("0-%ld\n", b->cores - 1) : xstrdup("0\n");
    _cleanup_free_ char *hostname = xasprintf("%s\n", b->hostname);
    const struct {
        const char *path, *text;
    } files[] = {
        {UPPER "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\n"
                              "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
        {UPPER "/etc/group", "root:x:0:\npi:x:1000:\nnogroup:x:65534:\n"},
        {UPPER "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
        {UPPER "/etc/hosts", hosts},
        {UPPER "/etc/hostname", hostname},
        {UPPER "/sys/devices/system/cpu/online", cpus},
        {UPPER "/sys/devices/system/cpu/present", cpus},
        {UPPER "/sys/devices/system/cpu/possible", cpus},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (write_bytes(files[i].path, files[i].text, strlen(files[i].text), err) != 0) {
            return -1;
        }
    }
    // Texts of a device tree end with a NUL.
    if (write_bytes(UPPER "/sys/firmware/devicetree/base/model", model, strlen(model) + 1, err) !=
        0) {
        return -1;
    }
    if (s->o->memory && write_meminfo(s->o->memory, err) != 0) {
        return -1;
    }
    return b->cpuinfo.part ? write_cpuinfo(b, err) : 0;
}

int board_files_mount(const struct sandbox *s, struct err *err)
{
    if (s->o->memory && mount(MEMINFO, NEW_ROOT "/proc/meminfo", NULL, MS_BIND, NULL) != 0) {
        return namespace_unsupported(err, "cannot show the board's memory in /proc");
    }
    if (s->o->board->cpuinfo.part &&
        mount(CPUINFO, NEW_ROOT "/proc/cpuinfo", NULL, MS_BIND, NULL) != 0) {
        return namespace_unsupported(err, "cannot show the board's processor in /proc");
    }
    return 0;
}
