// SPDX-License-Identifier: MIT
// The folder of a cluster, and who has it.

#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "cluster/folder.h"

static void make_file(const char *dir, const char *name)
{
    _cleanup_free_ char *path = fs_join(dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

// What a cluster that ended has left.
static void make_left(const char *runtime, const char *dir)
{
    enum { FILES = 400 };
    struct err err = ERR_INIT;
    char name[16];
    assert_int_equal(fs_mkdir_all(runtime, 0700, &err), 0);
    assert_int_equal(fs_mkdir_all(dir, 0700, &err), 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%d", i);
        make_file(dir, name);
    }
    make_file(dir, "lock");
}

// Whoever removes it may be killed at any moment: the next one removes the rest.
static void test_killed_while_it_removes(void **state)
{
    enum { ROUNDS = 40, STEP_NS = 100 * 1000 };
    char runtime[] = "/tmp/pisdk-test-XXXXXX";
    struct err err = ERR_INIT;
    (void)state;

    assert_non_null(mkdtemp(runtime));
    for (int i = 0; i < ROUNDS; i++) {
        const struct timespec delay = {.tv_nsec = (long)i * STEP_NS};
        struct cluster_folder p;
        _cleanup_free_ char *dir = cluster_folder_path(runtime, "c");
        make_left(runtime, dir);
        pid_t pid = fork();
        if (pid == 0) {
            cluster_folder_is_alive(dir);
            _exit(0);
        }
        nanosleep(&delay, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);

        assert_int_equal(cluster_folder_claim(runtime, "c", &p, &err), 0);
        _cleanup_strv_ struct strv names = {0};
        assert_int_equal(fs_list_dir(p.dir, &names, &err), 0);
        assert_int_equal(names.n, 1); // the lock
        cluster_folder_remove(p.dir);
        cluster_folder_release(&p);
    }
    assert_int_equal(fs_remove_tree(runtime, &err), 0);
}

static void test_taken(void **state)
{
    char runtime[] = "/tmp/pisdk-test-XXXXXX";
    struct err err = ERR_INIT;
    struct cluster_folder p;
    struct cluster_folder q;
    (void)state;

    assert_non_null(mkdtemp(runtime));
    assert_int_equal(cluster_folder_claim(runtime, "c", &p, &err), 0);
    assert_true(cluster_folder_is_alive(p.dir));
    assert_int_equal(cluster_folder_claim(runtime, "c", &q, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    _cleanup_free_ char *dir = xstrdup(p.dir);
    cluster_folder_release(&p);
    assert_false(cluster_folder_is_alive(dir));
    assert_false(fs_is_dir(runtime)); // nothing else was there
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_while_it_removes),
        cmocka_unit_test(test_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
