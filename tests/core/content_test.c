/* Content: a module's file as it is at one moment, whoever writes to it. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "native_build.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include <molt/molt.h>

#include "content.h"

typedef struct fixture {
    molt_world *world;
    char folder[PATH_MAX];
} fixture;

static fixture with;

static int set_up(void **state)
{
    (void)state;
    with.world = molt_world_open(NULL);
    native_folder(with.folder, sizeof with.folder);
    return with.world ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    native_remove(with.folder);
    molt_world_close(with.world);
    return 0;
}

static const char *path_of(const char *file)
{
    static char path[PATH_MAX];
    native_format(path, sizeof path, "%s/%s", with.folder, file);
    return path;
}

static molt__content read_file(const char *file)
{
    molt__content content;
    if (molt__content_read(with.world, path_of(file), &content)) fail_msg("%s", molt_last_error(with.world));
    return content;
}

static void refuse_file(const char *path, const char *said)
{
    molt__content content;
    assert_int_equal(molt__content_read(with.world, path, &content), MOLT_ERR_FILE);
    assert_null(content.bytes);
    const char *text = molt_last_error(with.world);
    if (!strstr(text, path) || !strstr(text, said)) fail_msg("expected '%s', got '%s'", said, text);
}

static void content_decides_what_is_new(void **state)
{
    (void)state;
    native_write(with.folder, "a", "one", 3);
    native_write(with.folder, "b", "one", 3);
    native_write(with.folder, "c", "onf", 3);
    native_write(with.folder, "d", "one\0", 4);
    molt__content a = read_file("a"), b = read_file("b"), c = read_file("c"), d = read_file("d");
    assert_memory_equal(a.bytes, "one", 3);
    assert_true(a.length == 3 && a.hash == b.hash);
    assert_true(a.hash != c.hash && a.hash != d.hash);
    molt__content_free(with.world, &a);
    molt__content_free(with.world, &b);
    molt__content_free(with.world, &c);
    molt__content_free(with.world, &d);
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
    (void)state;
    alarm(10);
    refuse_file(path_of("missing.so"), "No such file");
    refuse_file(with.folder, "found a directory");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    refuse_file(path_of("fifo"), "found a FIFO");
    refuse_file("/dev/zero", "found a device");
    char target[PATH_MAX];
    native_format(target, sizeof target, "%s/loop.so", with.folder);
    assert_int_equal(symlink(target, path_of("loop.so")), 0);
    refuse_file(target, "Too many levels of symbolic links");
    alarm(0);
}

static atomic_bool stop_writing;

static void *keep_writing(void *path)
{
    static const char text[64 * 1024] = "x";
    while (!stop_writing) {
        int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        for (int i = 0; i < 8; i++) {
            if (write(out, text, sizeof text) < 0) break;
        }
        close(out);
    }
    return NULL;
}

static void a_file_that_is_being_written_is_read_again_or_refused(void **state)
{
    (void)state;
    char path[PATH_MAX];
    native_format(path, sizeof path, "%s", path_of("busy"));
    native_write(with.folder, "busy", "x", 1);
    pthread_t writer;
    stop_writing = false;
    pthread_create(&writer, NULL, keep_writing, path);
    for (int i = 0; i < 20; i++) {
        molt__content content;
        int code = molt__content_read(with.world, path, &content);
        assert_true(code == MOLT_OK || (code == MOLT_ERR_FILE && strstr(molt_last_error(with.world), "kept changing")));
        molt__content_free(with.world, &content);
    }
    stop_writing = true;
    pthread_join(writer, NULL);
}

/* The room for the content is made after the file was looked at and before it is
 * read: there the file changes, with no change of its length. */
static void *allocate_and_touch(void *user, size_t size, size_t align)
{
    static long tick;
    (void)user;
    (void)align;
    tick++;
    struct timespec times[2] = { { .tv_sec = 1, .tv_nsec = tick }, { .tv_sec = 1, .tv_nsec = tick } };
    utimensat(AT_FDCWD, path_of("busy"), times, 0);
    return malloc(size);
}

static void a_file_that_changes_during_every_read_is_refused(void **state)
{
    (void)state;
    molt_config config = molt_config_default();
    config.allocate = allocate_and_touch;
    molt_world *world = molt_world_open(&config);
    molt__content content;
    native_write(with.folder, "busy", "x", 1);
    assert_int_equal(molt__content_read(world, path_of("busy"), &content), MOLT_ERR_FILE);
    assert_non_null(strstr(molt_last_error(world), "kept changing"));
    molt_world_close(world);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(content_decides_what_is_new),
        test(what_is_no_file_is_refused_without_waiting),
        test(a_file_that_is_being_written_is_read_again_or_refused),
        test(a_file_that_changes_during_every_read_is_refused),
    };
    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
