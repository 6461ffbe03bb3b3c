// SPDX-License-Identifier: MIT
#include "predict/platform.h"

static void add_board(const struct predict_figures *f, double speed, long number,
                      struct strbuf *out)
{
    strbuf_addf(out,
                "<host id=\"pi%ld\" speed=\"%.0ff\" core=\"%ld\"><disk id=\"disk%ld\" "
                "read_bw=\"%.0fBps\" write_bw=\"%.0fBps\"/></host>\n",
                number, speed * PLATFORM_DESKTOP_SPEED, f->cores, number, f->disk_read,
                f->disk_write);
    // A message crosses two links, of which each has half the latency.
    strbuf_addf(out,
                "<link id=\"link%ld\" bandwidth=\"%.0fBps\" latency=\"%.9fs\" "
                "sharing_policy=\"SPLITDUPLEX\"/>\n",
                number, f->bandwidth, f->latency / 2);
    strbuf_addf(out, "<link id=\"memory%ld\" bandwidth=\"%.0fBps\" latency=\"%.9fs\"/>\n", number,
                f->inner_bandwidth, f->inner_latency);
}

static void add_routes(long number, struct strbuf *out)
{
    strbuf_addf(out, "<route src=\"pi%ld\" dst=\"pi%ld\"><link_ctn id=\"memory%ld\"/></route>\n",
                number, number, number);
    for (long other = 1; other < number; other++) {
        strbuf_addf(out,
                    "<route src=\"pi%ld\" dst=\"pi%ld\"><link_ctn id=\"link%ld\" "
                    "direction=\"UP\"/><link_ctn id=\"link%ld\" direction=\"DOWN\"/></route>\n",
                    number, other, number, other);
    }
}

void platform_format(const struct predict_figures *f, double speed, long boards, struct strbuf *out)
{
    strbuf_adds(out, "<?xml version='1.0'?>\n"
                     "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
                     "<platform version=\"4.1\">\n<zone id=\"boards\" routing=\"Full\">\n");
    for (long i = 1; i <= boards; i++) {
        add_board(f, speed, i, out);
    }
    for (long i = 1; i <= boards; i++) {
        add_routes(i, out);
    }
    strbuf_adds(out, "</zone>\n</platform>\n");
}

void platform_format_hosts(long boards, long ranks_per_board, struct strbuf *out)
{
    for (long i = 0; i < boards * ranks_per_board; i++) {
        strbuf_addf(out, "pi%ld\n", i / ranks_per_board + 1);
    }
}
