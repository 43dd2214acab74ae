/*
 * Killed: a process that dies at any moment of a reload leaves nothing that the
 * next one stumbles over, and nothing at all once that one has ended.
 * `molt test --long` kills 200 processes, else 20.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum { BUILDS = 2 };

static unsigned char *built[BUILDS];
static size_t length[BUILDS];

static void build_both(void)
{
    static const char *const texts[BUILDS] = { BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", BOTH),
                                               BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("2", BOTH) };
    for (int i = 0; i < BUILDS; i++) {
        native_build(with.folder, "bike", texts[i]);
        native_stamp(with.folder, "bike.so");
        built[i] = native_read(with.folder, "bike.so", &length[i]);
    }
}

static void free_both(void)
{
    for (int i = 0; i < BUILDS; i++) free(built[i]);
}

/* As a build puts it there: whole or not at all. */
static int put(int which)
{
    char made[PATH_MAX + 64], file[PATH_MAX + 64];
    native_format(made, sizeof made, "%s/bike.%d.new", with.folder, (int)getpid());
    native_format(file, sizeof file, "%s/bike.so", with.folder);
    int out = open(made, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    bool whole = out >= 0 && write(out, built[which], length[which]) == (ssize_t)length[which];
    if (out >= 0) close(out);
    return whole ? rename(made, file) : -1;
}

/* ---- The program that is killed; no cmocka in it ----------------------------- */

static double answer(molt_object *object)
{
    Bike *bike = molt_as(object, Bike);
    return molt_call(bike, range, 1);
}

/* Loads, and reloads `count` times, or for ever. 0: all was as it should be. */
static int reload_on(int count, int ready)
{
    int wrong = 0;
    molt_world *world = molt_world_open(NULL);
    molt_module_path(world, with.folder);
    molt_module_probe(world, true);
    molt_module *module = molt_module_load(world, "bike");
    if (!module) {
        fprintf(stderr, "%s\n", molt_last_error(world));
        return 1;
    }
    molt_impl *impl = molt_module_impl(module, "Bike");
    molt_trait *trait = molt_impl_trait(impl);
    molt_class_lines lines = { .size = sizeof lines, .name = "Car", .traits = &trait, .trait_count = 1 };
    molt_class *cls = molt_class_declare(world, &lines);
    molt_class_use(cls, trait, impl);
    molt_object *object = molt_object_new(world, cls);
    if (ready >= 0 && write(ready, "", 1) != 1) return 1;
    for (int i = 1; count < 0 || i <= count; i++) {
        if (put(i % BUILDS)) return 2;
        wrong += molt_module_reload(module, NULL, NULL) != MOLT_OK;
        double is = answer(object);
        wrong += is != 210 && is != 250;
        molt_world_tick(world);
    }
    molt_world_close(world);
    return wrong;
}

static pid_t start(int count, int *ready)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        _exit(reload_on(count, ends[1]));
    }
    close(ends[1]);
    *ready = ends[0];
    return child;
}

/* ---- Killing it ---------------------------------------------------------------- */

static uint32_t chance(uint32_t below)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static void kill_one(void)
{
    int ready;
    char byte;
    pid_t child = start(-1, &ready);
    assert_int_equal(read(ready, &byte, 1), 1);
    close(ready);
    uint32_t micros = chance(6000);                  /* a reload and its probe take about one */
    nanosleep(&(struct timespec){ .tv_nsec = 1000L * micros }, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status)) fail_msg("it ended by itself, with %d", WEXITSTATUS(status));
}

static void expect_a_good_start(void)
{
    int ready, status;
    pid_t child = start(2, &ready);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ready);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int deaths(void)
{
    return 200;
}

/* A probe's child may outlive its parent by the moment that the kernel takes, and
 * holds the lock of the parent's folder until then. */
static bool no_litter(void)
{
    for (int i = 0; i < 50 && copies_left(); i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
        expect_a_good_start();
    }
    return copies_left() == 0;
}

static void the_next_start_works_and_leaves_no_litter(void **state)
{
    (void)state;
    build_both();
    int most = 0;
    for (int i = 0; i < deaths(); i++) {
        kill_one();
        if (copies_left() > most) most = copies_left();
        expect_a_good_start();
    }
    assert_true(no_litter());
    assert_in_range(most, 1, 3);                     /* litter there was, and it does not pile up */
    print_message("[  NOTE    ] %d processes killed\n", deaths());
    free_both();
}

/* What the probe runs ends with the process that asked, whatever it does. */
static void a_probe_under_way_ends_with_the_host(void **state)
{
    (void)state;
    char text[2048], path[PATH_MAX + 16], pid[32];
    native_format(path, sizeof path, "%s/pid", with.folder);
    native_format(text, sizeof text, "#include <stdio.h>\n#include <unistd.h>\n"
                  "__attribute__((constructor)) static void begin(void) { FILE *f = fopen(\"%s.new\", \"w\");"
                  " fprintf(f, \"%%d\", (int)getpid()); fclose(f); rename(\"%s.new\", \"%s\"); for (;;) pause(); }\n"
                  BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", BOTH), path, path, path);
    native_build(with.folder, "bike", text);
    pid_t host = fork();
    if (host == 0) _exit(reload_on(0, -1));
    for (int i = 0; i < 500 && access(path, F_OK); i++) nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    size_t size;
    unsigned char *bytes = native_read(with.folder, "pid", &size);
    native_format(pid, sizeof pid, "%.*s", (int)size, (const char *)bytes);
    free(bytes);
    assert_true(atoi(pid) > 1 && atoi(pid) != host);
    kill(host, SIGKILL);
    waitpid(host, NULL, 0);
    bool gone = false;
    for (int i = 0; i < 200 && !gone; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
        gone = kill(atoi(pid), 0) != 0 && errno == ESRCH;
        char stat_path[64], state_text[256] = "";
        native_format(stat_path, sizeof stat_path, "/proc/%d/stat", atoi(pid));
        FILE *in = fopen(stat_path, "r");            /* dead, though nobody has asked after it yet? */
        if (in && fgets(state_text, sizeof state_text, in)) gone = gone || strstr(state_text, ") Z ");
        if (in) fclose(in);
    }
    assert_true(gone);
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", BOTH));
    load("bike");                                    /* and clears what the host left */
}

/* Two processes reload the same file, each in folders of its own. */
static void two_processes_do_not_disturb_each_other(void **state)
{
    (void)state;
    pid_t child[2];
    int ready[2];
    build_both();
    for (int i = 0; i < 2; i++) child[i] = start(40, &ready[i]);
    for (int i = 0; i < 2; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        close(ready[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    assert_int_equal(copies_left(), 0);
    free_both();
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_next_start_works_and_leaves_no_litter),
        test(a_probe_under_way_ends_with_the_host),
        test(two_processes_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
