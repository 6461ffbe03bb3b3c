// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "project/project.h"
#include "remote/hostfile.h"
#include "remote/inventory.h"
#include "remote/remotes.h"
#include "remote/slurm.h"
#include "unit.h"

// --- Ranges and names ----------------------------------------------------------------------------

static void expect_expanded(const char *pattern, const char *expected)
{
    _cleanup_strv_ struct strv names = {0};
    struct err err = ERR_INIT;
    assert_int_equal(remotes_expand(pattern, &names, &err), 0);
    _cleanup_free_ char *joined = strv_join(&names, " ");
    assert_string_equal(joined, expected);
}

static void test_ranges(void **state)
{
    (void)state;
    expect_expanded("pi", "pi");
    expect_expanded("pi[1-3]", "pi1 pi2 pi3");
    expect_expanded("pi[8-11]", "pi8 pi9 pi10 pi11");
    expect_expanded("pi[08-11]", "pi08 pi09 pi10 pi11");
    expect_expanded("pi[001-002,15,7-8]x", "pi001x pi002x pi15x pi7x pi8x");
    expect_expanded("rack[1-2]-pi[1-3]",
                    "rack1-pi1 rack1-pi2 rack1-pi3 rack2-pi1 rack2-pi2 rack2-pi3");
    expect_expanded("[0-1]", "0 1");
    expect_expanded("pi[00-01]", "pi00 pi01");
}

static void expect_not_expanded(const char *pattern)
{
    _cleanup_strv_ struct strv names = {0};
    struct err err = ERR_INIT;
    if (remotes_expand(pattern, &names, &err) == 0) {
        fail_msg("`%s` was taken for %zu names", pattern, names.n);
    }
    assert_int_equal(err.code, ERR_USAGE);
    assert_int_equal(names.n, 0);
}

static void test_broken_ranges(void **state)
{
    static const char *const broken[] = {
        "pi[",       "pi[1",       "pi[]",         "pi[1-]",         "pi[-3]",
        "pi[3-1]",   "pi[1-3",     "pi[1,]",       "pi[,1]",         "pi[1,,2]",
        "pi[a-c]",   "pi[1-2-3]",  "pi[1:3]",      "pi[[1-2]]",      "pi[1 -2]",
        "pi[1-010]", "pi[1-5000]", "[1-65][1-65]", "pi[9999999999]",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        expect_not_expanded(broken[i]);
    }
    char text[400];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    expect_not_expanded(text);
}

static void test_names_of_hosts(void **state)
{
    _cleanup_(remotes_release) struct remotes r = {0};
    struct err err = ERR_INIT;
    (void)state;

    assert_int_equal(remotes_add(&r, NULL, "pi@pi[1-2].local", &err), 0);
    assert_int_equal(remotes_add(&r, NULL, "10.0.0.7", &err), 0);
    assert_int_equal(remotes_add(&r, NULL, "pi@fe80::1%eth0", &err), 0);
    assert_int_equal(remotes_add(&r, "x[8-9]", "pi@10.0.0.[11,13]", &err), 0);
    static const struct {
        const char *name, *host, *peer;
    } expected[] = {
        {"pi1", "pi@pi1.local", "pi1.local"}, {"pi2", "pi@pi2.local", "pi2.local"},
        {"10.0.0.7", "10.0.0.7", "10.0.0.7"}, {"fe80::1%eth0", "pi@fe80::1%eth0", "fe80::1%eth0"},
        {"x8", "pi@10.0.0.11", "10.0.0.11"},  {"x9", "pi@10.0.0.13", "10.0.0.13"},
    };
    assert_int_equal(r.n, ARRAY_SIZE(expected));
    for (size_t i = 0; i < r.n; i++) {
        assert_string_equal(r.items[i].name, expected[i].name);
        assert_string_equal(r.items[i].host, expected[i].host);
        assert_string_equal(r.items[i].peer, expected[i].peer);
    }
    assert_ptr_equal(remotes_find(&r, "x8"), &r.items[4]);
    assert_null(remotes_find(&r, "x"));
}

static void expect_refused(const char *name, const char *host, const char *says)
{
    _cleanup_(remotes_release) struct remotes r = {0};
    struct err err = ERR_INIT;
    assert_int_equal(remotes_add(&r, NULL, "there", &err), 0);
    if (remotes_add(&r, name, host, &err) == 0) {
        fail_msg("`%s` was taken", host);
    }
    assert_int_equal(err.code, ERR_USAGE);
    if (!strstr(err.msg, says)) {
        fail_msg("`%s`: %s", host, err.msg);
    }
    assert_int_equal(r.n, 1); // as it was
}

static void test_refused_hosts(void **state)
{
    static const char *const hosts[] = {
        "",       "-oProxyCommand=x",
        "pi@-oX", "@pi",
        "pi@",    "a@b@c",
        "a b",    "a\tb",
        "a\nb",   "a;b",
        "a$b",    "a`b",
        "a'b",    "a\"b",
        "a\\b",   "a|b",
        "a&b",    "a<b",
        "a>b",    "a(b",
        "a*b",    "a?b",
        "a{b}",   "a,b",
        "a/b",    "a#b",
        "a=b",    "a~b",
        "a\x7f",  "b\xc3\xa4",
        "a]",     "ssh://a",
        "pi1:4",  "pi$x@pi1",
        "-l@pi1", "!a",
        "^a",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        expect_refused(NULL, hosts[i], "is not HOST or USER@HOST");
    }
    expect_refused("a;b", "pi1", "is not a valid node name");
    expect_refused("a@b", "pi1", "is not a valid node name");
    expect_refused("", "pi1", "is not a valid node name");
    expect_refused(NULL, "there", "`there` is listed twice");
    expect_refused(NULL, "other@there.local", "`there` is listed twice");
    expect_refused(NULL, "x[1,2,1]", "`x1` is listed twice");
    expect_refused("x[1-3]", "pi[1-2]", "`x[1-3]` is 3, and `pi[1-2]` is 2");
    expect_refused("x", "pi[1-2]", "`x` is 1");
    expect_refused(NULL, "x[1-4096]", "more than 4096 nodes");
}

static void test_copies(void **state)
{
    _cleanup_(remotes_release) struct remotes from = {0};
    _cleanup_(remotes_release) struct remotes to = {0};
    struct err err = ERR_INIT;
    (void)state;

    assert_int_equal(remotes_add(&from, "a", "pi@b", &err), 0);
    from.items[0].slots = 3;
    from.items[0].port = 22;
    from.items[0].board = xstrdup("pi4");
    from.items[0].identity = xstrdup("key");
    from.items[0].from = xstrdup("file");
    assert_int_equal(remotes_copy(&to, &from.items[0], &err), 0);
    const struct remote *n = remotes_find(&to, "a");
    assert_non_null(n);
    assert_string_equal(n->host, "pi@b");
    assert_string_equal(n->peer, "b");
    assert_string_equal(n->board, "pi4");
    assert_string_equal(n->identity, "key");
    assert_string_equal(n->from, "file");
    assert_int_equal(n->slots, 3);
    assert_int_equal(n->port, 22);
    assert_int_equal(remotes_copy(&to, n, &err), -1);
}

// --- Files ---------------------------------------------------------------------------------------

// What was read, one line a node: NAME HOST SLOTS, and port and identity where there are any.
static void expect_nodes(const struct remotes *r, const char *expected)
{
    _cleanup_strbuf_ struct strbuf b = {0};

    strbuf_adds(&b, "");
    for (size_t i = 0; i < r->n; i++) {
        const struct remote *n = &r->items[i];
        assert_string_equal(n->from, "d/hosts");
        strbuf_addf(&b, "%s %s %ld", n->name, n->host, n->slots);
        if (n->port) {
            strbuf_addf(&b, " %ld", n->port);
        }
        strbuf_addf(&b, "%s%s\n", n->identity ? " " : "", n->identity ? n->identity : "");
    }
    assert_string_equal(b.data, expected);
}

static void expect_hostfile(const char *text, const char *expected)
{
    _cleanup_(remotes_release) struct remotes r = {0};
    struct err err = ERR_INIT;
    if (hostfile_parse("d/hosts", text, strlen(text), &r, &err) != 0) {
        fail_msg("%s\n%s", text, err.msg);
    }
    expect_nodes(&r, expected);
}

static void expect_broken(const char *text, const char *says)
{
    _cleanup_(remotes_release) struct remotes r = {0};
    struct err err = ERR_INIT;
    if (hostfile_parse("hosts", text, strlen(text), &r, &err) == 0) {
        fail_msg("taken: %s", text);
    }
    if (!strstr(err.msg, says)) {
        fail_msg("%s\nsays %s", text, err.msg);
    }
    assert_int_equal(err.code, ERR_USAGE);
}

static void test_hostfiles(void **state)
{
    (void)state;
    expect_hostfile("", "");
    expect_hostfile("# comment\n\n  pi1 slots=4 max_slots=8 # why\r\n\tpi@pi2.local\n",
                    "pi1 pi1 4\npi2 pi@pi2.local 0\n");
    expect_hostfile("pi1 slots = 4\npi2 slots= 2 max-slots =3\npi[3-4] slots=1",
                    "pi1 pi1 4\npi2 pi2 2\npi3 pi3 1\npi4 pi4 1\n");
    expect_hostfile("pi1\npi1\npi2 slots=2\npi1 slots=3\npi2\n", "pi1 pi1 5\npi2 pi2 3\n");
    expect_hostfile(
        "pi1:4\npi@10.0.0.[1-2]:2 ifname=eth0 binding=user:0,1\nfe80::1\n",
        "pi1 pi1 4\n10.0.0.1 pi@10.0.0.1 2\n10.0.0.2 pi@10.0.0.2 2\nfe80::1 fe80::1 0\n");
}

static void test_broken_hostfiles(void **state)
{
    static const struct {
        const char *text, *says;
    } broken[] = {
        {"pi1\npi2 slot=4\n", "hosts:2: unknown word `slot=4`"},
        {"pi1 slots=0\n", "hosts:1: `slots`"},
        {"pi1 slots=\n", "hosts:1: `slots`"},
        {"pi1 slots\n", "hosts:1: unknown word `slots`"},
        {"pi1 slots=4097\n", "hosts:1: `slots`"},
        {"pi1 max_slots=x\n", "hosts:1: `max_slots`"},
        {"pi1:\n", "hosts:1: `slots`"},
        {"pi1:x\n", "hosts:1: `slots`"},
        {"#\n\npi1 pi2\n", "hosts:3: unknown word `pi2`"},
        {"^pi1\n", "hosts:1: `^pi1` is not HOST"},
        {"-oProxyCommand=x\n", "hosts:1: `-oProxyCommand=x` is not HOST"},
        {"pi[1-\n", "hosts:1: "},
        {"pi1\nother@pi1\n", "hosts:2: node `pi1` is listed twice"},
        {"pi1 slots='4\n", "hosts:1: unclosed quote"},
        {"pi1 \x1b[2J\n", "hosts:1: contains a control character"},
        {"pi1 slots=4096\npi1\n", "hosts:2: more than 4096 slots"},
        {"a[1-4096]\na[1-4096]\na[1-4096]\na[1-4096]\na1\n", "hosts:5: hosts are named more than"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        expect_broken(broken[i].text, broken[i].says);
    }
    struct err err = ERR_INIT;
    _cleanup_(remotes_release) struct remotes r = {0};
    assert_int_equal(hostfile_parse("hosts", "pi1\0x\n", 6, &r, &err), -1);
    assert_non_null(strstr(err.msg, "hosts:1: contains a control character"));
    _cleanup_free_ char *longer = xasprintf("pi1\npi2 %05000d\n", 0);
    expect_broken(longer, "hosts:2: the line is longer");
    err_clear(&err);
    assert_int_equal(hostfile_read("/nowhere/hosts", NULL, &r, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

// --- Inventories ---------------------------------------------------------------------------------

#define LISTED(groups, variables) "{" groups ", \"_meta\": {\"hostvars\": {" variables "}}}"

static const char inventory[] = LISTED(
    "\"all\": {\"children\": [\"ungrouped\", \"both\", \"none\"]},"
    "\"ungrouped\": {\"hosts\": [\"desk\"]},"
    "\"both\": {\"hosts\": [\"pi9\"], \"children\": [\"pis\", \"old\"]},"
    "\"pis\": {\"hosts\": [\"pi1\", \"pi2\"]},"
    "\"old\": {\"hosts\": [\"pi1\", \"pi0\"]}",
    "\"desk\": {\"ansible_host\": \"10.0.0.1\", \"slots\": \"8\"},"
    "\"pi1\": {\"ansible_user\": \"pi\", \"ansible_port\": 2222, \"slots\": 4, \"x\": [null],"
    "          \"ansible_ssh_private_key_file\": \"keys/pi\"},"
    "\"pi2\": {\"ansible_host\": \"a\", \"ansible_ssh_host\": \"b\", \"ansible_ssh_user\": null,"
    "          \"ansible_private_key_file\": \"~/k\"},"
    "\"pi0\": {\"ansible_connection\": \"smart\", \"ansible_ssh_private_key_file\": \"/k\"}");

static void expect_inventory(const char *group, const char *expected)
{
    _cleanup_(remotes_release) struct remotes r = {0};
    struct err err = ERR_INIT;
    if (inventory_parse("d/hosts", inventory, strlen(inventory), group, &r, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    expect_nodes(&r, expected);
}

static void test_inventories(void **state)
{
    (void)state;
    expect_inventory("pis", "pi1 pi@pi1 4 2222 d/keys/pi\npi2 b 0 ~/k\n");
    expect_inventory(NULL, "desk 10.0.0.1 8\npi9 pi9 0\npi1 pi@pi1 4 2222 d/keys/pi\n"
                           "pi2 b 0 ~/k\npi0 pi0 0 /k\n");
    expect_inventory("none", "");
}

static void expect_unusable(const char *json, const char *group, enum err_code code,
                            const char *says)
{
    _cleanup_(remotes_release) struct remotes r = {0};
    struct err err = ERR_INIT;
    if (inventory_parse("hosts", json, strlen(json), group, &r, &err) == 0) {
        fail_msg("taken: %s", json);
    }
    if (!strstr(err.msg, says)) {
        fail_msg("%s\nsays %s", json, err.msg);
    }
    assert_int_equal(err.code, code);
}

static void test_refused_inventories(void **state)
{
    static const struct {
        const char *variables, *says;
    } refused[] = {
        {"\"slots\": \"x\"", "hosts: host `x`: `slots`"},
        {"\"slots\": 0", "hosts: host `x`: `slots`"},
        {"\"ansible_port\": 65536", "hosts: host `x`: `ansible_port`"},
        {"\"ansible_port\": [22]", "hosts: host `x`: `ansible_port` is neither text nor a number"},
        {"\"ansible_user\": {\"__ansible_vault\": \"a\"}", "hosts: host `x`: `ansible_user` is"},
        {"\"ansible_host\": \"-oX\"", "hosts: host `x`: `-oX` is not HOST"},
        {"\"ansible_host\": \"{{ x }}\"", "hosts: host `x`: `{{ x }}` is not HOST"},
        {"\"ansible_user\": \"a b\"", "hosts: host `x`: `a b@x` is not HOST"},
        {"\"ansible_private_key_file\": \"{{ x }}\"", "hosts: host `x`: `{{ x }}` is not the name"},
        {"\"ansible_host\": \"x[1-2]\"", "hosts: host `x`: `x[1-2]` is not HOST"},
        {"\"ansible_connection\": \"local\"", "hosts: host `x`: ansible_connection `local`"},
        {"\"ansible_ssh_common_args\": \"-oX\"", "hosts: host `x`: `ansible_ssh_common_args`"},
    };
    static const char *const unreadable[] = {"", "[]", "x", "{\"all\": {}"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        _cleanup_free_ char *json =
            xasprintf(LISTED("\"all\": {\"hosts\": [\"x\"]}", "\"x\": {%s}"), refused[i].variables);
        expect_unusable(json, NULL, ERR_USAGE, refused[i].says);
    }
    for (size_t i = 0; i < ARRAY_SIZE(unreadable); i++) {
        expect_unusable(unreadable[i], NULL, ERR_FAILED, "did not print an inventory");
    }
    expect_unusable(inventory, "pi", ERR_NOT_FOUND, "hosts has no group `pi`");
    expect_unusable(inventory, "_meta", ERR_NOT_FOUND, "hosts has no group `_meta`");
    _cleanup_strbuf_ struct strbuf deep = {0};
    for (int i = 0; i < 100; i++) {
        strbuf_addf(&deep, "\"g%d\": {\"children\": [\"g%d\"]},", i, i + 1);
    }
    _cleanup_free_ char *json = xasprintf(LISTED("%s \"all\": {}", ""), deep.data);
    expect_unusable(json, "g0", ERR_USAGE, "groups are nested more than 64 deep");
}

// --- pisdk.ini -----------------------------------------------------------------------------------

static void test_nodes_of_a_project(void **state)
{
    static const char text[] = "[project]\nname = p\n[node pi[1-2]]\nhost = u@10.0.0.[8-9]\n"
                               "peer = 10.1.0.[1-2]\nport = 22\nidentity = keys/a\n"
                               "[node pi2]\nport = 23\npeer = far\nidentity = ~/b\nslots = 7\n"
                               "[deploy]\nfiles = a b\n  c\n";
    _cleanup_(remotes_release) struct remotes r = {0};
    struct project p;
    struct err err = ERR_INIT;
    (void)state;

    assert_int_equal(project_read_text("/tmp", text, &p, &err), 0);
    assert_int_equal(p.deploy_files.n, 3);
    assert_int_equal(p.deploy_keep, 3);
    assert_int_equal(project_nodes(&p, &r, &err), 0);
    project_release(&p);
    assert_int_equal(r.n, 2);
    assert_string_equal(r.items[0].host, "u@10.0.0.8");
    assert_string_equal(r.items[0].peer, "10.1.0.1");
    assert_string_equal(r.items[0].identity, "/tmp/keys/a");
    assert_string_equal(r.items[0].from, "pisdk.ini");
    assert_int_equal(r.items[0].port, 22);
    assert_int_equal(r.items[0].slots, 0);
    assert_string_equal(r.items[1].host, "u@10.0.0.9");
    assert_string_equal(r.items[1].peer, "far");
    assert_string_equal(r.items[1].identity, "~/b");
    assert_int_equal(r.items[1].port, 23);
    assert_int_equal(r.items[1].slots, 7);

    assert_int_equal(
        project_read_text("/tmp", "[project]\nname = p\n[deploy]\nkeep = 9\n", &p, &err), 0);
    assert_int_equal(p.deploy_keep, 9);
    project_release(&p);
}

// --- What Slurm says -----------------------------------------------------------------------------

static void test_numbers_of_jobs(void **state)
{
    static const char *const broken[] = {"",   "0",  "x",   "-1",       "+1",        " 1",
                                         "1 ", "1x", "1_2", "67108864", "999999999", "1;c"};
    struct err err = ERR_INIT;
    long id;
    (void)state;
    assert_int_equal(slurm_read_id("67108863", &id, &err), 0);
    assert_int_equal(id, SLURM_ID_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        assert_int_equal(slurm_read_id(broken[i], &id, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
    }
    assert_int_equal(slurm_read_answer("17", &id, &err), 0);
    assert_int_equal(id, 17);
    assert_int_equal(slurm_read_answer("18;boards", &id, &err), 0);
    assert_int_equal(id, 18);
    assert_int_equal(slurm_read_answer("Submitted batch job 4", &id, &err), -1);
    assert_int_equal(slurm_read_answer("4 boards", &id, &err), -1);
}

// As scontrol 22.05 has it.
#define JOB(state, code)                                                                           \
    "JobId=7 JobName=jobs UserId=pi(1000) MCS_label=N/A JobState=" state                           \
    " Reason=None ExitCode=" code " RunTime=00:00:05 TimeLimit=1-00:00:00 NodeList=pi[1-3] "       \
    "BatchHost=pi1 Command=/a b/JobState=x StdOut=/x"

static void test_jobs(void **state)
{
    struct slurm_job job;
    struct err err = ERR_INIT;
    int status;
    (void)state;
    assert_int_equal(slurm_read_job(JOB("RUNNING", "0:0"), &job, &err), 0);
    assert_int_equal(job.id, 7);
    assert_string_equal(job.state, "RUNNING");
    assert_string_equal(job.reason, "None");
    assert_string_equal(job.time, "00:00:05");
    assert_string_equal(job.limit, "1-00:00:00");
    assert_string_equal(job.nodes, "pi[1-3]");
    assert_string_equal(job.host, "pi1");
    assert_false(slurm_job_is_over(&job));
    assert_false(slurm_job_status(&job, &status));
    slurm_job_release(&job);

    assert_int_equal(
        slurm_read_job("JobId=8 JobState=PENDING NodeList=(null) BatchHost=", &job, &err), 0);
    assert_string_equal(job.nodes, "");
    assert_string_equal(job.host, "");
    assert_string_equal(job.reason, "");
    slurm_job_release(&job);

    // What goes to a terminal is text.
    assert_int_equal(slurm_read_job("JobId=8 JobState=\033[2J\303\244", &job, &err), 0);
    assert_string_equal(job.state, "?[2J??");
    slurm_job_release(&job);
}

static void expect_end(const char *line, bool known, int expected, bool folder)
{
    struct slurm_job job;
    struct err err = ERR_INIT;
    int status = -1;
    assert_int_equal(slurm_read_job(line, &job, &err), 0);
    assert_true(slurm_job_is_over(&job));
    assert_int_equal(slurm_job_status(&job, &status), known);
    assert_int_equal(slurm_job_has_no_folder(&job), folder);
    if (known) {
        assert_int_equal(status, expected);
    }
    slurm_job_release(&job);
}

static void test_ends_of_jobs(void **state)
{
    (void)state;
    expect_end(JOB("COMPLETED", "0:0"), true, 0, false);
    expect_end(JOB("FAILED", "126:0"), true, 126, false);
    expect_end(JOB("FAILED", "0:9"), true, 137, false);
    expect_end(JOB("FAILED", "0:53"), false, 0, true);
    expect_end(JOB("FAILED", "256:0"), true, 1, false);
    expect_end(JOB("FAILED", "x"), true, 1, false);
    expect_end("JobId=1 JobState=COMPLETED", false, 0, false); // not said
    expect_end(JOB("CANCELLED", "0:15"), false, 0, false);
    expect_end(JOB("TIMEOUT", "0:0"), false, 0, false);
    expect_end(JOB("NODE_FAIL", "0:0"), false, 0, false);
}

static void test_ending_jobs(void **state)
{
    static const struct {
        const char *line;
        bool ending;
    } lines[] = {{JOB("COMPLETING", "0:0"), false},
                 {JOB("COMPLETING", "1:0"), true},
                 {JOB("COMPLETING", "0:9"), true},
                 {JOB("RUNNING", "1:0"), false}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct slurm_job job;
        struct err err = ERR_INIT;
        assert_int_equal(slurm_read_job(lines[i].line, &job, &err), 0);
        assert_int_equal(slurm_job_is_ending(&job), lines[i].ending);
        assert_false(slurm_job_is_over(&job));
        slurm_job_release(&job);
    }
}

static void test_broken_jobs(void **state)
{
    static const char *const broken[] = {"",
                                         "No jobs in the system",
                                         "JobId=7",
                                         "JobState=RUNNING",
                                         "JobId= JobState=RUNNING",
                                         "JobId=0 JobState=RUNNING",
                                         "JobId=7_1 JobState=",
                                         "JobId=99999999999 JobState=RUNNING"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        struct slurm_job job;
        struct err err = ERR_INIT;
        assert_int_equal(slurm_read_job(broken[i], &job, &err), -1);
        assert_int_equal(err.code, ERR_FAILED);
        assert_null(job.state);
    }
}

static void test_slurm_of_a_project(void **state)
{
    static const char *const broken[] = {"place = both", "folder = x", "place = local\nfolder = /x",
                                         "host =", "nodes = 3"};
    struct project p;
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(project_read_text("/tmp",
                                       "[project]\nname = p\n[slurm]\nhost = pi@login\n"
                                       "folder = /srv/x\ntime = 1-0\npartition = all\n"
                                       "options = --exclusive\n  -N 2\n",
                                       &p, &err),
                     0);
    assert_string_equal(p.slurm_host, "pi@login");
    assert_string_equal(p.slurm_folder, "/srv/x");
    assert_string_equal(p.slurm_time, "1-0");
    assert_string_equal(p.slurm_partition, "all");
    assert_int_equal(p.slurm_options.n, 3);
    assert_false(p.slurm_local);
    project_release(&p);
    assert_int_equal(
        project_read_text("/tmp", "[project]\nname = p\n[slurm]\nplace = local\n", &p, &err), 0);
    assert_true(p.slurm_local);
    project_release(&p);
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        _cleanup_free_ char *text = xasprintf("[project]\nname = p\n[slurm]\n%s\n", broken[i]);
        assert_int_equal(project_read_text("/tmp", text, &p, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_broken_ranges),
        cmocka_unit_test(test_names_of_hosts),
        cmocka_unit_test(test_refused_hosts),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_hostfiles),
        cmocka_unit_test(test_broken_hostfiles),
        cmocka_unit_test(test_inventories),
        cmocka_unit_test(test_refused_inventories),
        cmocka_unit_test(test_nodes_of_a_project),
        cmocka_unit_test(test_numbers_of_jobs),
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_ends_of_jobs),
        cmocka_unit_test(test_ending_jobs),
        cmocka_unit_test(test_broken_jobs),
        cmocka_unit_test(test_slurm_of_a_project),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
