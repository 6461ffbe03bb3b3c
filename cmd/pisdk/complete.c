// SPDX-License-Identifier: MIT
// `pisdk __complete -- WORD…`: what may stand in place of the last word. The completions of bash,
// zsh and fish ask for it at each Tab, so that they always know what the table of commands does.
//
// A line a candidate: the word, a tab, what it means. The line ":files" alone: the name of a file.

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "cluster/cluster.h"
#include "pisdk/app.h"
#include "project/template.h"
#include "sysroot/store.h"
#include "target/board.h"
#include "workspace/node_choice.h"

struct completion {
    struct app *app;
    const char *word;   // so far
    const char *before; // what of it stays as it is: "--board=" of "--board=pi"
};

static void offer(const struct completion *c, const char *text, const char *help)
{
    if (str_starts(text, c->word)) {
        printf("%s%s\t%s\n", c->before, text, help ? help : "");
    }
}

static void offer_all(const struct completion *c, struct strv *names)
{
    for (size_t i = 0; i < names->n; i++) {
        offer(c, names->items[i], NULL);
    }
    strv_release(names);
}

static void offer_files(void)
{
    puts(":files");
}

// --- Values --------------------------------------------------------------------------------------

static void offer_sysroots(const struct completion *c)
{
    static const char *const releases[] = {"bookworm", "bullseye", "trixie"};
    struct strv names = {0};
    struct err ignored = ERR_INIT;
    (void)!sysroot_names(c->app->paths.data, &names, &ignored);
    for (size_t i = 0; i < ARRAY_SIZE(releases); i++) {
        if (!strv_has(&names, releases[i])) {
            strv_add(&names, releases[i]);
        }
    }
    offer_all(c, &names);
}

// What is in a folder of pisdk's own files.
static void offer_shared(const struct completion *c, const char *folder,
                         int (*list)(const char *folder, struct strv *names, struct err *err))
{
    _cleanup_free_ char *path = fs_join(c->app->paths.share, folder);
    struct strv names = {0};
    struct err ignored = ERR_INIT;
    (void)!list(path, &names, &ignored);
    offer_all(c, &names);
}

static void offer_boards(const struct completion *c)
{
    offer_shared(c, "toolchain/boards", board_names);
}

static void offer_templates(const struct completion *c)
{
    offer_shared(c, "templates", template_names);
}

static void offer_nodes(const struct completion *c)
{
    struct remotes nodes = {0};
    struct err ignored = ERR_INIT;
    if (c->app->has_project && nodes_of_project(&c->app->work, &nodes, &ignored) == 0) {
        for (size_t i = 0; i < nodes.n; i++) {
            offer(c, nodes.items[i].name, nodes.items[i].host);
        }
    }
    remotes_release(&nodes);
}

static void offer_clusters(const struct completion *c)
{
    struct strv names = {0};
    struct err ignored = ERR_INIT;
    (void)!cluster_names(c->app->paths.runtime, &names, &ignored);
    offer_all(c, &names);
}

static void offer_places(const struct completion *c)
{
    struct strv names = {0};
    struct err ignored = ERR_INIT;
    offer(c, "emulator", "one emulated board");
    offer(c, "cluster", "the emulated cluster");
    offer(c, "nodes", "the boards");
    offer(c, "slurm", "a job");
    (void)!cluster_names(c->app->paths.runtime, &names, &ignored);
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *place = xasprintf("cluster:%s", names.items[i]);
        offer(c, place, NULL);
    }
    strv_release(&names);
}

// What the project has built, and its scripts.
static void offer_programs(const struct completion *c)
{
    static const char *const patterns[] = {"build/*-*/*", "build/*-*/bin/*", "*.py", "*.R"};
    for (size_t i = 0; c->app->has_project && i < ARRAY_SIZE(patterns); i++) {
        _cleanup_free_ char *pattern = fs_join(c->app->project.dir, patterns[i]);
        glob_t found;
        if (glob(pattern, 0, NULL, &found) != 0) {
            continue;
        }
        for (size_t k = 0; k < found.gl_pathc; k++) {
            const char *name = fs_base(found.gl_pathv[k]);
            bool script = patterns[i][0] == '*';
            if (script || (fs_is_program(found.gl_pathv[k]) && !strchr(name, '.'))) {
                offer(c, name, NULL);
            }
        }
        globfree(&found);
    }
    offer_files();
}

static void offer_words(const struct completion *c, const char *words)
{
    struct strv list = {0};
    strv_add_words(&list, words);
    offer_all(c, &list);
}

static void offer_value(const struct completion *c, const char *option)
{
    static const struct {
        const char *option;
        void (*offer)(const struct completion *c);
        const char *words;
    } values[] = {
        {"sysroot", offer_sysroots, NULL},
        {"board", offer_boards, NULL},
        {"template", offer_templates, NULL},
        {"nodes", offer_nodes, NULL},
        {"on", offer_places, NULL},
        {"to", offer_places, NULL},
        {"name", offer_clusters, NULL},
        {"bound", NULL, "cache memory both"},
        {"color", NULL, "auto always never"},
        {"ci", NULL, "github gitlab woodpecker"},
        {"ide", NULL, "clion vim vscode"},
        {"with", NULL, "python r"},
        {"mpi", NULL, "openmpi openmpi-source mpich"},
        {"sanitize", NULL, "address undefined address,undefined"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        if (strcmp(values[i].option, option) == 0 && values[i].offer) {
            values[i].offer(c);
            return;
        }
        if (strcmp(values[i].option, option) == 0) {
            offer_words(c, values[i].words);
            return;
        }
    }
    offer_files();
}

// --- Where the word is ---------------------------------------------------------------------------

static const struct option_spec *find_in(const struct option_spec *specs, size_t n,
                                         const char *word)
{
    for (size_t i = 0; i < n; i++) {
        bool by_name = str_starts(word, "--") && strcmp(specs[i].name, word + 2) == 0;
        bool by_letter = specs[i].letter && word[0] == '-' && word[1] == specs[i].letter;
        if (by_name || (by_letter && word[2] == '\0')) {
            return &specs[i];
        }
    }
    return NULL;
}

static const struct option_spec *find_option(const struct command *command, const char *word)
{
    const struct option_spec *o =
        command ? find_in(command->options, command->n_options, word) : NULL;
    return o ? o : find_in(pisdk_global_options, pisdk_n_global_options, word);
}

static void offer_options(const struct completion *c, const struct option_spec *specs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        _cleanup_free_ char *name = xasprintf("--%s", specs[i].name);
        offer(c, name, specs[i].help);
    }
}

static void offer_commands(const struct completion *c, const struct command *table)
{
    for (; table->name; table++) {
        if (table->name[0] != '_') {
            offer(c, table->name, table->summary);
        }
    }
}

static void offer_argument(const struct completion *c, const char *group,
                           const struct command *command)
{
    if (strcmp(group, "sysroot") == 0) {
        offer_sysroots(c);
        if (str_is_one_of(command->name, (const char *const[]){"build", "export"}, 2)) {
            offer_files();
        }
    } else if (strcmp(group, "nodes") == 0) {
        offer_nodes(c);
    } else if (strcmp(command->name, "help") == 0) {
        offer_commands(c, pisdk_commands);
    } else if (str_is_one_of(command->name, (const char *const[]){"run", "debug", "submit"}, 3)) {
        offer_programs(c);
    } else {
        offer_value(c, command->name); // of an option that is called like it, or files
    }
}

static const struct command *find_command(const struct command *table, const char *name)
{
    for (; table && table->name; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

// What the words before the last one have led to.
struct place {
    const struct command *command;
    const char *group;
    const struct option_spec *waiting; // for its value
    bool over;                         // nothing more is known
};

static void read_word(struct place *at, const char *word)
{
    if (strcmp(word, "=") == 0) { // bash takes --board=pi4 apart
        return;
    }
    if (at->waiting) {
        at->waiting = NULL;
    } else if (word[0] == '-') {
        const struct option_spec *o = find_option(at->command, word);
        at->waiting = o && o->arg ? o : NULL;
    } else if (!at->command || at->command->commands) {
        at->group = at->command ? at->command->name : "";
        at->command = find_command(at->command ? at->command->commands : pisdk_commands, word);
        at->over = !at->command;
    } else if (at->command->passes_on) { // what follows is a program's
        offer_files();
        at->over = true;
    }
}

static void offer_for(const struct completion *c, const struct place *at)
{
    const struct command *command = at->command;
    if (at->waiting && at->waiting->arg) {
        offer_value(c, at->waiting->name);
    } else if (c->word[0] == '-') {
        offer_options(c, command ? command->options : NULL, command ? command->n_options : 0);
        offer_options(c, pisdk_global_options, pisdk_n_global_options);
    } else if (!command || command->commands) {
        offer_commands(c, command ? command->commands : pisdk_commands);
    } else {
        offer_argument(c, at->group, command);
    }
}

int cmd_complete(struct app *app, struct err *err)
{
    const struct strv *words = &app->input.rest;
    struct completion c = {.app = app, .word = "", .before = ""};
    struct place at = {.group = ""};

    (void)err;
    for (size_t i = 0; i + 1 < words->n && !at.over; i++) {
        read_word(&at, words->items[i]);
    }
    if (at.over) {
        return EXIT_OK;
    }
    if (words->n > 0 && strcmp(words->items[words->n - 1], "=") != 0) {
        c.word = words->items[words->n - 1];
    }
    const char *equals = str_starts(c.word, "--") ? strchr(c.word, '=') : NULL;
    _cleanup_free_ char *name = xstrndup(c.word, equals ? (size_t)(equals - c.word) : 0);
    _cleanup_free_ char *before = xasprintf("%s=", name);
    if (equals) {
        at.waiting = find_option(at.command, name);
        c.before = before;
        c.word = equals + 1;
    }
    offer_for(&c, &at);
    return EXIT_OK;
}
