// SPDX-License-Identifier: MIT
#include "project/project.h"

#include <string.h>

#include "base/fs.h"
#include "base/ini.h"
#include "base/str.h"
#include "target/elf_link.h"

#define KNOWN_KEYS                                                                                 \
    "project.name target.sysroot target.board target.glibc build.system build.configure "          \
    "build.prefixes build.python "                                                                 \
    "build.args build.command build.test emulation.pure run.ranks run.program run.environment "    \
    "nodes.file "                                                                                  \
    "nodes.group "                                                                                 \
    "nodes.login-timeout "                                                                         \
    "deploy.files deploy.keep deploy.runtime slurm.host slurm.place slurm.folder "                 \
    "slurm.partition slurm.time slurm.options"
#define KNOWN_NODE_KEYS "node.host node.slots node.board node.identity node.port node.peer"
#define NODE_SECTION    "node "

enum { PROJECT_NAME_MAX = 64, DEPLOY_KEEP = 3, DEPLOY_KEEP_MAX = 100, LOGIN_TIMEOUT_MAX = 3600 };

bool project_name_is_valid(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "0123456789_-";
    // https://cmake.org/cmake/help/latest/policy/CMP0037.html
    static const char *const reserved[] = {
        "all",     "clean", "codegen", "depend",         "help",          "install",
        "package", "test",  "phony",   "package_source", "rebuild_cache", "edit_cache"};
    size_t n = strlen(name);

    if (n == 0 || n > PROJECT_NAME_MAX || !strchr(letters, name[0])) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        if (strcmp(name, reserved[i]) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!strchr(letters, name[i]) && !strchr(others, name[i])) {
            return false;
        }
    }
    return true;
}

static int set_text(char **to, const char *key, const char *value, struct err *err)
{
    if (*value == '\0') {
        return err_set(err, ERR_USAGE, "`%s` is empty", key);
    }
    if (*to) {
        return err_set(err, ERR_USAGE, "`%s` is given twice", key);
    }
    *to = xstrdup(value);
    return 0;
}

static struct project_node *find_node(struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_nodes; i++) {
        if (strcmp(p->nodes[i].name, name) == 0) {
            return &p->nodes[i];
        }
    }
    return NULL;
}

// Sections count though they have no key: `[node pi[1-8]]` says enough.
static int add_nodes(struct project *p, const char *file, const char *text, struct err *err)
{
    _cleanup_(ini_sections_release) struct ini_sections sections = {0};

    if (ini_find_sections(file, text, &sections, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sections.n; i++) {
        const struct ini_section *s = &sections.items[i];
        if (strcmp(s->name, "node") == 0 || strcmp(s->name, NODE_SECTION) == 0) {
            return err_set(err, ERR_USAGE, "%s:%d: [node] has no name", file, s->line);
        }
        const char *name = s->name + strlen(NODE_SECTION);
        if (!str_starts(s->name, NODE_SECTION) || find_node(p, name)) {
            continue;
        }
        if (p->n_nodes == REMOTES_MAX) {
            return err_set(err, ERR_USAGE, "%s:%d: more than %d nodes", file, s->line, REMOTES_MAX);
        }
        VEC_GROW(p->nodes, p->n_nodes);
        p->nodes[p->n_nodes++] = (struct project_node){.name = xstrdup(name), .line = s->line};
    }
    return 0;
}

static int on_node_key(struct project *p, const char *name, const char *key, const char *value,
                       struct err *err)
{
    struct project_node *n = find_node(p, name);
    if (!n) {
        return err_set(err, ERR_USAGE, "[node] has no name");
    }
    const struct {
        const char *key;
        char **text;
    } texts[] = {
        {"host", &n->host}, {"board", &n->board}, {"identity", &n->identity}, {"peer", &n->peer}};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (strcmp(key, texts[i].key) == 0) {
            return set_text(texts[i].text, key, value, err);
        }
    }
    if (strcmp(key, "slots") == 0) {
        return ini_number(key, value, 1, REMOTE_SLOTS_MAX, &n->slots, err);
    }
    if (strcmp(key, "port") == 0) {
        return ini_number(key, value, 1, REMOTE_PORT_MAX, &n->port, err);
    }
    return ini_unknown("node", key, KNOWN_NODE_KEYS, err);
}

static int set_glibc(struct project *p, const char *value, struct err *err)
{
    if (!elf_is_glibc_version(value)) {
        return err_set(err, ERR_USAGE, "`glibc` must be a version such as 2.31, not `%s`", value);
    }
    return set_text(&p->glibc, "glibc", value, err);
}

static int set_yes_or_no(bool *to, const char *key, const char *value, struct err *err)
{
    *to = strcmp(value, "yes") == 0;
    return *to || strcmp(value, "no") == 0
               ? 0
               : err_set(err, ERR_USAGE, "`%s` must be yes or no, not `%s`", key, value);
}

static int set_slurm_place(struct project *p, const char *value, struct err *err)
{
    if (strcmp(value, "shared") != 0 && strcmp(value, "local") != 0) {
        return err_set(err, ERR_USAGE, "`place` must be shared or local, not `%s`", value);
    }
    p->slurm_local = strcmp(value, "local") == 0;
    return 0;
}

static int set_python(struct project *p, const char *value, struct err *err)
{
    if (strcmp(value, "desktop") != 0 && strcmp(value, "board") != 0) {
        return err_set(err, ERR_USAGE, "`python` must be desktop or board, not `%s`", value);
    }
    p->build.boards_python = strcmp(value, "board") == 0;
    return 0;
}

static int on_key(void *user, const char *section, const char *key, const char *value,
                  struct err *err)
{
    struct project *p = user;
    const struct {
        const char *section, *key;
        char **text;
        struct strv *words; // may go on in the next line
    } keys[] = {
        {"project", "name", &p->name, NULL},
        {"target", "sysroot", &p->sysroot, NULL},
        {"target", "board", &p->board, NULL},
        {"build", "system", &p->build.system, NULL},
        {"build", "configure", NULL, &p->build.configure},
        {"build", "args", NULL, &p->build.args},
        {"build", "command", NULL, &p->build.command},
        {"build", "test", NULL, &p->build.test},
        {"build", "prefixes", NULL, &p->build.prefixes},
        {"run", "program", &p->program, NULL},
        {"run", "environment", NULL, &p->run_environment},
        {"nodes", "file", &p->nodes_file, NULL},
        {"nodes", "group", &p->nodes_group, NULL},
        {"deploy", "files", NULL, &p->deploy_files},
        {"slurm", "host", &p->slurm_host, NULL},
        {"slurm", "folder", &p->slurm_folder, NULL},
        {"slurm", "partition", &p->slurm_partition, NULL},
        {"slurm", "time", &p->slurm_time, NULL},
        {"slurm", "options", NULL, &p->slurm_options},
    };
    if (str_starts(section, NODE_SECTION)) {
        return on_node_key(p, section + strlen(NODE_SECTION), key, value, err);
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strcmp(section, keys[i].section) != 0 || strcmp(key, keys[i].key) != 0) {
            continue;
        }
        if (keys[i].words) {
            strv_add_words(keys[i].words, value);
            return 0;
        }
        return set_text(keys[i].text, key, value, err);
    }
    if (strcmp(section, "target") == 0 && strcmp(key, "glibc") == 0) {
        return set_glibc(p, value, err);
    }
    if (strcmp(section, "build") == 0 && strcmp(key, "python") == 0) {
        return set_python(p, value, err);
    }
    if (strcmp(section, "run") == 0 && strcmp(key, "ranks") == 0) {
        return ini_number(key, value, 1, PROJECT_RANKS_MAX, &p->ranks, err);
    }
    if (strcmp(section, "nodes") == 0 && strcmp(key, "login-timeout") == 0) {
        return ini_number(key, value, 1, LOGIN_TIMEOUT_MAX, &p->login_timeout, err);
    }
    if (strcmp(section, "deploy") == 0 && strcmp(key, "keep") == 0) {
        return ini_number(key, value, 1, DEPLOY_KEEP_MAX, &p->deploy_keep, err);
    }
    if (strcmp(section, "deploy") == 0 && strcmp(key, "runtime") == 0) {
        return set_yes_or_no(&p->deploy_runtime, key, value, err);
    }
    if (strcmp(section, "emulation") == 0 && strcmp(key, "pure") == 0) {
        return set_yes_or_no(&p->pure, key, value, err);
    }
    if (strcmp(section, "slurm") == 0 && strcmp(key, "place") == 0) {
        return set_slurm_place(p, value, err);
    }
    return ini_unknown(section, key, KNOWN_KEYS, err);
}

static int complete_nodes(struct project *p, const char *file, struct err *err)
{
    _cleanup_(remotes_release) struct remotes tried = {0};

    if (p->nodes_group && !p->nodes_file) {
        return err_set(err, ERR_USAGE, "%s: [nodes] has a `group`, but no `file`", file);
    }
    if (p->nodes_file) {
        char *path = fs_join(p->dir, p->nodes_file);
        free(p->nodes_file);
        p->nodes_file = path;
    }
    return project_nodes(p, &tried, err);
}

static int complete(struct project *p, const char *file, struct err *err)
{
    if (!p->name) {
        err_set(err, ERR_USAGE, "%s: `name` in section [project] is missing", file);
        return err_hint(err, "add [project] and name = %s", fs_base(p->dir));
    }
    if (!project_name_is_valid(p->name)) {
        return err_set(err, ERR_USAGE,
                       "%s: the name `%s` may have letters, digits, _ and -, and begins with a "
                       "letter",
                       file, p->name);
    }
    if (!p->sysroot) {
        p->sysroot = xstrdup(PROJECT_DEFAULT_SYSROOT);
    }
    if (!p->board) {
        p->board = xstrdup(PROJECT_DEFAULT_BOARD);
    }
    if (!p->program) {
        p->program = xstrdup(p->name);
    }
    if (p->deploy_keep == 0) {
        p->deploy_keep = DEPLOY_KEEP;
    }
    if (p->slurm_folder && (p->slurm_local || p->slurm_folder[0] != '/')) {
        return err_set(err, ERR_USAGE, "%s: [slurm] has a `folder`, which %s", file,
                       p->slurm_local ? "is for place = shared" : "must begin with /");
    }
    for (size_t i = 0; i < p->build.prefixes.n; i++) {
        char *path = fs_join(p->dir, p->build.prefixes.items[i]);
        free(p->build.prefixes.items[i]);
        p->build.prefixes.items[i] = path;
    }
    return complete_nodes(p, file, err);
}

int project_read_text(const char *dir, const char *text, struct project *out, struct err *err)
{
    *out = (struct project){0};
    out->dir = fs_real_path(dir);
    if (!out->dir) {
        return err_sys(err, "cannot enter folder %s", dir);
    }
    _cleanup_free_ char *file = fs_join(out->dir, PROJECT_FILE);
    if (add_nodes(out, file, text, err) != 0 || ini_read_text(file, text, on_key, out, err) != 0 ||
        complete(out, file, err) != 0) {
        project_release(out);
        return -1;
    }
    return 0;
}

int project_read(const char *dir, struct project *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_free_ char *real = fs_real_path(dir);
    _cleanup_free_ char *file = fs_join(real ? real : dir, PROJECT_FILE);

    *out = (struct project){0};
    return ini_load(file, &text, err) == 0 ? project_read_text(dir, text.data, out, err) : -1;
}

int project_find(struct project *out, struct err *err)
{
    _cleanup_free_ char *start = fs_real_path(".");
    _cleanup_free_ char *dir = start ? xstrdup(start) : NULL;
    while (dir) {
        _cleanup_free_ char *file = fs_join(dir, PROJECT_FILE);
        if (fs_exists(file)) {
            return project_read(dir, out, err);
        }
        if (strcmp(dir, "/") == 0) {
            break;
        }
        char *up = fs_parent(dir);
        free(dir);
        dir = up;
    }
    err_set(err, ERR_NOT_FOUND, "there is no " PROJECT_FILE " in %s or above: not a project",
            start ? start : "this folder");
    return err_hint(err, "start one with `pisdk new NAME`, or name one with -C DIR");
}

void project_release(struct project *p)
{
    free(p->dir);
    free(p->name);
    free(p->sysroot);
    free(p->board);
    free(p->glibc);
    free(p->program);
    strv_release(&p->run_environment);
    free(p->build.system);
    strv_release(&p->build.configure);
    strv_release(&p->build.args);
    strv_release(&p->build.command);
    strv_release(&p->build.test);
    strv_release(&p->build.prefixes);
    free(p->nodes_file);
    free(p->nodes_group);
    free(p->slurm_host);
    free(p->slurm_folder);
    free(p->slurm_partition);
    free(p->slurm_time);
    strv_release(&p->slurm_options);
    strv_release(&p->deploy_files);
    for (size_t i = 0; i < p->n_nodes; i++) {
        free(p->nodes[i].name);
        free(p->nodes[i].host);
        free(p->nodes[i].peer);
        free(p->nodes[i].board);
        free(p->nodes[i].identity);
    }
    free(p->nodes);
    *p = (struct project){0};
}

char *project_build_dir(const struct project *p, const char *board, const char *type)
{
    return xasprintf("%s/build/%s-%s", p->dir, board, type);
}
