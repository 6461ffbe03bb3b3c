// SPDX-License-Identifier: MIT
// A recorded run for other programs: the page that shows it, JSON, and Chrome's trace format, which
// Perfetto opens as well.
#ifndef PISDK_TRACE_PAGE_H
#define PISDK_TRACE_PAGE_H

#include "trace/summary.h"

struct trace_page {
    const struct trace *trace;
    const struct trace_summary *summary;
    const char *title;     // "heat on 4 ranks"
    trace_site_name *site; // or NULL
    void *user;            // for it
    const char *page;      // toolchain/trace/report.html
};

// Writes one HTML file that needs nothing else, neither a network nor a server.
int trace_write_page(const struct trace_page *p, const char *file, struct err *err) ERR_MUST_CHECK;
// The numbers of the page as JSON, without the single calls. The caller frees it.
char *trace_json(const struct trace_page *p);
// Writes the calls in Chrome's trace format (JSON, "Trace Event Format").
int trace_write_chrome(const struct trace_page *p, const char *file,
                       struct err *err) ERR_MUST_CHECK;

#endif
