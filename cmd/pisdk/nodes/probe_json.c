// SPDX-License-Identifier: MIT
#include "pisdk/nodes/probe_json.h"

#include <jansson.h>
#include <string.h>

#include "base/str.h"
#include "pisdk/ui.h"

static void set_text(json_t *o, const char *key, const char *text)
{
    json_object_set_new(o, key, text ? ui_json_text(text) : json_null());
}

static void set_number(json_t *o, const char *key, uint64_t n, bool known)
{
    json_object_set_new(o, key, known ? json_integer((json_int_t)n) : json_null());
}

static void set_real(json_t *o, const char *key, double value, bool known)
{
    json_object_set_new(o, key, known ? json_real(value) : json_null());
}

static json_t *addresses(const struct facts *f)
{
    json_t *all = json_array();
    for (size_t i = 0; i < f->n_addresses; i++) {
        const struct facts_address *a = &f->addresses[i];
        json_t *o = json_object();
        set_text(o, "interface", strcmp(a->interface, "-") ? a->interface : NULL);
        set_text(o, "address", a->address);
        set_number(o, "prefix", (uint64_t)a->prefix, a->prefix >= 0);
        json_array_append_new(all, o);
    }
    return all;
}

static json_t *mpi(const struct facts *f)
{
    if (!f->mpi) {
        return json_null();
    }
    json_t *o = json_object();
    set_text(o, "flavour", f->mpi);
    set_text(o, "version", f->mpi_version);
    set_text(o, "place", f->mpi_place);
    set_text(o, "daemon", f->daemon);
    return o;
}

static void add_facts(json_t *o, const struct facts *f)
{
    set_text(o, "model", f->model);
    set_text(o, "system", f->system);
    set_text(o, "release", f->release);
    set_text(o, "arch", f->arch);
    set_text(o, "machine", f->machine);
    set_text(o, "kernel", f->kernel);
    set_text(o, "glibc", f->glibc);
    set_text(o, "glibcxx", f->glibcxx);
    set_text(o, "libgfortran", f->libgfortran);
    set_number(o, "time_t", (uint64_t)f->time_bits, f->time_bits > 0);
    json_object_set_new(o, "mpi", mpi(f));
    set_text(o, "elsewhere", f->elsewhere);
    set_number(o, "cores", f->cores, f->cores > 0);
    set_number(o, "memory", f->memory, f->memory > 0);
    set_number(o, "available", f->available, f->available > 0);
    set_text(o, "load", f->load);
    set_number(o, "temperature", (uint64_t)f->temperature, f->temperature > 0);
    set_text(o, "hostname", f->hostname);
    set_text(o, "user", f->user);
    set_text(o, "home", f->home);
    set_text(o, "filesystem", f->filesystem);
    set_number(o, "free", f->free_space, f->has_space);
    json_object_set_new(o, "writable", json_boolean(!f->write_error));
    json_object_set_new(o, "rsync", json_boolean(f->rsync));
    set_real(o, "clock_offset", f->clock_offset, f->has_clock);
    set_real(o, "clock_error", f->clock_error, f->has_clock);
    json_object_set_new(o, "addresses", addresses(f));
}

// How the first board gets to this one; null for itself.
static json_t *reach(const struct remotes *nodes, const struct probe *p, const struct probed *b)
{
    if (b->reach == REACH_NOT_TRIED) {
        return json_null();
    }
    json_t *o = json_object();
    set_text(o, "from", nodes->items[p->first].name);
    json_object_set_new(o, "reached", json_boolean(b->reach == REACH_YES));
    set_text(o, "as", b->reached_as);
    set_text(o, "error", b->reach_said);
    return o;
}

static json_t *problems(const struct checkup *c, size_t node)
{
    json_t *all = json_array();
    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].node != node) {
            continue;
        }
        json_t *o = json_object();
        set_text(o, "problem", c->items[i].kind);
        set_text(o, "verdict", c->items[i].note ? "note" : "wrong");
        set_text(o, "found", c->items[i].what);
        set_text(o, "mend", c->items[i].mend);
        json_array_append_new(all, o);
    }
    return all;
}

void probe_json_print(const struct remotes *nodes, const struct probe *probe,
                      const struct checkup *checkup)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < probe->n; i++) {
        const struct probed *b = &probe->boards[i];
        json_t *o = json_object();
        set_text(o, "node", nodes->items[i].name);
        set_text(o, "host", nodes->items[i].host);
        json_object_set_new(o, "answers", json_boolean(b->answered));
        if (b->answered) {
            add_facts(o, &b->facts);
            json_object_set_new(o, "reach", reach(nodes, probe, b));
        }
        json_object_set_new(o, "problems", problems(checkup, i));
        json_array_append_new(rows, o);
    }
    json_dumpf(rows, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(rows);
}
