// Ansible's inventories in INI form:
// https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ini_inventory.html

#include <ctype.h>
#include <string.h>

#include "base/fs.h"
#include "base/ini.h"
#include "remote/hostfile_internal.h"

enum { GROUPS_MAX = 256, GROUP_NAME_MAX = 64, ALL = 0, UNGROUPED = 1 };

enum variable {
    VAR_HOST,
    VAR_USER,
    VAR_PORT,
    VAR_IDENTITY,
    VAR_SLOTS,
    VAR_CONNECTION,
    VAR_SSH_ARGUMENTS,
    N_VARIABLES
};

static const struct {
    const char *name;
    enum variable variable;
} variables[] = {
    {"ansible_host", VAR_HOST},
    {"ansible_ssh_host", VAR_HOST},
    {"ansible_user", VAR_USER},
    {"ansible_ssh_user", VAR_USER},
    {"ansible_port", VAR_PORT},
    {"ansible_ssh_port", VAR_PORT},
    {"ansible_ssh_private_key_file", VAR_IDENTITY},
    {"ansible_private_key_file", VAR_IDENTITY},
    {"slots", VAR_SLOTS},
    {"ansible_connection", VAR_CONNECTION},
    {"ansible_ssh_args", VAR_SSH_ARGUMENTS},
    {"ansible_ssh_common_args", VAR_SSH_ARGUMENTS},
    {"ansible_ssh_extra_args", VAR_SSH_ARGUMENTS},
};

struct value {
    char *text; // NULL: not given
    int line;
};

struct host {
    char *name;
    int line;
    struct value values[N_VARIABLES];
};

struct group {
    char *name;
    int line;      // where it was named first
    bool declared; // has a section [NAME] or [NAME:children]
    struct value values[N_VARIABLES];
    bool children[GROUPS_MAX];
    size_t *hosts; // its own, then also those of its children
    size_t n_hosts;
    size_t depth; // 0: all; a child is deeper than each of its parents
};

enum section { SECTION_HOSTS, SECTION_VARS, SECTION_CHILDREN };

struct inventory {
    struct hostfile_source *source;
    struct host *hosts;
    size_t n_hosts;
    struct group *groups;
    size_t n_groups;
    enum section section; // that is being read, of the group
    size_t group;
};

static void values_release(struct value *values)
{
    for (size_t i = 0; i < N_VARIABLES; i++) {
        free(values[i].text);
    }
}

static void inventory_release(struct inventory *v)
{
    for (size_t i = 0; i < v->n_hosts; i++) {
        free(v->hosts[i].name);
        values_release(v->hosts[i].values);
    }
    for (size_t i = 0; i < v->n_groups; i++) {
        free(v->groups[i].name);
        free(v->groups[i].hosts);
        values_release(v->groups[i].values);
    }
    free(v->hosts);
    free(v->groups);
}

// --- Groups and variables ------------------------------------------------------------------------

static bool is_group_name(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("_-.", name[i])) {
            return false;
        }
    }
    return n > 0 && n <= GROUP_NAME_MAX;
}

static void add_group(struct inventory *v, const char *name, bool declared)
{
    VEC_GROW(v->groups, v->n_groups);
    v->groups[v->n_groups++] = (struct group){
        .name = xstrdup(name), .line = v->source->line, .declared = declared, .depth = 1};
}

// The number of the group, which is there then; -1 with the error set.
static int find_group(struct inventory *v, const char *name, struct err *err)
{
    for (size_t i = 0; i < v->n_groups; i++) {
        if (strcmp(v->groups[i].name, name) == 0) {
            return (int)i;
        }
    }
    if (!is_group_name(name)) {
        return err_set(err, ERR_USAGE, "`%s` is not the name of a group", name);
    }
    if (v->n_groups == GROUPS_MAX) {
        return err_set(err, ERR_USAGE, "more than %d groups", GROUPS_MAX);
    }
    add_group(v, name, false);
    return (int)v->n_groups - 1;
}

// Text that would get into a command line of ssh is tried at once, while the line is known.
static int check_address(const char *user, const char *address, struct err *err)
{
    _cleanup_(remotes_release) struct remotes tried = {0};
    _cleanup_free_ char *host = xasprintf("%s@%s", user, address);
    return remotes_add(&tried, "h", host, err);
}

static int check_value(enum variable variable, const char *key, const char *text, struct err *err)
{
    long number;
    switch (variable) {
    case VAR_HOST:
        return check_address("u", text, err);
    case VAR_USER:
        return check_address(text, "h", err);
    case VAR_PORT:
        return ini_number(key, text, 1, REMOTE_PORT_MAX, &number, err);
    case VAR_SLOTS:
        return ini_number(key, text, 1, REMOTE_SLOTS_MAX, &number, err);
    case VAR_IDENTITY:
        if (!*text || strstr(text, "{{")) {
            return err_set(err, ERR_USAGE, "`%s` is not the name of a file", text);
        }
        return 0;
    default:
        return 0;
    }
}

static void set_value(struct value *to, const char *text, int line)
{
    free(to->text);
    *to = (struct value){xstrdup(text), line};
}

static int set_variable(struct inventory *v, struct value *values, const char *key,
                        const char *text, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        if (strcmp(key, variables[i].name) == 0) {
            enum variable which = variables[i].variable;
            if (check_value(which, key, text, err) != 0) {
                return -1;
            }
            set_value(&values[which], text, v->source->line);
        }
    }
    return 0;
}

// --- Lines ---------------------------------------------------------------------------------------

static int on_section(struct inventory *v, struct slice line, struct err *err)
{
    const char *end = memchr(line.p, ']', line.n);
    const char *rest = end ? end + 1 : line.p;
    while (end && rest < line.p + line.n && isspace((unsigned char)*rest)) {
        rest++;
    }
    if (!end || (rest < line.p + line.n && *rest != '#' && *rest != ';')) {
        return err_set(err, ERR_USAGE, "`%.*s` is not a [section]", (int)line.n, line.p);
    }
    _cleanup_free_ char *name = xstrndup(line.p + 1, (size_t)(end - line.p - 1));
    char *colon = strchr(name, ':');
    v->section = SECTION_HOSTS;
    if (colon && strcmp(colon, ":vars") == 0) {
        v->section = SECTION_VARS;
    } else if (colon && strcmp(colon, ":children") == 0) {
        v->section = SECTION_CHILDREN;
    } else if (colon) {
        return err_set(err, ERR_USAGE, "a section is [GROUP], [GROUP:vars] or [GROUP:children]");
    }
    if (colon) {
        *colon = '\0';
    }
    int group = find_group(v, name, err);
    if (group < 0) {
        return -1;
    }
    v->group = (size_t)group;
    if (v->section != SECTION_VARS) {
        v->groups[group].declared = true;
    }
    return 0;
}

// Ansible's [01:50] is our [01-50]; what is left of a colon outside brackets is HOST:PORT.
static char *split_host(char *host)
{
    bool inside = false;
    char *port = NULL;
    for (char *p = host; *p; p++) {
        inside = *p == '[' || (inside && *p != ']');
        if (*p == ':' && inside) {
            *p = '-';
        } else if (*p == ':') {
            port = port ? host : p; // two: an IPv6 address
        }
    }
    if (!port || port == host) {
        return NULL;
    }
    *port = '\0';
    return port + 1;
}

static struct host *find_host(struct inventory *v, const char *name)
{
    for (size_t i = 0; i < v->n_hosts; i++) {
        if (strcmp(v->hosts[i].name, name) == 0) {
            return &v->hosts[i];
        }
    }
    VEC_GROW(v->hosts, v->n_hosts);
    v->hosts[v->n_hosts] = (struct host){.name = xstrdup(name), .line = v->source->line};
    return &v->hosts[v->n_hosts++];
}

static int set_host_variables(struct inventory *v, struct host *h, const struct strv *words,
                              const char *port, struct err *err)
{
    if (port && set_variable(v, h->values, "ansible_port", port, err) != 0) {
        return -1;
    }
    for (size_t i = 1; i < words->n; i++) {
        const char *equals = strchr(words->items[i], '=');
        if (!equals) {
            return err_set(err, ERR_USAGE, "`%s` is not NAME=VALUE", words->items[i]);
        }
        _cleanup_free_ char *key = xstrndup(words->items[i], (size_t)(equals - words->items[i]));
        if (set_variable(v, h->values, key, equals + 1, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int on_host(struct inventory *v, struct slice line, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};
    _cleanup_strv_ struct strv names = {0};

    if (hostfile_words(line, &words, err) != 0) {
        return -1;
    }
    const char *port = split_host(words.items[0]);
    if (remotes_expand(words.items[0], &names, err) != 0 ||
        hostfile_mention(v->source, names.n, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (check_address("u", names.items[i], err) != 0) {
            return -1;
        }
        struct host *h = find_host(v, names.items[i]);
        struct group *g = &v->groups[v->group];
        if (v->n_hosts > REMOTES_MAX) {
            return err_set(err, ERR_USAGE, "more than %d hosts", REMOTES_MAX);
        }
        VEC_GROW(g->hosts, g->n_hosts);
        g->hosts[g->n_hosts++] = (size_t)(h - v->hosts);
        if (set_host_variables(v, h, &words, port, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int on_group_variable(struct inventory *v, struct slice line, struct err *err)
{
    struct slice key;
    struct slice value = line;

    if (!memchr(line.p, '=', line.n)) {
        return err_set(err, ERR_USAGE, "`%.*s` is not NAME=VALUE", (int)line.n, line.p);
    }
    (void)slice_cut(&value, '=', &key);
    value = slice_trim(value);
    if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'') &&
        value.p[value.n - 1] == value.p[0]) {
        value = (struct slice){value.p + 1, value.n - 2};
    }
    _cleanup_free_ char *name = slice_dup(slice_trim(key));
    _cleanup_free_ char *text = slice_dup(value);
    return set_variable(v, v->groups[v->group].values, name, text, err);
}

static int on_child(struct inventory *v, struct slice line, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};

    if (hostfile_words(line, &words, err) != 0) {
        return -1;
    }
    if (words.n != 1) {
        return err_set(err, ERR_USAGE, "`%.*s` is not the name of a group", (int)line.n, line.p);
    }
    int child = find_group(v, words.items[0], err);
    if (child < 0) {
        return -1;
    }
    v->groups[v->group].children[child] = true;
    return 0;
}

static int on_line(void *user, struct slice line, struct err *err)
{
    struct inventory *v = user;
    if (line.p[0] == ';') {
        return 0;
    }
    if (line.p[0] == '[') {
        return on_section(v, line, err);
    }
    switch (v->section) {
    case SECTION_VARS:
        return on_group_variable(v, line, err);
    case SECTION_CHILDREN:
        return on_child(v, line, err);
    default:
        return on_host(v, line, err);
    }
}

// --- What comes of it ----------------------------------------------------------------------------

// A group that contains itself would be deeper with every round.
static int measure_depth(struct inventory *v, struct err *err)
{
    bool changed = true;
    for (size_t round = 0; changed; round++) {
        changed = false;
        if (round > v->n_groups) {
            return err_set(err, ERR_USAGE, "%s: a group contains itself", v->source->path);
        }
        for (size_t g = 0; g < v->n_groups; g++) {
            for (size_t c = 0; c < v->n_groups; c++) {
                if (v->groups[g].children[c] && v->groups[c].depth <= v->groups[g].depth) {
                    v->groups[c].depth = v->groups[g].depth + 1;
                    changed = true;
                }
            }
        }
    }
    return 0;
}

static int check_groups(const struct inventory *v, struct err *err)
{
    for (size_t i = 0; i < v->n_groups; i++) {
        if (!v->groups[i].declared) {
            return err_set(err, ERR_USAGE, "%s:%d: there is no group [%s]", v->source->path,
                           v->groups[i].line, v->groups[i].name);
        }
    }
    return 0;
}

// Is the host in the group, or in one of its children? `in` has what is known: 0 nothing yet, 1
// yes, 2 no.
static bool is_in_group(const struct inventory *v, size_t host, size_t group, char *in)
{
    const struct group *g = &v->groups[group];
    if (in[group]) {
        return in[group] == 1;
    }
    bool found = group == ALL;
    for (size_t i = 0; i < g->n_hosts && !found; i++) {
        found = g->hosts[i] == host;
    }
    for (size_t c = 0; c < v->n_groups && !found; c++) {
        found = g->children[c] && is_in_group(v, host, c, in);
    }
    in[group] = found ? 1 : 2;
    return found;
}

// Does the group's word count more than the other's? A deeper one's does; of two that are as deep,
// that of the later name.
static bool is_stronger(const struct group *a, const struct group *b)
{
    return a->depth != b->depth ? a->depth > b->depth : strcmp(a->name, b->name) > 0;
}

// The variable of a host: its own, or that of the strongest of its groups.
static const struct value *find_value(const struct inventory *v, const struct host *h,
                                      const char *in, enum variable variable)
{
    const struct group *strongest = NULL;
    if (h->values[variable].text) {
        return &h->values[variable];
    }
    for (size_t i = 0; i < v->n_groups; i++) {
        const struct group *g = &v->groups[i];
        if (in[i] == 1 && g->values[variable].text && (!strongest || is_stronger(g, strongest))) {
            strongest = g;
        }
    }
    return strongest ? &strongest->values[variable] : NULL;
}

static int check_connection(const struct inventory *v, const struct value *connection,
                            const struct value *arguments, struct err *err)
{
    static const char *const known[] = {"ssh", "smart", "paramiko", "ansible.builtin.ssh"};
    bool ssh = !connection;
    for (size_t i = 0; i < ARRAY_SIZE(known) && !ssh; i++) {
        ssh = strcmp(connection->text, known[i]) == 0;
    }
    if (!ssh) {
        err_set(err, ERR_USAGE, "%s:%d: ansible_connection `%s` is not ssh", v->source->path,
                connection->line, connection->text);
        return err_hint(err, "choose a group without such hosts");
    }
    if (arguments && *arguments->text) {
        err_set(err, ERR_USAGE, "%s:%d: ssh arguments in an inventory are not supported",
                v->source->path, arguments->line);
        return err_hint(err, "put them into ~/.ssh/config, or into a file for --ssh-config");
    }
    return 0;
}

static long number_of(const struct value *value)
{
    return value ? strtol(value->text, NULL, 10) : 0; // was checked when it was read
}

// A name without folder is beside the inventory.
static char *path_of_identity(const struct inventory *v, const struct value *value)
{
    if (!value) {
        return NULL;
    }
    if (value->text[0] == '~') { // ssh's business
        return xstrdup(value->text);
    }
    _cleanup_free_ char *folder = fs_parent(v->source->path);
    return fs_join(folder, value->text);
}

static int add_host(const struct inventory *v, const struct host *h, const char *in,
                    struct remotes *out, struct err *err)
{
    const struct value *values[N_VARIABLES];
    for (int i = 0; i < N_VARIABLES; i++) {
        values[i] = find_value(v, h, in, i);
    }
    if (check_connection(v, values[VAR_CONNECTION], values[VAR_SSH_ARGUMENTS], err) != 0) {
        return -1;
    }
    const char *address = values[VAR_HOST] ? values[VAR_HOST]->text : h->name;
    const char *user = values[VAR_USER] ? values[VAR_USER]->text : "";
    _cleanup_free_ char *host = xasprintf("%s%s%s", user, *user ? "@" : "", address);
    if (remotes_add(out, h->name, host, err) != 0) {
        return err_wrap(err, "%s:%d", v->source->path, h->line);
    }
    struct remote *n = &out->items[out->n - 1];
    n->from = xstrdup(v->source->path);
    n->port = number_of(values[VAR_PORT]);
    n->slots = number_of(values[VAR_SLOTS]);
    n->identity = path_of_identity(v, values[VAR_IDENTITY]);
    return 0;
}

static int choose_group(const struct inventory *v, const char *name, size_t *group, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    for (size_t i = 0; i < v->n_groups; i++) {
        if (!name || strcmp(v->groups[i].name, name) == 0) {
            *group = i; // the first one is that of all hosts
            return 0;
        }
        strv_add(&names, v->groups[i].name);
    }
    const char *nearest = str_nearest(name, &names);
    err_set(err, ERR_NOT_FOUND, "%s has no group `%s`", v->source->path, name);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest) : -1;
}

static int add_hosts(struct inventory *v, const char *name, struct remotes *out, struct err *err)
{
    size_t group = ALL;
    if (check_groups(v, err) != 0 || measure_depth(v, err) != 0 ||
        choose_group(v, name, &group, err) != 0) {
        return -1;
    }
    for (size_t h = 0; h < v->n_hosts; h++) {
        char in[GROUPS_MAX] = {0};
        for (size_t g = 0; g < v->n_groups; g++) {
            (void)is_in_group(v, h, g, in);
        }
        if (in[group] == 1 && add_host(v, &v->hosts[h], in, out, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int inventory_parse(struct hostfile_source *s, const char *group, struct remotes *out,
                    struct err *err)
{
    struct inventory v = {.source = s, .group = UNGROUPED};

    add_group(&v, "all", true);
    add_group(&v, "ungrouped", true);
    v.groups[ALL].depth = 0;
    int r = hostfile_lines(s, on_line, &v, err);
    if (r == 0) {
        r = add_hosts(&v, group, out, err);
    }
    inventory_release(&v);
    return r;
}
