// SPDX-License-Identifier: MIT
// What ranks wrote: two files of one run, cut where they end, analysed, and made into a page.

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "trace/format.h"
#include "trace/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace t = {0};
    struct trace_summary s;
    struct err err = ERR_INIT;
    char *copy = malloc(size ? size : 1);

    for (unsigned rank = 0; rank < 2; rank++) {
        memcpy(copy, data, size);
        struct trace_header *h = (struct trace_header *)copy;
        if (size >= sizeof(*h)) { // or most inputs end at the first check
            memcpy(h->magic, TRACE_MAGIC, sizeof(h->magic));
            h->version = TRACE_VERSION;
            h->event_size = sizeof(struct trace_event);
            h->ranks = 2;
            h->rank = rank;
        }
        (void)!trace_read_rank(copy, size, &t, &err);
    }
    if (t.n > 0) {
        trace_analyse(&t);
        trace_sum_up(&t, &s);
        const struct trace_page page = {.trace = &t, .summary = &s, .title = "t"};
        free(trace_json(&page));
        trace_summary_release(&s);
    }
    trace_release(&t);
    free(copy);
    return 0;
}
