/* Staging: private copies of a module's file, and what becomes of them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "native_build.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <molt/molt.h>

#include "stage.h"

typedef struct fixture {
    molt_world *world;
    char folder[PATH_MAX];           /* the test's; TMPDIR is folder/temp */
    char temp[PATH_MAX];
    molt__stage stage;
} fixture;

static fixture with;

static int set_up(void **state)
{
    (void)state;
    memset(&with, 0, sizeof with);
    with.world = molt_world_open(NULL);
    native_folder(with.folder, sizeof with.folder);
    native_format(with.temp, sizeof with.temp, "%s/temp", with.folder);
    mkdir(with.temp, 0700);
    setenv("TMPDIR", with.temp, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    molt__stage_free(with.world, &with.stage);
    native_remove(with.folder);
    molt_world_close(with.world);
    unsetenv("TMPDIR");
    return 0;
}

static const char *path_of(const char *file)
{
    static char path[PATH_MAX];
    native_format(path, sizeof path, "%s/%s", with.folder, file);
    return path;
}

static char *stage(const char *text)
{
    char *copy = NULL;
    int code = molt__stage_copy(with.world, &with.stage, "bike", path_of("bike.so"), (const unsigned char *)text,
                                strlen(text), &copy);
    if (code != MOLT_OK) fail_msg("%s", molt_last_error(with.world));
    return copy;
}

static int entries_of(const char *folder)
{
    int count = 0;
    DIR *entries = opendir(folder);
    if (!entries) return -1;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

static void each_copy_has_a_name_and_an_inode_of_its_own(void **state)
{
    (void)state;
    struct stat one, two;
    char *first = stage("same"), *second = stage("same");
    assert_string_not_equal(first, second);
    assert_int_equal(stat(first, &one) | stat(second, &two), 0);
    assert_true(one.st_ino != two.st_ino);
    assert_int_equal(one.st_size, 4);
    molt__stage_remove(with.world, first);
    assert_int_equal(access(second, F_OK), 0);
    molt__stage_remove(with.world, second);
}

static void copies_go_to_a_private_folder_that_ends_with_the_stage(void **state)
{
    (void)state;
    struct stat status;
    char *copy = stage("x");
    assert_int_equal(strncmp(copy, with.temp, strlen(with.temp)), 0);
    assert_int_equal(entries_of(with.temp), 1);
    assert_int_equal(stat(with.stage.place[0].folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    molt__stage_remove(with.world, copy);
    molt__stage_free(with.world, &with.stage);
    assert_int_equal(entries_of(with.temp), 0);
}

static void a_temp_folder_that_is_none_is_passed_over(void **state)
{
    (void)state;
    native_write(with.folder, "file", "x", 1);
    const char *const bad[] = { "missing", "file" };
    for (size_t i = 0; i < 2; i++) {
        setenv("TMPDIR", path_of(bad[i]), 1);
        char *copy = stage("x");
        assert_int_equal(strncmp(copy, "/tmp/", 5), 0);
        molt__stage_remove(with.world, copy);
    }
}

static void a_folder_that_was_taken_away_is_made_anew(void **state)
{
    (void)state;
    molt__stage_remove(with.world, stage("x"));
    native_remove(with.stage.place[0].folder);
    char *copy = stage("x");
    assert_int_equal(access(copy, F_OK), 0);
    assert_int_equal(entries_of(with.temp), 1);
    molt__stage_remove(with.world, copy);
}

/* A process that stages a copy and then waits to be killed. */
static pid_t start_other(void)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);                                   /* should the test fail to kill it */
        stage("x");
        if (write(ready[1], "", 1) == 1) pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void kill_other(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void folders_of_the_dead_are_cleared_and_those_of_the_living_kept(void **state)
{
    (void)state;
    kill_other(start_other());
    kill_other(start_other());                       /* clears up after the first */
    pid_t living = start_other();                    /* clears up after the second */
    assert_int_equal(entries_of(with.temp), 1);
    char *copy = stage("x");
    assert_int_equal(entries_of(with.temp), 2);
    kill_other(living);
    molt__stage_remove(with.world, copy);
    molt__stage_free(with.world, &with.stage);
    molt__stage_remove(with.world, stage("x"));
    assert_int_equal(entries_of(with.temp), 1);
}

static void what_is_not_ours_is_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = { "molt",          "molt-",           "molt-1", "molt-1-abcdefg",
                                         "molt-x-abcdef", "molt-1-abcdef.d", "other" };
    for (size_t i = 0; i < 7; i++) {
        char path[2 * PATH_MAX];
        native_format(path, sizeof path, "%s/%s", with.temp, names[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    char beside[2 * PATH_MAX], link[2 * PATH_MAX];
    native_format(beside, sizeof beside, "%s/precious", with.folder);
    native_format(link, sizeof link, "%s/molt-1-abcdef", with.temp);
    assert_int_equal(mkdir(beside, 0700) | symlink(beside, link), 0);
    native_write(beside, "file", "x", 1);
    molt__stage_remove(with.world, stage("x"));
    assert_int_equal(entries_of(with.temp), 9);
    assert_int_equal(entries_of(beside), 1);
}

/* ---- Folders that refuse: mounts of our own, where the system lets us ------ */

static bool mount_temp(const char *folder, unsigned long flags, const char *options)
{
    mkdir(folder, 0700);
    return mount("tmpfs", folder, "tmpfs", flags, options) == 0;
}

static bool map_user(const char *file, const char *format, unsigned id)
{
    char text[64];
    int length = snprintf(text, sizeof text, format, id);
    int out = open(file, O_WRONLY);
    bool done = out >= 0 && write(out, text, (size_t)length) == length;
    if (out >= 0) close(out);
    return done;
}

static bool own_mounts(void)
{
    unsigned user = geteuid(), group = getegid();
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        if (!map_user("/proc/self/setgroups", "deny", 0)) return false;
        if (!map_user("/proc/self/uid_map", "0 %u 1", user)) return false;
        if (!map_user("/proc/self/gid_map", "0 %u 1", group)) return false;
    }
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

enum { FOUND = 0, NOT_FOUND = 1, NOT_ALLOWED = 77 };

/* No cmocka in a child: a failed assertion there would go on with the next test. */
static int stage_in_child(const char *file, size_t length)
{
    static const unsigned char bytes[64 * 1024];
    char *copy = NULL;
    int code = molt__stage_copy(with.world, &with.stage, "bike", file, bytes, length, &copy);
    if (code) fprintf(stderr, "%s\n", molt_last_error(with.world));
    return code;
}

/* Every candidate refuses in its own way. The test's folder may itself be under
 * /tmp, which is covered here, so /mnt stands in for it. */
static int refuse_everywhere(void)
{
    if (!own_mounts() || !mount_temp("/mnt", 0, NULL) || !mount_temp("/mnt/full", 0, "size=4k")) return NOT_ALLOWED;
    if (!mount_temp("/tmp", MS_NOEXEC, NULL) || !mount_temp("/var/tmp", MS_RDONLY, NULL)) return NOT_ALLOWED;
    setenv("TMPDIR", "/mnt/full", 1);
    setenv("XDG_RUNTIME_DIR", "/no/such/folder", 1);
    int code = stage_in_child("/mnt/away/bike.so", 64 * 1024);
    const char *text = molt_last_error(with.world);
    static const char *const said[] = { "/mnt/full: No space left", "/tmp: does not let files be executed",
                                        "/var/tmp: Read-only", "/no/such/folder: No such file",
                                        "/mnt/away: No such file" };
    bool all = code == MOLT_ERR_FILE && entries_of("/tmp") == 0 && entries_of("/mnt/full") == 0;
    for (size_t i = 0; i < 5; i++) all = all && strstr(text, said[i]);
    return all ? FOUND : NOT_FOUND;
}

static int use_the_last(void)
{
    if (!own_mounts() || !mount_temp("/mnt", 0, NULL)) return NOT_ALLOWED;
    if (!mount_temp("/tmp", MS_NOEXEC, NULL) || !mount_temp("/var/tmp", MS_NOEXEC, NULL)) return NOT_ALLOWED;
    unsetenv("TMPDIR");
    unsetenv("XDG_RUNTIME_DIR");
    if (stage_in_child("/mnt/bike.so", 1)) return NOT_FOUND;
    return entries_of("/mnt") == 1 && entries_of("/tmp") == 0 ? FOUND : NOT_FOUND;
}

static void in_child(int (*function)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) _exit(function());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOT_ALLOWED) {
        print_message("[  NOTE    ] not allowed to mount here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), FOUND);
}

static void full_noexec_and_read_only_folders_are_each_named(void **state)
{
    (void)state;
    in_child(refuse_everywhere);
}

static void the_modules_own_folder_is_the_last_resort(void **state)
{
    (void)state;
    in_child(use_the_last);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(each_copy_has_a_name_and_an_inode_of_its_own),
        test(copies_go_to_a_private_folder_that_ends_with_the_stage),
        test(a_temp_folder_that_is_none_is_passed_over),
        test(a_folder_that_was_taken_away_is_made_anew),
        test(folders_of_the_dead_are_cleared_and_those_of_the_living_kept),
        test(what_is_not_ours_is_left_alone),
        test(full_noexec_and_read_only_folders_are_each_named),
        test(the_modules_own_folder_is_the_last_resort),
    };
    return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
