// SPDX-License-Identifier: MIT
#include "workspace/program_choice.h"

#include <string.h>

#include "base/fs.h"
#include "project/build.h"
#include "target/elf.h"

// A program that is looked for, and found.
struct search {
    const struct workspace *w;
    struct target *target;
    const char *word; // as the user named it, or NULL
    char *program;
    bool in_sysroot;
};

const struct interpreter *program_interpreter(const char *name)
{
    static const struct interpreter interpreters[] = {
        {".py", "python3", "python3"},
        {".R", "Rscript", "r-base-core"},
        {".r", "Rscript", "r-base-core"},
        {".sh", "sh", "dash"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(interpreters); i++) {
        if (str_ends(name, interpreters[i].suffix)) {
            return &interpreters[i];
        }
    }
    return NULL;
}

char *program_find_below(const char *dir, const char *name)
{
    static const char *const places[] = {"", "bin/", "src/"};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s%s", dir, places[i], name);
        if (fs_is_program(path)) {
            return TAKE_PTR(path);
        }
    }
    return NULL;
}

// In the build folder, or, where the project is built among its sources, there.
static char *built_program(const struct search *s, const char *name)
{
    const struct project *p = s->w->project;
    _cleanup_free_ char *dir = project_build_dir(p, s->target->board.name, s->target->type);
    const char *system;
    struct err ignored = ERR_INIT;
    bool apart = project_build_system(p, &system, &ignored) != 0 || project_builds_apart(system);
    char *found = program_find_below(dir, name);
    return found || apart ? found : program_find_below(p->dir, name);
}

bool program_in_sysroot(const struct target *t, const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/usr/bin/%s", t->sysroot.root, name);
    return fs_is_program(path);
}

static int find_by_path(struct search *s, struct err *err)
{
    s->program = fs_real_path(s->word);
    if (!s->program) {
        err_sys(err, "cannot run %s", s->word);
        err->code = ERR_NOT_FOUND;
        return -1;
    }
    return 0;
}

// What the project has built, by name.
static void list_programs(const struct search *s, struct strv *names)
{
    _cleanup_free_ char *dir =
        project_build_dir(s->w->project, s->target->board.name, s->target->type);
    _cleanup_strv_ struct strv entries = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(dir, &entries, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < entries.n; i++) {
        _cleanup_free_ char *path = fs_join(dir, entries.items[i]);
        if (fs_is_program(path) && strcmp(entries.items[i], "pisdk-mpiexec") != 0) {
            strv_add(names, entries.items[i]);
        }
    }
}

static int no_program(const struct search *s, const char *name, struct err *err)
{
    if (program_interpreter(name)) {
        return err_set(err, ERR_NOT_FOUND, "there is no %s%s", name,
                       s->w->project ? " here or in the project" : " here");
    }
    if (!s->w->project) {
        err_set(err, ERR_NOT_FOUND, "the sysroot has no program `%s`", name);
        return err_hint(err, "for a file in this folder: pisdk run ./%s", name);
    }
    _cleanup_strv_ struct strv names = {0};
    list_programs(s, &names);
    _cleanup_free_ char *known = strv_join(&names, ", ");
    const char *nearest = str_nearest(name, &names);
    err_set(err, ERR_NOT_FOUND, "neither the project nor the sysroot has a program `%s`", name);
    if (nearest) {
        return err_hint(err, "did you mean `%s`?", nearest);
    }
    return names.n ? err_hint(err, "the project has: %s", known) : -1;
}

// A script by its name: here, or in the project.
static char *find_script(const struct search *s, const char *name)
{
    bool script = program_interpreter(name) != NULL;
    _cleanup_free_ char *here = script && s->word ? fs_real_path(name) : NULL;
    if (here || !script || !s->w->project) {
        return TAKE_PTR(here);
    }
    _cleanup_free_ char *inside = fs_join(s->w->project->dir, name);
    return fs_real_path(inside);
}

// What a script of a project imports may have to be built.
static int find_script_of_project(struct search *s, struct err *err)
{
    const struct project *p = s->w->project;
    if (p && fs_is_below(s->program, p->dir)) {
        int status = target_build(s->w, s->target, NULL, err);
        return status > 0 ? err_set(err, ERR_FAILED, "the build failed") : status;
    }
    return 0;
}

// Python's -c, -m and so on may import what the project builds.
static bool may_import_built(const struct search *s, const char *name)
{
    const char *system = "";
    struct err ignored = ERR_INIT;
    return str_starts(name, "python3") &&
           project_build_system(s->w->project, &system, &ignored) == 0 &&
           strcmp(system, "python") == 0;
}

static int find_program(struct search *s, struct err *err)
{
    if (s->word && strchr(s->word, '/')) {
        return find_by_path(s, err);
    }
    const char *name = s->word ? s->word : s->w->project->program;
    s->program = find_script(s, name);
    if (s->program) {
        return find_script_of_project(s, err);
    }
    if (s->w->project) {
        s->program = built_program(s, name);
        bool named_in_project = strcmp(name, s->w->project->program) == 0;
        bool wanted = named_in_project || may_import_built(s, name);
        if (s->program || wanted || !program_in_sysroot(s->target, name)) {
            free(TAKE_PTR(s->program));
            int status = target_build(s->w, s->target, name, err);
            if (status != 0 && status != TARGET_UNKNOWN) {
                return status < 0 ? -1 : err_set(err, ERR_FAILED, "the build failed");
            }
            s->program = built_program(s, name);
        }
        if (s->program) {
            return 0;
        }
    }
    if (!program_in_sysroot(s->target, name)) {
        return no_program(s, name, err);
    }
    s->in_sysroot = true;
    s->program = xasprintf("/usr/bin/%s", name);
    return 0;
}

// Somebody wants to run a source, as a script can be run.
static int check_source(const struct search *s, struct err *err)
{
    static const struct {
        const char *suffix, *compiler;
    } known[] = {{".c", "mpicc"},    {".cpp", "mpicxx"},  {".cc", "mpicxx"},
                 {".cxx", "mpicxx"}, {".f90", "mpifort"}, {".f", "mpifort"}};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (str_ends(s->program, known[i].suffix)) {
            const char *file = fs_base(s->program);
            int stem = (int)(strlen(file) - strlen(known[i].suffix));
            err_set(err, ERR_USAGE, "%s is a source, which is compiled first", s->word);
            return err_hint(err, "pisdk exec -- %s %s -o %.*s && pisdk run ./%.*s",
                            known[i].compiler, s->word, stem, file, stem, file);
        }
    }
    return 0;
}

static int check_machine(const struct search *s, struct err *err)
{
    struct elf_info info;

    if (s->in_sysroot) {
        return 0;
    }
    if (fs_is_dir(s->program)) {
        return err_set(err, ERR_USAGE, "%s is a folder", s->program);
    }
    if (elf_read(s->program, &info, err) != 0) {
        return -1;
    }
    int r = info.is_elf ? 0 : check_source(s, err);
    if (info.is_elf && !elf_is_arm(&info)) {
        err_set(err, ERR_FAILED, "%s is a program for %s, not for armv7l", s->program,
                elf_machine_name(&info));
        r = err_hint(err, "compile it by `pisdk exec -- gcc …`, `pisdk exec -- make` or `pisdk "
                          "build`; it runs on this desktop without pisdk");
    } else if (info.is_elf && info.is_object) {
        r = err_set(err, ERR_FAILED, "%s is an object file, not a program", s->program);
    }
    elf_info_release(&info);
    return r;
}

int program_find(const struct workspace *w, struct target *target, const char *word, char **program,
                 bool *in_sysroot, struct err *err)
{
    struct search s = {.w = w, .target = target, .word = word};
    if (find_program(&s, err) != 0 || check_machine(&s, err) != 0) {
        free(s.program);
        *program = NULL;
        return -1;
    }
    *program = s.program;
    *in_sysroot = s.in_sysroot;
    return 0;
}
