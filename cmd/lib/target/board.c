// SPDX-License-Identifier: MIT
#include "target/board.h"

#include <string.h>

#include "base/fs.h"
#include "base/ini.h"

#define KNOWN_KEYS                                                                                 \
    "board.title board.refused compiler.flags compiler.level emulator.cpu emulator.cores "         \
    "emulator.memory emulator.hostname emulator.link cpuinfo.part cpuinfo.variant "                \
    "cpuinfo.revision cpuinfo.architecture cpuinfo.bogomips cpuinfo.features cpuinfo.hardware "    \
    "cpuinfo.code cpuinfo.model speed.origin speed.linpack speed.triad speed.disk-read "           \
    "speed.disk-write"

enum {
    LEVEL_MAX = 100,
    CORES_MAX = 256,
    MEMORY_MAX_MB = 1 << 20,
    LINK_MAX_MBIT = 1000000,
    ARCHITECTURE_MAX = 8,
    SPEED_MAX = 1000000
};

static int on_key(void *user, const char *section, const char *key, const char *value,
                  struct err *err)
{
    struct board *b = user;
    const struct {
        const char *section, *key;
        char **text;
        long *number;
        long max;
    } keys[] = {
        {"board", "title", &b->title, NULL, 0},
        {"board", "refused", &b->refused, NULL, 0},
        {"compiler", "flags", &b->flags, NULL, 0},
        {"emulator", "cpu", &b->cpu, NULL, 0},
        {"emulator", "hostname", &b->hostname, NULL, 0},
        {"cpuinfo", "part", &b->cpuinfo.part, NULL, 0},
        {"cpuinfo", "variant", &b->cpuinfo.variant, NULL, 0},
        {"cpuinfo", "revision", &b->cpuinfo.revision, NULL, 0},
        {"cpuinfo", "bogomips", &b->cpuinfo.bogomips, NULL, 0},
        {"cpuinfo", "features", &b->cpuinfo.features, NULL, 0},
        {"cpuinfo", "hardware", &b->cpuinfo.hardware, NULL, 0},
        {"cpuinfo", "code", &b->cpuinfo.code, NULL, 0},
        {"cpuinfo", "model", &b->cpuinfo.model, NULL, 0},
        {"cpuinfo", "architecture", NULL, &b->cpuinfo.architecture, ARCHITECTURE_MAX},
        {"compiler", "level", NULL, &b->level, LEVEL_MAX},
        {"speed", "origin", &b->speed.origin, NULL, 0},
        {"speed", "linpack", NULL, &b->speed.linpack, SPEED_MAX},
        {"speed", "triad", NULL, &b->speed.triad, SPEED_MAX},
        {"speed", "disk-read", NULL, &b->speed.disk_read, SPEED_MAX},
        {"speed", "disk-write", NULL, &b->speed.disk_write, SPEED_MAX},
        {"emulator", "link", NULL, &b->link_mbit, LINK_MAX_MBIT},
        {"emulator", "cores", NULL, &b->cores, CORES_MAX},
        {"emulator", "memory", NULL, &b->memory_mb, MEMORY_MAX_MB},
    };
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strcmp(section, keys[i].section) != 0 || strcmp(key, keys[i].key) != 0) {
            continue;
        }
        if (keys[i].number) {
            return ini_number(key, value, 1, keys[i].max, keys[i].number, err);
        }
        // A continued line is one more call: the text goes on.
        char *old = *keys[i].text;
        *keys[i].text = old ? xasprintf("%s %s", old, value) : xstrdup(value);
        free(old);
        return 0;
    }
    return ini_unknown(section, key, KNOWN_KEYS, err);
}

static int unknown_board(const char *folder, const char *name, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    err_set(err, ERR_NOT_FOUND, "unknown board `%s`", name);
    const char *nearest =
        board_names(folder, &names, &ignored) == 0 ? str_nearest(name, &names) : NULL;
    struct board b;
    if (nearest && board_read(folder, nearest, false, &b, &ignored) == 0) {
        board_release(&b);
    } else {
        nearest = NULL; // none, or one that would be refused
    }
    return nearest ? err_hint(err, "did you mean `%s`?", nearest)
                   : err_hint(err, "`pisdk boards` lists them");
}

// All of it, or nothing.
static bool cpuinfo_is_whole(const struct board_cpuinfo *c)
{
    const char *const texts[] = {c->variant,  c->revision, c->bogomips, c->features,
                                 c->hardware, c->code,     c->model};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (!texts[i] != !c->part) {
            return false;
        }
    }
    return !c->part == !c->architecture;
}

static bool speed_is_whole(const struct board_speed *s)
{
    bool all = s->origin && s->linpack && s->triad && s->disk_read && s->disk_write;
    return all || !(s->origin || s->linpack || s->triad || s->disk_read || s->disk_write);
}

int board_read(const char *folder, const char *name, bool even_refused, struct board *out,
               struct err *err)
{
    _cleanup_free_ char *file = xasprintf("%s/%s.ini", folder, name);
    *out = (struct board){0};
    if (strchr(name, '/') || !fs_exists(file)) {
        return unknown_board(folder, name, err);
    }
    if (ini_read(file, on_key, out, err) != 0) {
        board_release(out);
        return -1;
    }
    out->name = xstrdup(name);
    if (out->refused && !even_refused) {
        err_set(err, ERR_USAGE, "cannot build for %s: %s", out->title, out->refused);
        err_hint(err, "`pisdk boards` lists the boards that work");
    } else if (!out->refused && (!out->title || !out->flags || !out->level || !out->cpu ||
                                 !out->cores || !out->memory_mb || !out->hostname)) {
        err_set(err, ERR_USAGE,
                "%s: title, flags, level, cpu, cores, memory and hostname must be given", file);
    } else if (!cpuinfo_is_whole(&out->cpuinfo)) {
        err_set(err, ERR_USAGE,
                "%s: [cpuinfo] needs all of part, variant, revision, architecture, "
                "bogomips, features, hardware, code and model",
                file);
    } else if (!speed_is_whole(&out->speed)) {
        err_set(err, ERR_USAGE,
                "%s: [speed] needs all of origin, linpack, triad, disk-read and disk-write", file);
    } else {
        return 0;
    }
    board_release(out);
    return -1;
}

void board_release(struct board *b)
{
    free(b->name);
    free(b->title);
    free(b->refused);
    free(b->flags);
    free(b->cpu);
    free(b->hostname);
    free(b->speed.origin);
    free(b->cpuinfo.part);
    free(b->cpuinfo.variant);
    free(b->cpuinfo.revision);
    free(b->cpuinfo.bogomips);
    free(b->cpuinfo.features);
    free(b->cpuinfo.hardware);
    free(b->cpuinfo.code);
    free(b->cpuinfo.model);
    *b = (struct board){0};
}

int board_names(const char *folder, struct strv *names, struct err *err)
{
    _cleanup_strv_ struct strv files = {0};
    if (fs_list_dir(folder, &files, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < files.n; i++) {
        if (str_ends(files.items[i], ".ini")) {
            strv_take(names, xstrndup(files.items[i], strlen(files.items[i]) - strlen(".ini")));
        }
    }
    return 0;
}
