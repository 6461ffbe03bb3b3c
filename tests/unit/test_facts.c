// SPDX-License-Identifier: MIT
// What boards say of themselves, and what is found wrong with them.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "remote/checkup.h"
#include "remote/mpi_error.h"
#include "unit.h"

// A Raspberry Pi 3 with Raspberry Pi OS, 32-bit, whose kernel has 64.
static const char pi3[] =
    "model Raspberry Pi 3 Model B Plus Rev 1.3\nhostname pi1\nboot 2f6e1c8a\n"
    "host-key ssh-ed25519 AAAAC3 root@pi1\nkernel 6.6.51+rpt-rpi-v8 aarch64\nuser pi\n"
    "home /home/pi\nshell /bin/bash\nsystem Raspbian GNU/Linux 12 (bookworm)\nversion 12\n"
    "release bookworm\narch armhf\nlibc glibc 2.36\n"
    "libstdc++ /usr/local/lib/libstdc++.so.6.0.9\n"
    "libstdc++ /usr/lib/arm-linux-gnueabihf/libstdc++.so.6.0.30\n"
    "libgfortran /usr/lib/arm-linux-gnueabihf/libgfortran.so.5\ncores 4\nmemory 945216\n"
    "mpirun /usr/bin/mpirun\nmpi-place /usr/bin/orterun\nmpi-says mpirun (Open MPI) 4.1.4\n"
    "mpi-says \ndaemon /usr/bin/orted\nwrite ok\nspace 5893410 4096 ext2/ext3\n"
    "rsync /usr/bin/rsync\nkey /home/pi/.ssh/id_rsa\naddress lo 127.0.0.1/8\n"
    "address eth0 10.0.0.11/24\naddress eth0 fe80::ba27:ebff:fe12:3456/64\n"
    "address eth0 fd00::11/64\nready\ntime 1795549523.461739369\nend\n";

#define ELF_ARM                                                                                    \
    "elf 7f 45 4c 46 01 01 01 00 00 00 00 00 00 00 00 00 03 00 28 00 01 00 00 00 f1 21 00 00 34 "  \
    "00 00 00 a4 02 02 00 00 "

static void read_facts(const char *text, struct facts *f)
{
    struct err err = ERR_INIT;
    if (facts_parse(text, strlen(text), f, &err) != 0) {
        fail_msg("%s: %s", text, err.msg);
    }
}

// --- Answers -------------------------------------------------------------------------------------

static void test_a_board(void **state)
{
    struct facts f;
    (void)state;
    read_facts(pi3, &f);
    assert_string_equal(f.model, "Raspberry Pi 3 Model B Plus Rev 1.3");
    assert_string_equal(f.arch, "armhf");
    assert_string_equal(f.machine, "aarch64");
    assert_string_equal(f.kernel, "6.6.51+rpt-rpi-v8");
    assert_string_equal(f.release, "bookworm");
    assert_string_equal(f.glibc, "2.36");
    assert_string_equal(f.glibcxx, "3.4.30");
    assert_string_equal(f.libgfortran, "libgfortran.so.5");
    assert_string_equal(f.mpi, "openmpi");
    assert_string_equal(f.mpi_version, "4.1.4");
    assert_string_equal(f.mpi_place, "/usr/bin/orterun");
    assert_string_equal(f.daemon, "/usr/bin/orted");
    assert_null(f.elsewhere);
    assert_null(f.write_error);
    assert_string_equal(f.filesystem, "ext2/ext3");
    assert_int_equal(f.time_bits, 32);
    assert_int_equal(f.cores, 4);
    assert_int_equal(f.memory, 945216ULL * 1024);
    assert_true(f.has_space && f.free_space == 5893410ULL * 4096);
    assert_true(f.rsync && f.has_key);
    assert_int_equal(f.n_addresses, 2);
    assert_string_equal(f.addresses[0].interface, "eth0");
    assert_string_equal(f.addresses[0].address, "10.0.0.11");
    assert_int_equal(f.addresses[0].prefix, 24);
    assert_string_equal(f.addresses[1].address, "fd00::11");
    facts_release(&f);
}

static void test_architectures(void **state)
{
    static const struct {
        const char *text, *arch;
        int time_bits;
    } cases[] = {
        {ELF_ARM "04 00 05\nbits 32\nversion 12\nend\n", "armhf", 32},
        {ELF_ARM "02 00 05\nbits 32\nversion 12\nend\n", "armel", 32},
        {ELF_ARM "04 00 05\nversion 13\nend\n", "armhf", 64},
        {ELF_ARM "04 00 05\nversion 12\nt64 yes\nend\n", "armhf", 64},
        {ELF_ARM "04 00 05\nend\n", "armhf", 0},
        {"arch armhf\nversion 11\nrelease bullseye\nend\n", "armhf", 32},
        {"arch arm64\nversion 12\nend\n", "arm64", 64},
        {"elf \nbits 64\nversion 12\nend\n", "64-bit", 64},
        {"elf 7f 45\nbits 32\nend\n", NULL, 0},
        {"end\n", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct facts f;
        read_facts(cases[i].text, &f);
        if (!str_eq(f.arch, cases[i].arch) || f.time_bits != cases[i].time_bits) {
            fail_msg("%s: %s, %d", cases[i].text, f.arch, f.time_bits);
        }
        facts_release(&f);
    }
}

static void test_flavours_of_mpi(void **state)
{
    static const struct {
        const char *text, *mpi, *version, *daemon, *elsewhere;
    } cases[] = {
        {"end\n", NULL, NULL, NULL, NULL},
        {"mpirun /m\nmpi-says HYDRA build details:\nmpi-says     Version:       4.0.2\n"
         "mpi-says     Release Date: Version: 7\ndaemon /usr/bin/orted\n"
         "daemon /usr/bin/hydra_pmi_proxy\nend\n",
         "mpich", "7", "/usr/bin/hydra_pmi_proxy", NULL},
        {"mpirun /m\nmpi-says mpirun (Open MPI) 5.0.7\ndaemon /usr/bin/hydra_pmi_proxy\n"
         "elsewhere /opt/ompi/bin/prted\nelsewhere /usr/bin/orted\nend\n",
         "openmpi", "5.0.7", NULL, "/opt/ompi/bin/prted"},
        {"mpirun /m\nmpi-says Intel\nend\n", "other", NULL, NULL, NULL},
        {"elsewhere /opt/ompi/bin/mpirun\nend\n", NULL, NULL, NULL, "/opt/ompi/bin/mpirun"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct facts f;
        read_facts(cases[i].text, &f);
        if (!str_eq(f.mpi, cases[i].mpi) || !str_eq(f.mpi_version, cases[i].version) ||
            !str_eq(f.daemon, cases[i].daemon) || !str_eq(f.elsewhere, cases[i].elsewhere)) {
            fail_msg("%s: %s %s %s %s", cases[i].text, f.mpi, f.mpi_version, f.daemon, f.elsewhere);
        }
        facts_release(&f);
    }
}

static void test_foreign_bytes(void **state)
{
    struct facts f;
    struct err err = ERR_INIT;
    _cleanup_strbuf_ struct strbuf text = {0};
    (void)state;

    read_facts("model a\x1b[2J\xff\nspace 99999999999999999999 4096 x\ncores -1\n"
               "memory 99999999999999\naddress eth0 1.2.3\naddress eth0 1.2.3.4/33\n"
               "address lo 1.2.3.5/8\naddress eth1\nend\nmodel after\n",
               &f);
    assert_string_equal(f.model, "a?[2J?");
    assert_false(f.has_space);
    assert_int_equal(f.cores, 0);
    assert_int_equal(f.memory, 0);
    assert_int_equal(f.n_addresses, 1);
    assert_int_equal(f.addresses[0].prefix, -1);
    facts_release(&f);

    strbuf_adds(&text, "model ");
    for (int i = 0; i < 1000; i++) {
        strbuf_adds(&text, "x");
    }
    for (int i = 0; i < 100; i++) {
        strbuf_addf(&text, "\naddress eth%d 10.0.0.%d/24", i, i);
    }
    strbuf_adds(&text, "\nend");
    read_facts(text.data, &f);
    assert_int_equal(strlen(f.model), FACT_MAX - strlen("model "));
    assert_int_equal(f.n_addresses, FACTS_ADDRESSES_MAX);
    facts_release(&f);

    assert_int_equal(facts_parse(pi3, strlen(pi3) - strlen("end\n"), &f, &err), -1);
    assert_int_equal(err.code, ERR_FAILED);
    facts_release(&f);
}

// --- Checkups ------------------------------------------------------------------------------------

enum { BOARDS_MAX = 4 };

struct boards {
    struct remotes nodes;
    struct probed boards[BOARDS_MAX];
    struct probe probe;
    struct checkup checkup;
};

// `n` boards that are as pi3 with a name, a boot and an address of its own, and get to one another.
static void make(struct boards *b, size_t n)
{
    struct err err = ERR_INIT;
    _cleanup_free_ char *hosts = xasprintf("pi@pi[1-%zu]", n);
    *b = (struct boards){0};
    assert_int_equal(remotes_add(&b->nodes, NULL, hosts, &err), 0);
    b->probe = (struct probe){.boards = b->boards, .n = n};
    for (size_t i = 0; i < n; i++) {
        _cleanup_free_ char *own =
            xasprintf("hostname pi%zu\nboot boot%zu\nhost-key key%zu\naddress eth0 10.0.0.%zu/24\n",
                      i + 1, i, i, i + 1);
        _cleanup_free_ char *text =
            xasprintf("%.*s%send\n", (int)(strstr(pi3, "address lo") - pi3), pi3, own);
        read_facts(text, &b->boards[i].facts);
        b->boards[i].answered = true;
        b->boards[i].reach = i ? REACH_YES : REACH_NOT_TRIED;
        b->boards[i].reached_as = i ? xstrdup(b->nodes.items[i].peer) : NULL;
    }
}

static void set(char **text, const char *value)
{
    free(*text);
    *text = value ? xstrdup(value) : NULL;
}

// The checkup finds just this; each is "NODE KIND, what is found | mend". Releases the boards.
static void expect(struct boards *b, const char *expected)
{
    _cleanup_strbuf_ struct strbuf found = {0};
    strbuf_adds(&found, "");
    checkup_run(&b->nodes, &b->probe, &b->checkup);
    for (size_t i = 0; i < b->checkup.n; i++) {
        const struct problem *p = &b->checkup.items[i];
        strbuf_addf(&found, "%s%s %s, %s | %s\n", p->note ? "note: " : "",
                    b->nodes.items[p->node].name, p->kind, p->what, p->mend ? p->mend : "");
    }
    assert_string_equal(found.data, expected);
    checkup_release(&b->checkup);
    for (size_t i = 0; i < b->probe.n; i++) {
        facts_release(&b->boards[i].facts);
        free(b->boards[i].reached_as);
        free(b->boards[i].reach_said);
    }
    remotes_release(&b->nodes);
}

static void test_nothing_wrong(void **state)
{
    struct boards b;
    (void)state;
    make(&b, 1);
    expect(&b, "");
    make(&b, 4);
    expect(&b, "");
}

static void test_one_board(void **state)
{
    struct boards b;
    struct facts *f;
    (void)state;
    make(&b, 1);
    f = &b.boards[0].facts;
    set(&f->arch, "arm64");
    set(&f->mpi, NULL);
    f->has_clock = true;
    f->clock_offset = -3600;
    f->rsync = false;
    f->free_space = 99999999;
    set(&f->write_error, "Read-only file system");
    b.nodes.items[0].port = 2222;
    expect(&b,
           "pi1 arch, its system is arm64; pisdk's programs are armhf, 32-bit | write a 32-bit "
           "Raspberry Pi OS to its card\n"
           "pi1 clock, its clock is 60 min 0 s behind this machine's | ssh -t -p 2222 pi@pi1 sudo "
           "timedatectl set-ntp true\n"
           "pi1 home, its home is not writable: Read-only file system | ssh -t -p 2222 pi@pi1 "
           "sudo mount -o remount,rw /\n"
           "pi1 no-mpi, it has no MPI: mpirun not found | ssh -t -p 2222 pi@pi1 sudo apt install "
           "openmpi-bin\n"
           "pi1 space, its home has 100 MB left | ssh -t -p 2222 pi@pi1 'du -xh ~ | sort -h | "
           "tail'\n"
           "note: pi1 rsync, it has no rsync: `pisdk deploy` sends whole files | ssh -t -p 2222 "
           "pi@pi1 sudo apt install rsync\n");
    // What is not known, or within what the measurement may be wrong by, is not wrong.
    make(&b, 1);
    f = &b.boards[0].facts;
    f->has_clock = true;
    f->clock_offset = 2.5;
    f->clock_error = 0.6;
    f->has_space = false;
    f->free_space = 0;
    set(&f->arch, NULL);
    expect(&b, "");
}

static void test_path(void **state)
{
    struct boards b;
    (void)state;
    make(&b, 1);
    set(&b.boards[0].facts.daemon, NULL);
    expect(&b, "pi1 path, orted, which mpirun starts by ssh, is not in PATH | ssh -t pi@pi1 sudo "
               "apt install openmpi-bin\n");
    make(&b, 1);
    set(&b.boards[0].facts.daemon, NULL);
    set(&b.boards[0].facts.elsewhere, "/opt/ompi/bin/orted");
    expect(&b, "pi1 path, orted, which mpirun starts by ssh, is not in the PATH of ssh commands, "
               "but is /opt/ompi/bin/orted: ~/.bashrc returns early when not interactive | ssh -t "
               "pi@pi1 \"sed -i '1i export PATH=/opt/ompi/bin:\\$PATH' ~/.bashrc\"\n");
    // A command that somebody may copy has nothing in it that the board made up.
    make(&b, 1);
    set(&b.boards[0].facts.mpi, NULL);
    set(&b.boards[0].facts.elsewhere, "/opt/$(reboot)/bin/mpirun");
    expect(&b, "pi1 path, /opt/$(reboot)/bin/mpirun is installed, but not in the PATH of ssh "
               "commands: ~/.bashrc returns early when not interactive | set PATH in the first "
               "line of its ~/.bashrc\n");
}

static void test_unlike_boards(void **state)
{
    struct boards b;
    (void)state;
    make(&b, 3);
    set(&b.boards[0].facts.release, "trixie");
    b.boards[0].facts.time_bits = 64;
    set(&b.boards[0].facts.mpi_version, "5.0.7");
    expect(&b, "pi1 mpi, it has openmpi 5.0.7; pi2 has openmpi 4.1.4 | the same system as pi2 has\n"
               "pi1 system, it has trixie with 64-bit time_t; pi2 has bookworm with 32-bit time_t "
               "| write the image of pi2 to its card\n");
    make(&b, 4);
    set(&b.boards[1].facts.mpi_version, "4.1.0");
    set(&b.boards[2].facts.mpi, "mpich");
    set(&b.boards[3].facts.user, "jan");
    b.boards[0].answered = false;
    b.probe.first = 1;
    set(&b.boards[3].facts.release, NULL); // one that does not say is not another one
    set(&b.boards[3].facts.version, NULL);
    err_set(&b.boards[0].why, ERR_NETWORK, "off");
    expect(&b, "pi1 no-answer, off | check that it is on, then try: ssh -t pi@pi1 "
               "true\n"
               "pi3 mpi, it has mpich 4.1.4; pi2 has openmpi 4.1.0 | ssh -t pi@pi3 'sudo apt "
               "install openmpi-bin && sudo update-alternatives --set mpirun "
               "/usr/bin/mpirun.openmpi'\n"
               "pi4 mpi, it has openmpi 4.1.4; pi2 has openmpi 4.1.0 | the same system as pi2 "
               "has\n"
               "pi4 user, ssh logs in as jan in /home/pi; pi2 has pi in /home/pi | log in as on "
               "pi2: host = USER@HOST in pisdk.ini\n");
}

static void test_twins(void **state)
{
    struct boards b;
    (void)state;
    make(&b, 3);
    set(&b.boards[1].facts.hostname, "pi1");
    set(&b.boards[2].facts.hostname, "pi1");
    set(&b.boards[2].facts.boot, "boot0");
    set(&b.boards[2].facts.host_key, "key0");
    set(&b.boards[2].facts.addresses[0].address, "10.0.0.1");
    expect(&b,
           "pi2 same-name, it has the same host name as pi1 (pi1) | ssh -t pi@pi2 sudo hostnamectl "
           "set-hostname pi2\n"
           "pi3 same-board, it is pi1, by another name | pisdk nodes remove pi3\n");
    make(&b, 2);
    set(&b.boards[1].facts.hostname, "pi1");
    set(&b.boards[1].facts.host_key, "key0");
    set(&b.boards[1].facts.addresses[0].address, "10.0.0.1");
    expect(&b, "pi2 same-address, it has the same address as pi1: 10.0.0.1 | ssh -t pi@pi2 sudo "
               "nmtui\n"
               "pi2 same-name, it has the same host name as pi1 (pi1): their cards are copies of "
               "the same one | "
               "ssh -t pi@pi2 'sudo hostnamectl set-hostname pi2 && sudo rm /etc/ssh/ssh_host_* "
               "&& sudo dpkg-reconfigure openssh-server && sudo reboot'\n");
}

static void not_reached(struct boards *b, const char *said)
{
    make(b, 2);
    b->boards[1].reach = REACH_NO;
    set(&b->boards[1].reached_as, NULL);
    set(&b->boards[1].reach_said, said);
}

static void test_reach(void **state)
{
    struct boards b;
    (void)state;
    not_reached(&b, "pi@pi2: Permission denied (publickey,password).");
    expect(&b, "pi2 reach, pi1 cannot log in to it as pi2: it does not accept a login without a "
               "password | ssh -t pi@pi1 ssh-copy-id pi2\n");
    not_reached(&b, "pi@pi2: Permission denied (publickey,password).");
    b.boards[0].facts.has_key = false;
    expect(&b, "pi2 reach, pi1 cannot log in to it as pi2: it does not accept a login without a "
               "password | ssh -t pi@pi1 'ssh-keygen -t ed25519 && ssh-copy-id pi2'\n");
    not_reached(&b, "No ED25519 host key is known for pi2 Host key verification failed.");
    expect(&b, "pi2 reach, pi1 cannot log in to it as pi2: host key not known yet | ssh -t pi@pi1 "
               "ssh pi2 true\n");
    not_reached(&b, "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @ failed.");
    expect(&b, "pi2 reach, pi1 cannot log in to it as pi2: host key changed: the board was "
               "reinstalled, or this is another machine | ssh -t pi@pi1 "
               "'ssh-keygen -R pi2; ssh pi2 true'\n");
    not_reached(&b, "ssh: Could not resolve hostname pi2: Name or service not known");
    expect(&b, "pi2 reach, pi1 cannot log in to it as pi2: unknown host name | ssh -t pi@pi1 "
               "\"echo 10.0.0.2 pi2 | sudo tee -a /etc/hosts\"\n");
    make(&b, 2);
    set(&b.boards[1].reached_as, "10.0.0.2");
    expect(&b, "note: pi2 name, pi1 reaches it as 10.0.0.2, but not as pi2 | ssh -t pi@pi1 \"echo "
               "10.0.0.2 pi2 | sudo tee -a /etc/hosts\"\n");
}

// Gives a board the addresses of this answer.
static void set_addresses(struct boards *b, size_t i, const char *text)
{
    struct facts more;
    struct facts *f = &b->boards[i].facts;
    read_facts(text, &more);
    struct facts_address *old = f->addresses;
    size_t n_old = f->n_addresses;
    f->addresses = more.addresses;
    f->n_addresses = more.n_addresses;
    more.addresses = old;
    more.n_addresses = n_old;
    facts_release(&more);
}

static void test_networks(void **state)
{
    struct boards b;
    (void)state;
    not_reached(&b, "ssh: connect to host pi2 port 22: No route to host");
    set(&b.boards[1].facts.addresses[0].address, "10.0.1.2");
    expect(&b, "pi2 network, it shares no network with pi1 | connect them to one switch, with "
               "addresses of one network\n"
               "pi2 reach, pi1 cannot log in to it as pi2: it is off, or not on the network | \n");
    // Docker's network is the same everywhere, and joins nothing.
    not_reached(&b, "ssh: connect to host pi2 port 22: No route to host");
    set_addresses(&b, 0, "address docker0 172.17.0.1/16\naddress eth0 10.0.0.1/24\nend\n");
    set_addresses(&b, 1, "address docker0 172.17.0.1/16\naddress eth0 10.0.1.2/24\nend\n");
    expect(&b, "pi2 network, it shares no network with pi1 | connect them to one switch, with "
               "addresses of one network\n"
               "pi2 reach, pi1 cannot log in to it as pi2: it is off, or not on the network | \n");
    make(&b, 2);
    set_addresses(&b, 1, "address docker0 172.17.0.1/16\naddress eth0 10.0.0.2/24\nend\n");
    expect(&b, "note: pi2 interface, it has docker0 with 172.17.0.1 as well, which MPI may try | "
               "pisdk run --on nodes --mca btl_tcp_if_include 10.0.0.0/24\n");
    // A second network of all boards, and MPICH's words for it; on a network of 20 bits.
    make(&b, 2);
    set_addresses(&b, 0, "address wlan0 192.168.17.1/20\nend\n");
    set_addresses(&b, 1, "address eth1 10.9.9.9/8\naddress wlan0 192.168.31.2/20\nend\n");
    set(&b.boards[0].facts.mpi, "mpich");
    set(&b.boards[1].facts.mpi, "mpich");
    expect(&b, "note: pi2 interface, it has eth1 with 10.9.9.9 as well, which MPI may try | pisdk "
               "run --on nodes --mpirun '-iface wlan0'\n");
    // Addresses of version 6 are networks, too.
    not_reached(&b, "ssh: connect to host pi2 port 22: No route to host");
    set_addresses(&b, 0, "address eth0 fd00::1/64\nend\n");
    set_addresses(&b, 1, "address eth0 fd00::2/64\nend\n");
    expect(&b, "pi2 reach, pi1 cannot log in to it as pi2: it is off, or not on the network | \n");
}

static void test_no_answer(void **state)
{
    struct boards b;
    (void)state;
    make(&b, 2);
    b.boards[0].answered = b.boards[1].answered = false;
    b.probe.first = 2;
    err_set(&b.boards[0].why, ERR_NETWORK, "it does not answer");
    err_set(&b.boards[1].why, ERR_VERIFY, "host key not known yet");
    err_hint(&b.boards[1].why, "ssh pi@pi2");
    expect(&b, "pi1 no-answer, it does not answer | check that it is on, then try: "
               "ssh -t pi@pi1 true\n"
               "pi2 host-key, host key not known yet | ssh pi@pi2\n");
}

// The texts are Open MPI's and ssh's own, as they were seen.
static void test_what_mpirun_says(void **state)
{
    static const struct {
        const char *line, *word;
    } cases[] = {
        {"There are not enough slots available in the system to satisfy the 9", "so many ranks"},
        {"bash: line 1: orted: command not found", "has no Open MPI"},
        {"Host key verification failed.", "host key"},
        {"pi@pi2: Permission denied (publickey,password).", "without a password"},
        {"ssh: connect to host pi2 port 22: Connection refused", "no sshd"},
        {"ORTE has lost communication with a remote daemon.", "went away"},
        {"ORTE was unable to reliably start one or more daemons.", "on every board"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct mpi_error *e = mpi_error_find(cases[i].line);
        assert_non_null(e);
        assert_non_null(strstr(e->meaning, cases[i].word));
    }
    assert_true(mpi_error_find(cases[2].line)->weight > mpi_error_find(cases[6].line)->weight);
    assert_null(mpi_error_find("step 10: everybody is there"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_mpirun_says),
        cmocka_unit_test(test_a_board),
        cmocka_unit_test(test_architectures),
        cmocka_unit_test(test_flavours_of_mpi),
        cmocka_unit_test(test_foreign_bytes),
        cmocka_unit_test(test_nothing_wrong),
        cmocka_unit_test(test_one_board),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_unlike_boards),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
