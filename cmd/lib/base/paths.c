// SPDX-License-Identifier: MIT
#include "base/paths.h"

#include <string.h>

#include "base/fs.h"
#include "base/str.h"

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

// `own` names the folder itself, `xdg` its parent, `below_home` the parent's place below HOME.
static char *user_folder(const char *own, const char *xdg, const char *below_home, struct err *err)
{
    const char *value = environment(own);
    if (value) {
        return fs_absolute(value);
    }
    value = environment(xdg);
    if (value && value[0] == '/') { // the specification: a relative one is to be ignored
        return fs_join(value, "pisdk");
    }
    const char *home = environment("HOME");
    if (!home) {
        err_set(err, ERR_FAILED, "neither HOME nor %s nor %s is set", xdg, own);
        err_hint(err, "export HOME or %s", own);
        return NULL;
    }
    return xasprintf("%s/%s/pisdk", home, below_home);
}

static char *find_share(const char *program)
{
    _cleanup_free_ char *dir = fs_parent(program);
    for (;;) {
        static const char *const places[] = {"share/pisdk", "."};
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
            _cleanup_free_ char *place = fs_join(dir, places[i]);
            _cleanup_free_ char *mark = fs_join(place, "toolchain/pisdk.cmake");
            if (fs_exists(mark)) {
                return fs_real_path(place);
            }
        }
        if (strcmp(dir, "/") == 0) {
            return NULL;
        }
        char *up = fs_parent(dir);
        free(dir);
        dir = up;
    }
}

int paths_init(struct paths *paths, struct err *err)
{
    *paths = (struct paths){0};
    paths->program = fs_real_path("/proc/self/exe");
    if (!paths->program) {
        return err_sys(err, "cannot find the running program through /proc/self/exe");
    }
    paths->cache = user_folder("PISDK_CACHE_DIR", "XDG_CACHE_HOME", ".cache", err);
    paths->data = user_folder("PISDK_DATA_DIR", "XDG_DATA_HOME", ".local/share", err);
    if (!paths->cache || !paths->data) {
        return -1;
    }
    const char *xdg_runtime = environment("XDG_RUNTIME_DIR");
    if (environment("PISDK_RUNTIME_DIR")) {
        paths->runtime = fs_absolute(environment("PISDK_RUNTIME_DIR"));
    } else if (xdg_runtime && xdg_runtime[0] == '/') {
        paths->runtime = fs_join(xdg_runtime, "pisdk");
    } else {
        paths->runtime = xasprintf("/dev/shm/pisdk-%u", (unsigned)getuid());
    }
    paths->share = find_share(paths->program);
    if (!paths->share) {
        err_set(err, ERR_FAILED, "pisdk's own files are missing beside %s", paths->program);
        return err_hint(err, "install pisdk again: ./bootstrap install");
    }
    return 0;
}

char *paths_find_part(const struct paths *paths, const char *name, struct err *err)
{
    static const char *const places[] = {".", "../libexec/pisdk"};
    _cleanup_free_ char *folder = fs_parent(paths->program);

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s/%s", folder, places[i], name);
        if (fs_is_program(path)) {
            return fs_real_path(path);
        }
    }
    err_set(err, ERR_FAILED, "%s, which is part of pisdk, is missing beside %s", name,
            paths->program);
    err_hint(err, "install pisdk again: ./bootstrap install");
    return NULL;
}

void paths_release(struct paths *paths)
{
    free(paths->cache);
    free(paths->data);
    free(paths->runtime);
    free(paths->share);
    free(paths->program);
    *paths = (struct paths){0};
}
