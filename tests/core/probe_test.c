/* Probes: code that crashes, exits or loops does so in a child, and nobody notices. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

/* Counted by whoever shares the memory: the host and every child of it. */
static _Atomic int *shared;

enum { AT_EXIT, CRASHES, CHILDREN, COUNTERS };

static void count_exit(void)
{
    shared[AT_EXIT]++;
}

static void count_crash(int number)
{
    (void)number;
    shared[CRASHES]++;
    _exit(99);
}

static void count_child(int number)
{
    (void)number;
    shared[CHILDREN]++;
}

static int set_up_probe(void **state)
{
    int err = set_up(state);
    molt_module_probe(with.world, true);
    for (int i = 0; i < COUNTERS; i++) shared[i] = 0;
    return err;
}

static int tear_down_probe(void **state)
{
    signal(SIGSEGV, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    errno = 0;
    bool zombie = waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD;
    return tear_down(state) || zombie;
}

#define CONSTRUCTOR(body) "__attribute__((constructor)) static void begin(void) { " body " }\n"
#define INCLUDES "#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n"

static void build_bike(const char *before, const char *setup)
{
    char text[4096];
    native_format(text, sizeof text, INCLUDES "%s" BIKE_TEXT RANGE_TEXT(50) "MOLT_MODULE(bike, \"2\") { %s" BOTH
                  " return MOLT_OK; }\n", before, setup);
    native_build(with.folder, "bike", text);
}

/* The module in its place now is refused with these words, and the good one serves on. */
static void refuse_next(molt_module *module, molt_object *object, const char *said)
{
    size_t images = molt_module_images(with.world);
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_MODULE);
    const char *text = molt_last_error(with.world);
    if (!strstr(text, said)) fail_msg("expected '%s', got '%s'", said, text);
    assert_non_null(strstr(molt_last_hint(with.world), "nothing of it ran in this process"));
    assert_int_equal(molt_module_images(with.world), images);
    assert_true(range_of(object) == 210);
    molt_world_tick(with.world);
    assert_true(range_of(object) == 210);
}

static void refuse_constructor(const char *body, const char *said)
{
    molt_module *module = load_bike();
    char text[2048];
    native_format(text, sizeof text, CONSTRUCTOR("%s"), body);
    build_bike(text, "");
    refuse_next(module, new_object(module, "Car"), said);
}

static void a_constructor_that_crashes_is_refused_by_its_signal(void **state)
{
    (void)state;
    refuse_constructor("*(volatile int *)8 = 1;", "it crashed with SIGSEGV in a constructor");
}

static void a_constructor_that_aborts_is_refused_by_its_signal(void **state)
{
    (void)state;
    refuse_constructor("abort();", "it crashed with SIGABRT in a constructor");
}

static void a_constructor_that_exits_is_refused_by_its_status(void **state)
{
    (void)state;
    refuse_constructor("exit(3);", "it exited with status 3 in a constructor");
    assert_int_equal(shared[AT_EXIT], 0);            /* the host's atexit functions are the host's */
}

static void a_constructor_that_leaves_without_exit_is_refused_by_its_status(void **state)
{
    (void)state;
    refuse_constructor("_exit(4);", "it exited with status 4 in a constructor");
}

static void a_constructor_that_ends_well_is_refused_all_the_same(void **state)
{
    (void)state;
    refuse_constructor("exit(0);", "it exited with status 0 in a constructor");
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void a_constructor_that_loops_is_refused_when_its_time_is_up(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    build_bike(CONSTRUCTOR("for (;;) pause();"), "");
    molt_reload_options options = { .size = sizeof options, .timeout = 0.125 };
    double start = now();
    assert_int_equal(molt_module_reload(module, &options, NULL), MOLT_ERR_MODULE);
    assert_true(now() - start < 5);
    assert_non_null(strstr(molt_last_error(with.world), "it did not return within 0.125 s in a constructor"));
    assert_true(range_of(object) == 210);
    start = now();
    refuse_next(module, object, "it did not return within 1 s in a constructor");
    assert_true(now() - start >= 1);
}

static void a_setup_that_crashes_is_refused(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    build_bike("", "raise(SIGSEGV); ");
    refuse_next(module, new_object(module, "Car"), "it crashed with SIGSEGV in its setup");
}

static void a_destructor_that_crashes_is_refused(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    build_bike("__attribute__((destructor)) static void end(void) { raise(SIGILL); }\n", "");
    refuse_next(module, new_object(module, "Car"), "it crashed with SIGILL in a destructor");
}

static void the_first_load_is_tried_too(void **state)
{
    (void)state;
    build_bike(CONSTRUCTOR("*(volatile int *)8 = 1;"), "");
    assert_null(molt_module_load(with.world, "bike"));
    assert_non_null(strstr(molt_last_error(with.world), "it crashed with SIGSEGV in a constructor"));
    assert_int_equal(molt_module_images(with.world), 0);
    load_bike();
}

/* What setup says in the child is not the last word: it may miss what is closed there. */
static void a_setup_that_fails_only_in_the_child_is_no_refusal(void **state)
{
    (void)state;
    char text[256];
    int descriptor = open("/dev/null", O_RDONLY);
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_format(text, sizeof text, "if (lseek(%d, 0, SEEK_CUR) < 0) return molt_fail(molt, \"closed\"); ", descriptor);
    build_bike("", text);
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    assert_true(range_of(object) == 250);
    close(descriptor);
}

static void a_setup_that_fails_says_so_in_its_own_words(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    build_bike("", "molt_log(molt->world, MOLT_LOG_INFO, \"once\"); if (molt) return molt_fail(molt, \"not today\"); ");
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_MODULE);
    assert_non_null(strstr(molt_last_error(with.world), "serves on: not today"));
    const char *heard = strstr(with.log, "once");
    assert_non_null(heard);
    assert_null(strstr(heard + 1, "once"));          /* the child's log is silent */
}

/* Six that never rest share its processor: it takes seven times as long. */
static void a_busy_machine_is_not_the_modules_fault(void **state)
{
    (void)state;
    if (access("/proc/self/schedstat", R_OK) != 0) {
        print_message("[  NOTE    ] this kernel does not tell how long a process waits\n");
        skip();
    }
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    build_bike("#include <time.h>\n" CONSTRUCTOR("struct timespec t; do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); "
               "while (t.tv_sec == 0 && t.tv_nsec < 200000000);"), "");
    cpu_set_t before, one;
    pid_t busy[6];
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++) {
        if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    for (int i = 0; i < 6; i++) {
        busy[i] = fork();
        if (busy[i] == 0) {
            alarm(60);
            for (;;) continue;
        }
    }
    molt_reload_options options = { .size = sizeof options, .timeout = 0.5 };
    double start = now();
    int err = molt_module_reload(module, &options, NULL);
    double took = now() - start;
    for (int i = 0; i < 6; i++) kill(busy[i], SIGKILL);
    for (int i = 0; i < 6; i++) waitpid(busy[i], NULL, 0);
    sched_setaffinity(0, sizeof before, &before);
    if (err) fail_msg("%s", molt_last_error(with.world));
    assert_true(took > 0.5);                         /* or it was not busy */
    assert_true(range_of(object) == 250);
}

/* ---- Nothing of the host's shows it ----------------------------------------- */

static int lines_of(const char *file)
{
    char path[2 * PATH_MAX];
    int count = 0;
    native_format(path, sizeof path, "%s/%s", with.folder, file);
    FILE *in = fopen(path, "r");
    for (int byte; in && (byte = fgetc(in)) != EOF;) count += byte == '\n';
    if (in) fclose(in);
    return count;
}

static void build_counting(void)
{
    char text[2048];
    native_format(text, sizeof text, CONSTRUCTOR("FILE *f = fopen(\"%s/ran\", \"a\"); fputs(\"x\\n\", f); fclose(f);"),
                  with.folder);
    build_bike(text, "");
}

static void it_is_the_worlds_choice_and_each_reloads(void **state)
{
    (void)state;
    const molt_reload_options on = { .size = sizeof on, .flags = MOLT_RELOAD_PROBE };
    const molt_reload_options off = { .size = sizeof off, .flags = MOLT_RELOAD_NO_PROBE };
    molt_module *module = load_bike();
    build_counting();
    assert_int_equal(molt_module_reload(module, &off, NULL), MOLT_OK);
    assert_int_equal(lines_of("ran"), 1);
    molt_module_probe(with.world, false);
    assert_false(molt_module_probes(with.world));
    build_bike("", "");
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    build_counting();
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    assert_int_equal(lines_of("ran"), 2);
    build_bike("", "");
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    build_counting();
    assert_int_equal(molt_module_reload(module, &on, NULL), MOLT_OK);
    assert_int_equal(lines_of("ran"), 4);            /* in the child and here */
}

static void the_environment_decides_where_nobody_else_does(void **state)
{
    (void)state;
    molt_world_close(with.world);
    with.world = open_world();
    setenv("MOLT_PROBE", "0", 1);
    assert_false(molt_module_probes(with.world));
    setenv("MOLT_PROBE", "1", 1);
    assert_true(molt_module_probes(with.world));
    molt_module_probe(with.world, false);
    assert_false(molt_module_probes(with.world));
    unsetenv("MOLT_PROBE");
}

static void the_hosts_crash_handler_does_not_run(void **state)
{
    (void)state;
    signal(SIGSEGV, count_crash);
    refuse_constructor("*(volatile int *)8 = 1;", "it crashed with SIGSEGV in a constructor");
    assert_int_equal(shared[CRASHES], 0);
}

static void the_hosts_files_and_output_are_out_of_reach(void **state)
{
    (void)state;
    char text[1024], path[PATH_MAX + 16];
    molt_module *module = load_bike();
    native_format(path, sizeof path, "%s/file", with.folder);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    int output = dup(STDOUT_FILENO);
    dup2(file, STDOUT_FILENO);
    printf("waiting in the buffer");                 /* not to be written by the child */
    native_format(text, sizeof text, CONSTRUCTOR("if (write(%d, \"x\", 1) != 1 || write(1, \"y\", 1) != 1) {} "
                  "printf(\"z\"); fflush(stdout); exit(0);"), file);
    build_bike(text, "");
    int err = molt_module_reload(module, NULL, NULL);
    off_t written = lseek(file, 0, SEEK_END);
    fflush(stdout);
    dup2(output, STDOUT_FILENO);
    close(output);
    close(file);
    assert_int_equal(err, MOLT_ERR_MODULE);
    assert_int_equal(written, 0);
}

static int descriptors(void)
{
    int count = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (readdir(entries)) count++;
    closedir(entries);
    return count;
}

static void probes_leave_no_descriptor_and_no_process(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    build_bike(CONSTRUCTOR("abort();"), "");
    molt_module_reload(module, NULL, NULL);
    int before = descriptors();
    for (int i = 0; i < 50; i++) assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_MODULE);
    assert_int_equal(descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void the_host_hears_no_signal_of_a_probe(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    signal(SIGCHLD, count_child);
    build_bike("", "");
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    build_bike(CONSTRUCTOR("abort();"), "");
    signal(SIGCHLD, count_child);
    shared[CHILDREN] = 0;                            /* what the compilers were worth */
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_MODULE);
    assert_int_equal(shared[CHILDREN], 0);
}

static void the_hosts_own_child_is_heard_of_after_the_probe(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    build_bike(CONSTRUCTOR("usleep(200000);"), "");
    signal(SIGCHLD, count_child);
    shared[CHILDREN] = 0;
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);                               /* ends while the probe is under way */
        _exit(0);
    }
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    assert_in_range(shared[CHILDREN], 1, 2);
}

static void a_host_that_ignores_its_children_is_no_obstacle(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    build_bike(CONSTRUCTOR("exit(3);"), "");
    signal(SIGCHLD, SIG_IGN);
    int err = molt_module_reload(module, NULL, NULL);
    signal(SIGCHLD, SIG_DFL);
    assert_int_equal(err, MOLT_ERR_MODULE);
    assert_non_null(strstr(molt_last_error(with.world), "it exited with status 3 in a constructor"));
    build_bike("", "");
    signal(SIGCHLD, SIG_IGN);
    err = molt_module_reload(module, NULL, NULL);
    signal(SIGCHLD, SIG_DFL);
    assert_int_equal(err, MOLT_OK);
    assert_true(range_of(object) == 250);
}

static void *keep_allocating(void *done)
{
    while (!atomic_load((atomic_bool *)done)) {
        void *volatile memory = malloc(100);
        free(memory);
    }
    return NULL;
}

static void a_host_with_threads_that_allocate_is_no_obstacle(void **state)
{
    (void)state;
    atomic_bool done = false;
    pthread_t threads[2];
    unsigned char *bytes[2];
    size_t length[2];
    molt_module *module = load_bike();
    bytes[0] = native_read(with.folder, "bike.so", &length[0]);
    build_bike("", "");
    bytes[1] = native_read(with.folder, "bike.so", &length[1]);
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, keep_allocating, &done), 0);
    for (int i = 1; i <= 100; i++) {
        native_write(with.folder, "bike.so", bytes[i % 2], length[i % 2]);
        if (molt_module_reload(module, NULL, NULL)) fail_msg("%s", molt_last_error(with.world));
        molt_world_tick(with.world);
    }
    atomic_store(&done, true);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    free(bytes[0]);
    free(bytes[1]);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up_probe, tear_down_probe)

int main(void)
{
    shared = mmap(NULL, COUNTERS * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || atexit(count_exit)) return 1;
    const struct CMUnitTest tests[] = {
        test(a_constructor_that_crashes_is_refused_by_its_signal),
        test(a_constructor_that_aborts_is_refused_by_its_signal),
        test(a_constructor_that_exits_is_refused_by_its_status),
        test(a_constructor_that_leaves_without_exit_is_refused_by_its_status),
        test(a_constructor_that_ends_well_is_refused_all_the_same),
        test(a_constructor_that_loops_is_refused_when_its_time_is_up),
        test(a_busy_machine_is_not_the_modules_fault),
        test(a_setup_that_crashes_is_refused),
        test(a_destructor_that_crashes_is_refused),
        test(the_first_load_is_tried_too),
        test(a_setup_that_fails_only_in_the_child_is_no_refusal),
        test(a_setup_that_fails_says_so_in_its_own_words),
        test(it_is_the_worlds_choice_and_each_reloads),
        test(the_environment_decides_where_nobody_else_does),
        test(the_hosts_crash_handler_does_not_run),
        test(the_hosts_files_and_output_are_out_of_reach),
        test(probes_leave_no_descriptor_and_no_process),
        test(the_host_hears_no_signal_of_a_probe),
        test(the_hosts_own_child_is_heard_of_after_the_probe),
        test(a_host_that_ignores_its_children_is_no_obstacle),
        test(a_host_with_threads_that_allocate_is_no_obstacle),
    };
    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
