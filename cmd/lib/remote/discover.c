// SPDX-License-Identifier: MIT
#include "remote/discover.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "base/str.h"

enum { OUTPUT_MAX = 1 << 20, NAME_MAX_BYTES = 255, DISCOVERED_MAX = 4096 };

// The first three bytes of the addresses of network cards, as the IEEE has given them to Raspberry
// Pi Foundation and Raspberry Pi Trading (https://standards-oui.ieee.org/oui/oui.txt).
static const char *const cards[] = {"b8:27:eb", "dc:a6:32", "e4:5f:01", "28:cd:c1",
                                    "d8:3a:dd", "2c:cf:67", "88:a2:9e"};

// Letters, digits and what else names and addresses have: nothing that a shell would take apart.
static bool is_plain(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!isalnum((unsigned char)s.p[i]) && (!s.p[i] || !strchr("-.:_", s.p[i]))) {
            return false;
        }
    }
    return s.n > 0 && s.n <= NAME_MAX_BYTES && s.p[0] != '-';
}

static struct discovered *find(struct discovery *d, struct slice host, struct slice address)
{
    for (size_t i = 0; i < d->n; i++) {
        if (slice_is(host, d->items[i].host) || slice_is(address, d->items[i].address)) {
            return &d->items[i];
        }
    }
    return NULL;
}

// An address of IPv4 is easier to type.
static void add(struct discovery *d, struct slice host, struct slice address, const char *how)
{
    struct discovered *known = find(d, host, address);
    if (known && memchr(address.p, ':', address.n) == NULL && strchr(known->address, ':')) {
        free(known->address);
        known->address = slice_dup(address);
    }
    if (known || d->n >= DISCOVERED_MAX) {
        return;
    }
    VEC_GROW(d->items, d->n);
    d->items[d->n++] = (struct discovered){slice_dup(host), slice_dup(address), xstrdup(how)};
}

// What a computer announces, and no printer.
static bool is_of_computer(struct slice type)
{
    return slice_is(type, "_ssh._tcp") || slice_is(type, "_sftp-ssh._tcp") ||
           slice_is(type, "_workstation._tcp");
}

// =;INTERFACE;PROTOCOL;NAME;TYPE;DOMAIN;HOST;ADDRESS;PORT;TEXT
void discover_parse_browse(const char *text, size_t n, struct discovery *out)
{
    enum { TYPE = 4, HOST = 6, ADDRESS = 7, FIELDS = 9 };
    struct slice rest = {text, n};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        struct slice fields[FIELDS];
        size_t found = 0;
        while (found < FIELDS && slice_cut(&line, ';', &fields[found])) {
            found++;
        }
        if (found == FIELDS && slice_is(fields[0], "=") && is_of_computer(fields[TYPE]) &&
            is_plain(fields[HOST]) && is_plain(fields[ADDRESS])) {
            add(out, fields[HOST], fields[ADDRESS], "mDNS");
        }
    }
}

// "ADDRESS TYPE FLAGS HARDWARE-ADDRESS MASK DEVICE", below a line of headings.
void discover_parse_neighbours(const char *text, size_t n, struct discovery *out)
{
    struct slice rest = {text, n};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_strv_ struct strv words = {0};
        _cleanup_free_ char *copy = slice_dup(line);
        strv_add_words(&words, copy);
        const struct slice address = {words.n ? words.items[0] : "",
                                      words.n ? strlen(words.items[0]) : 0};
        for (size_t i = 0; i < ARRAY_SIZE(cards) && words.n > 3 && is_plain(address); i++) {
            if (str_starts(words.items[3], cards[i])) {
                add(out, address, address, "network card");
            }
        }
    }
}

static void ask_mdns(struct log *log, struct discovery *out)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    const struct proc_capture capture = {
        .input = -1, .max = OUTPUT_MAX, .out = &text, .errors = &said};
    struct err err = ERR_INIT;
    int status = 0;

    strv_add_list(&argv, "avahi-browse", "--all", "--resolve", "--terminate", "--parsable",
                  "--no-db-lookup", "--ignore-local", NULL);
    if (proc_capture(argv.items, &capture, &status, &err) != 0) {
        log_warning(log, "avahi-browse is not installed, so mDNS was not asked: "
                         "sudo apt install avahi-utils");
    } else if (status != 0) {
        _cleanup_free_ char *last = str_last_line(said.data ? said.data : "");
        log_warning(log, "mDNS was not asked: %s", *last ? last : "avahi-browse failed");
    } else {
        discover_parse_browse(text.data ? text.data : "", text.len, out);
    }
}

int discover(struct log *log, struct discovery *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf neighbours = {0};
    *out = (struct discovery){0};
    ask_mdns(log, out);
    if (fs_read_file("/proc/net/arp", OUTPUT_MAX, &neighbours, err) != 0) {
        return -1;
    }
    discover_parse_neighbours(neighbours.data ? neighbours.data : "", neighbours.len, out);
    return 0;
}

void discovery_release(struct discovery *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->items[i].host);
        free(d->items[i].address);
        free(d->items[i].how);
    }
    free(d->items);
    *d = (struct discovery){0};
}
