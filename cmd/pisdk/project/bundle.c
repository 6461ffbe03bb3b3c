// SPDX-License-Identifier: MIT
// `pisdk bundle`: the project, with all that it needs, as one file that installs itself.

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "deploy/bundle.h"
#include "pisdk/app.h"
#include "pisdk/project/bundle_project.h"
#include "pisdk/requests.h"
#include "workspace/bundle_files.h"

enum { KEPT_HERE = 4 };

static int check_with(const struct strv *with, struct err *err)
{
    for (size_t i = 0; i < with->n; i++) {
        if (strcmp(with->items[i], "python") != 0 && strcmp(with->items[i], "r") != 0) {
            return err_set(err, ERR_USAGE, "--with takes python or r, not `%s`", with->items[i]);
        }
    }
    return 0;
}

// What is being made.
struct work {
    struct app *app;
    const struct bundle_request *request;
    struct bundle_names names;
    const char *dir; // where releases are kept
    struct payload release;
    struct strbuf sbom;
};

static int collect(struct work *w, struct err *err)
{
    const struct bundle_wish wish = {w->names, w->request->with, w->request->packages};
    struct target_request request;
    struct target target;

    if (target_request_read(&w->app->input, &request, err) != 0 ||
        target_choose(&w->app->work, &request, &target, err) != 0) {
        return -1;
    }
    int r = bundle_files_collect(&w->app->work, &target, &wish, &w->release, &w->sbom, err);
    target_release(&target);
    return r == 0 ? payload_finish(&w->release, err) : -1;
}

static char *choose_file(const struct work *w)
{
    const char *output = w->request->output;
    bool folder = output && (str_ends(output, "/") || fs_is_dir(output));
    if (output && !folder) {
        return xstrdup(output);
    }
    _cleanup_free_ char *name = xasprintf("%s-%s-Linux-armv7l.sh", w->names.name, w->release.id);
    return folder ? fs_join(output, name) : TAKE_PTR(name);
}

// `sha256sum -c` reads the one, the other is for who passes it on.
static int write_beside(const struct work *w, const char *file, const struct bundle_made *made,
                        struct err *err)
{
    _cleanup_free_ char *sum = xasprintf("%s.sha256", file);
    _cleanup_free_ char *sbom = xasprintf("%s.spdx.json", file);
    _cleanup_free_ char *line = xasprintf("%s  %s\n", made->sha256, fs_base(file));
    return fs_write_file(sum, line, strlen(line), 0644, err) == 0
               ? fs_write_file(sbom, w->sbom.data, w->sbom.len, 0644, err)
               : -1;
}

// With a file, by ssh-keygen(1): FILE.sig; else with a key of gpg(1): FILE.asc.
static int sign(const char *key, const char *file, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    bool ssh = fs_exists(key);
    _cleanup_free_ char *signature = xasprintf("%s.%s", file, ssh ? "sig" : "asc");
    int status = 0;
    if (unlink(signature) != 0 && errno != ENOENT) {
        return err_sys(err, "cannot replace %s", signature);
    }
    if (ssh) {
        strv_add_list(&argv, "ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", key, file, NULL);
    } else {
        strv_add_list(&argv, "gpg", "--quiet", "--armor", "--local-user", key, "--output",
                      signature, "--detach-sign", file, NULL);
    }
    if (proc_run(argv.items, &status, err) != 0) {
        return -1;
    }
    if (status == 0) {
        return 0;
    }
    err_set(err, ERR_FAILED, "%s cannot sign with %s", argv.items[0], key);
    return ssh ? -1
               : err_hint(err, "`gpg --list-secret-keys` lists the keys; or name the file of an "
                               "SSH key: --sign ~/.ssh/id_ed25519");
}

static int write_bundle(struct work *w, struct err *err)
{
    struct app *app = w->app;
    const char *key = w->request->sign;
    const struct bundle bundle = {.names = w->names, .release = &w->release, .dir = w->dir};
    struct bundle_made made;
    char bytes[32];

    if (collect(w, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *file = choose_file(w);
    log_working(&app->log, "packing");
    int r = bundle_write(&bundle, file, &made, err);
    log_working(&app->log, NULL); // gpg and ssh-keygen may ask for a passphrase
    if (r != 0 || write_beside(w, file, &made, err) != 0 || (key && sign(key, file, err) != 0)) {
        return -1;
    }
    payload_forget(w->dir, KEPT_HERE);
    log_info(&app->log, "%s: %s", file, str_size(bytes, made.size));
    log_info(&app->log, "on a board: sh %s", fs_base(file));
    return 0;
}

static int bundle_project(struct app *app, const struct bundle_request *request, struct err *err)
{
    _cleanup_free_ char *dir = xasprintf("%s/deploy/%s", app->paths.cache, app->project.name);
    _cleanup_free_ char *work = fs_join(dir, ".work-XXXXXX");
    _cleanup_free_ char *scripts = fs_join(app->paths.share, "toolchain/bundle");
    struct work w = {
        .app = app,
        .request = request,
        .names = {request->name ? request->name : app->project.name, app->project.program, scripts,
                  work},
        .dir = dir,
    };
    struct err ignored = ERR_INIT;

    if (fs_mkdir_all(dir, 0700, err) != 0) {
        return -1;
    }
    if (!mkdtemp(work)) {
        return err_sys(err, "cannot create a folder in %s", dir);
    }
    int r = write_bundle(&w, err);
    payload_release(&w.release);
    strbuf_release(&w.sbom);
    (void)!fs_remove_tree(work, &ignored);
    return r == 0 ? EXIT_OK : -1;
}

int cmd_bundle(struct app *app, struct err *err)
{
    const struct input *in = &app->input;
    const struct bundle_request request = {
        .with = input_values(in, "with"),
        .packages = input_values(in, "package"),
        .name = input_value(in, "name"),
        .output = input_value(in, "output"),
        .sysroot = input_value(in, "sysroot"),
        .sign = input_value(in, "sign"),
        .refresh = input_flag(in, "refresh"),
    };
    if (check_with(request.with, err) != 0) {
        return -1;
    }
    if (request.name && !project_name_is_valid(request.name)) {
        return err_set(err, ERR_USAGE,
                       "the name `%s` may have letters, digits, _ and -, and begins with a letter",
                       request.name);
    }
    return app->has_project ? bundle_project(app, &request, err)
                            : bundle_without_project(&app->paths, &request, err);
}
