// SPDX-License-Identifier: MIT
// Predictions: figures of boards, the platform that they make, and what is said about results.

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "predict/advice.h"
#include "predict/figures.h"
#include "predict/platform.h"

static void test_boards(void **state)
{
    struct strv names = {0};
    struct err err = ERR_INIT;
    (void)state;
    // Each board that can be built for has figures, which make sense.
    assert_int_equal(board_names(BOARDS, &names, &err), 0);
    for (size_t i = 0; i < names.n; i++) {
        struct board b;
        struct predict_figures f;
        assert_int_equal(board_read(BOARDS, names.items[i], true, &b, &err), 0);
        if (!b.refused) {
            assert_int_equal(predict_figures_of_board(&b, 0, 0, &f, &err), 0);
            assert_true(f.cache > 1e7 && f.memory > 1e8 && f.latency > 0);
            assert_true(f.bandwidth < (double)b.link_mbit * 1e6 / 8);
        } else {
            assert_int_equal(predict_figures_of_board(&b, 0, 0, &f, &err), -1);
            assert_string_equal(err.hint, "pisdk nodes calibrate");
        }
        board_release(&b);
    }
    strv_release(&names);
}

static void test_calibration(void **state)
{
    struct predict_calibration c;
    struct predict_figures f = {.cores = 1, .cache = 1, .memory = 2, .latency = 3, .disk_read = 4};
    struct strbuf text = {0};
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(predict_calibration_parse("noise\n"
                                               "calibrate pi1 4 1e8 2e9 3e-06 5e8 0 0\n"
                                               "calibrate pi2 4 3e8 2e9 3e-06 5e8 1e-4 1e7\n"
                                               "calibrate [x] 4 3e8 2e9 3e-06 5e8 1e-4 1e7\n"
                                               "calibrate pi3 0 3e8 2e9 3e-06 5e8 1e-4 1e7\n"
                                               "calibrate pi4 4 nan 2e9 3e-06 5e8 1e-4 1e7\n",
                                               &c, &err),
                     0);
    assert_int_equal(c.n, 2);
    predict_calibration_format(&c, &text);
    assert_non_null(strstr(text.data, "[node pi2]\ncores = 4\noperations = 3e+08\n"));
    // The average of those that were measured; what was not stays.
    predict_calibration_apply(&c, &f);
    assert_int_equal(f.cores, 4);
    assert_true(f.cache == 2e8 && f.latency == 1e-4 && f.bandwidth == 1e7 && f.disk_read == 4);
    strbuf_release(&text);
    predict_calibration_release(&c);
    assert_int_equal(predict_calibration_parse("mpirun failed\n", &c, &err), -1);
}

static void test_speed(void **state)
{
    const struct predict_figures f = {.cores = 4, .cache = 1e9, .memory = 4e9};
    const struct predict_desktop d = {.cache = 4e9, .memory = 16e9};
    (void)state;
    assert_true(predict_speed(&f, &d, PREDICT_CACHE, 4) == 0.25);
    assert_true(predict_speed(&f, &d, PREDICT_MEMORY, 1) == 0.25);
    assert_true(predict_speed(&f, &d, PREDICT_MEMORY, 4) == 0.0625); // they share it
    assert_true(predict_speed(&f, &d, PREDICT_MEMORY, 8) == 0.0625); // four at once
    assert_true(predict_speed(&f, &d, PREDICT_BOTH, 4) == 0.125);
}

static void test_platform(void **state)
{
    const struct predict_figures f = {.cores = 4,
                                      .inner_latency = 3e-6,
                                      .inner_bandwidth = 7e8,
                                      .latency = 1e-4,
                                      .bandwidth = 1e7,
                                      .disk_read = 2e7,
                                      .disk_write = 1e7};
    struct strbuf xml = {0};
    struct strbuf hosts = {0};
    (void)state;
    platform_format(&f, 0.25, 3, &xml);
    assert_non_null(strstr(xml.data, "<host id=\"pi3\" speed=\"250000000f\" core=\"4\">"));
    assert_non_null(strstr(xml.data, "<link id=\"link3\" bandwidth=\"10000000Bps\" "
                                     "latency=\"0.000050000s\""));
    assert_non_null(strstr(xml.data, "<route src=\"pi3\" dst=\"pi2\">"));
    assert_null(strstr(xml.data, "<route src=\"pi2\" dst=\"pi3\">")); // both ways are one
    platform_format_hosts(2, 2, &hosts);
    assert_string_equal(hosts.data, "pi1\npi1\npi2\npi2\n");
    strbuf_release(&xml);
    strbuf_release(&hosts);
}

static void check_advice(const struct prediction *p, size_t n, const struct prediction *faster,
                         const char *expected)
{
    char *said = predict_advice(p, n, faster, "1 Gbit/s");
    assert_string_equal(said, expected);
    free(said);
}

static void test_advice(void **state)
{
    struct prediction p[] = {{.boards = 1, .seconds = 8},
                             {.boards = 2, .seconds = 4.2, .communicating = 0.2},
                             {.boards = 4, .seconds = 4.1, .communicating = 0.78}};
    struct prediction faster = {.boards = 4, .seconds = 2.1};
    (void)state;
    check_advice(p, 3, NULL,
                 "more than 2 boards don't help: with 4, 78 % of the time is communication");
    check_advice(p, 3, &faster,
                 "more than 2 boards don't help: with 4, 78 % of the time is communication; at 1 "
                 "Gbit/s, 4 boards would take 2.10 s");
    faster.seconds = 4; // hardly faster
    check_advice(p, 3, &faster,
                 "more than 2 boards don't help: with 4, 78 % of the time is communication");
    check_advice(p, 2, NULL, "2 boards are 1.9 times as fast as 1");
    check_advice(p, 1, NULL, "1 board: 0 % of the time is communication");
    p[1].seconds = 9;
    p[2].seconds = 20;
    check_advice(p, 3, NULL, "one board is the fastest: with 2, 20 % of the time is communication");
    p[2].seconds = 5;
    check_advice(p, 3, NULL,
                 "4 boards are 1.6 times as fast as 1, but 78 % of their time is communication");
    assert_true(predict_efficiency(p, &p[2]) == 0.4);
    assert_true(predict_needs_network(p, 3) && !predict_needs_network(p, 1));
}

static void test_plot(void **state)
{
    const struct prediction p[] = {{.boards = 1, .seconds = 8}, {.boards = 4, .seconds = 2}};
    struct strbuf svg = {0};
    (void)state;
    predict_plot(p, 2, "a <b> & c", &svg);
    assert_non_null(strstr(svg.data, "a &lt;b> &amp; c"));
    assert_non_null(strstr(svg.data, "cx=\"620.0\" cy=\"50.0\"")); // 4 of 4
    strbuf_release(&svg);
}

static void test_times(void **state)
{
    char out[32];
    (void)state;
    assert_string_equal(predict_time(out, 35e-6), "35 us");
    assert_string_equal(predict_time(out, 4.1e-3), "4.1 ms");
    assert_string_equal(predict_time(out, 0.42), "0.42 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boards), cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_speed),  cmocka_unit_test(test_platform),
        cmocka_unit_test(test_advice), cmocka_unit_test(test_plot),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
