// SPDX-License-Identifier: MIT
#include "remote/inventory.h"

#include <jansson.h>
#include <string.h>

#include "base/fs.h"
#include "base/ini.h"
#include "base/proc.h"

enum { GROUP_DEPTH_MAX = 64, LIST_MAX = 1 << 26, REASON_MAX = 1 << 13, NAMES_MAX = 3 };

#define SECONDS "60" // a program may ask the network

// What is read of a host: when several names of it are there, Ansible takes the last.
enum variable { VAR_HOST, VAR_USER, VAR_PORT, VAR_IDENTITY, VAR_SLOTS, VAR_CONNECTION, VARIABLES };

static const char *const names[VARIABLES][NAMES_MAX] = {
    [VAR_HOST] = {"ansible_host", "ansible_ssh_host"},
    [VAR_USER] = {"ansible_user", "ansible_ssh_user"},
    [VAR_PORT] = {"ansible_port", "ansible_ssh_port"},
    [VAR_IDENTITY] = {"ansible_private_key_file", "ansible_ssh_private_key_file"},
    [VAR_SLOTS] = {"slots"},
    [VAR_CONNECTION] = {"ansible_connection"},
};

struct inventory {
    const char *path;
    json_t *groups; // by name; also _meta
    json_t *hosts;  // their variables, by name
    json_t *seen_groups;
    json_t *seen_hosts;
    struct remotes *out;
};

// --- Hosts ---------------------------------------------------------------------------------------

// The caller frees the text; NULL when the variable is not there.
static int read_variable(const json_t *variables, enum variable which, char **text, struct err *err)
{
    const json_t *value = NULL;
    const char *name = NULL;

    *text = NULL;
    for (size_t i = 0; i < NAMES_MAX && names[which][i]; i++) {
        const json_t *found = json_object_get(variables, names[which][i]);
        value = found ? found : value;
        name = found ? names[which][i] : name;
    }
    if (json_is_integer(value)) {
        *text = xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_string(value)) {
        *text = xstrdup(json_string_value(value));
    } else if (value && !json_is_null(value)) {
        return err_set(err, ERR_USAGE, "`%s` is neither text nor a number", name);
    }
    return 0;
}

static int check_connection(const json_t *variables, const char *connection, struct err *err)
{
    static const char *const known[] = {"ssh", "smart", "paramiko", "ansible.builtin.ssh"};
    static const char *const arguments[] = {"ansible_ssh_args", "ansible_ssh_common_args",
                                            "ansible_ssh_extra_args"};
    bool ssh = !connection;
    for (size_t i = 0; i < ARRAY_SIZE(known) && !ssh; i++) {
        ssh = strcmp(connection, known[i]) == 0;
    }
    if (!ssh) {
        err_set(err, ERR_USAGE, "ansible_connection `%s` is not ssh", connection);
        return err_hint(err, "choose a group without such hosts");
    }
    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
        if (json_string_length(json_object_get(variables, arguments[i])) > 0) {
            err_set(err, ERR_USAGE, "`%s` is not supported", arguments[i]);
            return err_hint(err, "put it into ~/.ssh/config, or into a file for --ssh-config");
        }
    }
    return 0;
}

// A relative name is beside the inventory; `~` is ssh's business.
static char *path_of_identity(const struct inventory *v, const char *name)
{
    if (!name || name[0] == '~') {
        return name ? xstrdup(name) : NULL;
    }
    _cleanup_free_ char *folder = fs_parent(v->path);
    return fs_join(folder, name);
}

static int add_with(const struct inventory *v, const char *name, char *const *values,
                    struct err *err)
{
    const char *address = values[VAR_HOST] ? values[VAR_HOST] : name;
    const char *user = values[VAR_USER] ? values[VAR_USER] : "";
    const char *identity = values[VAR_IDENTITY];
    _cleanup_free_ char *host = xasprintf("%s%s%s", user, *user ? "@" : "", address);
    long port = 0;
    long slots = 0;

    if (values[VAR_PORT] &&
        ini_number("ansible_port", values[VAR_PORT], 1, REMOTE_PORT_MAX, &port, err) != 0) {
        return -1;
    }
    if (values[VAR_SLOTS] &&
        ini_number("slots", values[VAR_SLOTS], 1, REMOTE_SLOTS_MAX, &slots, err) != 0) {
        return -1;
    }
    if (identity && (!*identity || strstr(identity, "{{"))) {
        return err_set(err, ERR_USAGE, "`%s` is not the name of a file", identity);
    }
    if (strchr(name, '[') || strchr(host, '[')) { // would be a range of ours, which Ansible has not
        err_set(err, ERR_USAGE, "`%s` is not HOST or USER@HOST", host);
        return err_hint(err, "a range in an inventory is pi[01:50]");
    }
    if (remotes_add(v->out, name, host, err) != 0) {
        return -1;
    }
    struct remote *n = &v->out->items[v->out->n - 1];
    n->from = xstrdup(v->path);
    n->port = port;
    n->slots = slots;
    n->identity = path_of_identity(v, identity);
    return 0;
}

static int add_host(const struct inventory *v, const char *name, struct err *err)
{
    const json_t *variables = json_object_get(v->hosts, name);
    char *values[VARIABLES] = {NULL};
    int r = 0;

    for (int i = 0; i < VARIABLES && r == 0; i++) {
        r = read_variable(variables, i, &values[i], err);
    }
    if (r == 0) {
        r = check_connection(variables, values[VAR_CONNECTION], err);
    }
    if (r == 0) {
        r = add_with(v, name, values, err);
    }
    for (int i = 0; i < VARIABLES; i++) {
        free(values[i]);
    }
    return r == 0 ? 0 : err_wrap(err, "%s: host `%s`", v->path, name);
}

// --- Groups --------------------------------------------------------------------------------------

// True the first time.
static bool mark(json_t *seen, const char *name)
{
    return name && !json_object_get(seen, name) &&
           json_object_set_new(seen, name, json_true()) == 0;
}

// Its hosts, then those of its children, each once.
static int add_group(const struct inventory *v, const char *name, int depth, struct err *err)
{
    const json_t *group = json_object_get(v->groups, name);
    const json_t *item;
    size_t i;

    if (depth > GROUP_DEPTH_MAX) {
        return err_set(err, ERR_USAGE, "%s: groups are nested more than %d deep", v->path,
                       GROUP_DEPTH_MAX);
    }
    json_array_foreach (json_object_get(group, "hosts"), i, item) {
        const char *host = json_string_value(item);
        if (mark(v->seen_hosts, host) && add_host(v, host, err) != 0) {
            return -1;
        }
    }
    json_array_foreach (json_object_get(group, "children"), i, item) {
        const char *child = json_string_value(item);
        if (mark(v->seen_groups, child) && add_group(v, child, depth + 1, err) != 0) {
            return -1;
        }
    }
    return 0;
}

// An empty group is only there as the child of another one.
static int check_group(const struct inventory *v, const char *wanted, struct err *err)
{
    _cleanup_strv_ struct strv known = {0};
    const char *name;
    json_t *group;
    const json_t *child;
    size_t i;

    json_object_foreach (v->groups, name, group) {
        if (strcmp(name, "_meta") != 0) {
            strv_add(&known, name);
        }
        json_array_foreach (json_object_get(group, "children"), i, child) {
            strv_add(&known, json_is_string(child) ? json_string_value(child) : "");
        }
    }
    if (strv_has(&known, wanted)) {
        return 0;
    }
    const char *nearest = str_nearest(wanted, &known);
    err_set(err, ERR_NOT_FOUND, "%s has no group `%s`", v->path, wanted);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest) : -1;
}

int inventory_parse(const char *path, const char *json, size_t n, const char *group,
                    struct remotes *out, struct err *err)
{
    json_error_t error;
    json_t *list = json_loadb(json, n, 0, &error);

    if (!json_is_object(list)) {
        json_decref(list);
        return err_set(err, ERR_FAILED, "%s: ansible-inventory did not print an inventory", path);
    }
    const struct inventory v = {.path = path,
                                .groups = list,
                                .hosts =
                                    json_object_get(json_object_get(list, "_meta"), "hostvars"),
                                .seen_groups = json_object(),
                                .seen_hosts = json_object(),
                                .out = out};
    int r = group ? check_group(&v, group, err) : 0;
    if (r == 0) {
        r = add_group(&v, group ? group : "all", 0, err);
    }
    json_decref(v.seen_groups);
    json_decref(v.seen_hosts);
    json_decref(list);
    return r;
}

// --- Ansible -------------------------------------------------------------------------------------

// Why it failed, in one line: its messages are in several, as wide as a terminal.
static char *reason(const char *errors)
{
    static const char noise[] = "ERROR! Completely failed to parse inventory source";
    static const char warning[] = "[WARNING]: * ";
    _cleanup_strv_ struct strv words = {0};
    struct slice rest = {errors, strlen(errors)};
    struct slice word;

    while (slice_word(&rest, &word)) {
        strv_take(&words, slice_dup(word));
    }
    char *text = strv_join(&words, " ");
    char *end = strstr(text, noise);
    if (end && end > text) {
        end[-1] = '\0';
    }
    if (str_starts(text, warning)) {
        memmove(text, text + strlen(warning), strlen(text + strlen(warning)) + 1);
    }
    return text;
}

static int run_ansible(const char *path, const char *plugins, struct strbuf *out, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    _cleanup_free_ char *file = fs_absolute(path);
    const char *tmp = getenv("TMPDIR");
    const struct proc_capture capture = {
        .input = -1, .max = LIST_MAX, .out = out, .errors = &errors};
    int status;

    strv_add_list(&argv, "env", "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1", "ANSIBLE_FORCE_COLOR=0",
                  "ANSIBLE_DEBUG=0", "ANSIBLE_VERBOSITY=0", "ANSIBLE_DEPRECATION_WARNINGS=0",
                  "ANSIBLE_INVENTORY_EXPORT=0", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=1", NULL);
    strv_addf(&argv, "ANSIBLE_INVENTORY_ENABLED=%s", plugins);
    strv_addf(&argv, "ANSIBLE_LOCAL_TEMP=%s", tmp && *tmp ? tmp : "/tmp"); // not below HOME
    // Killed, it ends with a status for which proc_capture ends all that it has started, too.
    strv_add_list(&argv, "timeout", "--foreground", "-s", "KILL", SECONDS, "ansible-inventory",
                  "--list", "-i", file, NULL);
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return -1;
    }
    if (status == PROC_SIGNALED + SIGKILL) {
        return err_set(err, ERR_FAILED, "%s: ansible-inventory did not end within " SECONDS " s",
                       path);
    }
    if (status != 0) {
        errors.len = errors.len < REASON_MAX ? errors.len : REASON_MAX;
        _cleanup_free_ char *text = xstrndup(errors.len ? errors.data : "", errors.len);
        _cleanup_free_ char *why = reason(text);
        return err_set(err, ERR_USAGE, "%s: ansible-inventory cannot read it: %s", path, why);
    }
    return 0;
}

int inventory_read(const char *path, const char *plugins, const char *group, struct remotes *out,
                   struct err *err)
{
    _cleanup_free_ char *program = fs_find_program("ansible-inventory");
    _cleanup_strbuf_ struct strbuf text = {0};

    if (!program) {
        err_set(err, ERR_NOT_FOUND,
                "%s is an inventory of Ansible, and ansible-inventory is not installed", path);
        return err_hint(err, "sudo apt install ansible-core");
    }
    if (run_ansible(path, plugins, &text, err) != 0) {
        return -1;
    }
    return inventory_parse(path, text.len ? text.data : "", text.len, group, out, err);
}
