/* In development: pointers into images that are gone are caught and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "loader.h"
#include "module.h"
#include "module_fixture.h"
#include "world_state.h"

static molt_world *open_development(bool development)
{
    molt_config config = molt_config_default();
    config.development = development;
    config.log = hear;
    molt_world *world = molt_world_open(&config);
    assert_non_null(world);
    world->border->exposed = 0;                      /* images go at once */
    return world;
}

static void restart(bool development)
{
    molt_world_close(with.world);
    with.world = open_development(development);
    assert_int_equal(molt_module_path(with.world, with.folder), MOLT_OK);
}

/* The test program has a handler too, which it sets anew before and after each
 * test: so each test begins and ends its world by itself. */
static int set_up_plain(void **state)
{
    set_up(state);
    restart(false);
    return 0;
}

static void build(int factor)
{
    char text[4096];
    native_format(text, sizeof text, BIKE_TEXT "const char *const molt_text = \"a text of the image\";\n"
                  RANGE_TEXT(%d) MODULE_TEXT("2", BOTH), factor);
    native_build(with.folder, "bike", text);
}

static void next(molt_module *module, int factor)
{
    build(factor);
    molt_reload_report report = { .size = sizeof report };
    if (molt_module_reload(module, NULL, &report)) fail_msg("%s", molt_last_error(with.world));
    assert_int_equal(report.fate, MOLT_IMAGE_UNLOADED);
}

/* Runs it in a child, under its own world and this handler: how it ended, and what
 * it said. */
static int status_of(void (*handler)(int), void (*act)(void), char *said, size_t size)
{
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], STDERR_FILENO);
        signal(SIGSEGV, handler);
        restart(true);
        act();
        _exit(0);
    }
    close(pipe_ends[1]);
    size_t length = 0;
    for (ssize_t got; length + 1 < size && (got = read(pipe_ends[0], said + length, size - length - 1)) > 0;) {
        length += (size_t)got;
    }
    said[length] = '\0';
    close(pipe_ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    load_bike();                                     /* clears up what the dead one left */
    return status;
}

/* A sanitizer has a handler of its own, which ends the process otherwise. */
static bool died(int status)
{
#if defined(__SANITIZE_ADDRESS__)
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
#else
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
#endif
}

static void call_it(void)
{
    molt_module *module = load_bike();
    Bike *bike = molt_as(new_object(module, "Car"), Bike);
    for (int i = 0; i < 2; i++) next(module, 50 + i);
    double (*volatile kept)(Bike *, double) = bike->molt_vtable->range;
    for (int i = 0; i < 3; i++) next(module, 60 + i);
    kept(bike, 1);
}

static void a_call_into_an_old_image_is_named_before_the_process_dies(void **state)
{
    (void)state;
    char said[4096];
    assert_true(died(status_of(SIG_DFL, call_it, said, sizeof said)));
    if (!strstr(said, "molt: stale call into bike, generation 3: the image is unloaded (offset 0x")) fail_msg("%s", said);
}

static void read_it(void)
{
    molt_module *module = load_bike();
    const volatile char *text = (const char *)module->generation->info->name;
    next(module, 60);
    if (*text) _exit(0);
}

static void a_text_of_an_old_image_is_named_too(void **state)
{
    (void)state;
    char said[4096];
    assert_true(died(status_of(SIG_DFL, read_it, said, sizeof said)));
    if (!strstr(said, "molt: stale pointer into bike, generation 1: ")) fail_msg("%s", said);
}

static void fault(void)
{
    load_bike();
    void *wall = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *(volatile int *)wall = 1;
}

static void other_faults_are_not_ours_to_name(void **state)
{
    (void)state;
    char said[4096];
    assert_true(died(status_of(SIG_DFL, fault, said, sizeof said)));
    assert_null(strstr(said, "stale"));
}

static void on_fault(int number)
{
    (void)number;
    static const char text[] = "the host's own handler\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(7);
}

static void the_handler_of_the_host_still_has_its_say(void **state)
{
    (void)state;
    char said[4096];
    int status = status_of(on_fault, read_it, said, sizeof said);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    const char *ours = strstr(said, "stale pointer into bike, generation 1"), *theirs = strstr(said, "the host's own");
    assert_true(ours && theirs && ours < theirs);
}

static void the_handler_goes_with_the_last_world(void **state)
{
    (void)state;
    struct sigaction first, now;
    assert_int_equal(sigaction(SIGSEGV, NULL, &first), 0);
    molt_world *worlds[2];
    for (int i = 0; i < 2; i++) {
        worlds[i] = open_development(true);
        assert_int_equal(molt_module_path(worlds[i], with.folder), MOLT_OK);
    }
    sigaction(SIGSEGV, NULL, &now);
    assert_true(now.sa_sigaction != first.sa_sigaction);
    molt_world_close(worlds[0]);
    sigaction(SIGSEGV, NULL, &now);
    assert_true(now.sa_sigaction != first.sa_sigaction);
    molt_world_close(worlds[1]);
    sigaction(SIGSEGV, NULL, &now);
    assert_true(now.sa_sigaction == first.sa_sigaction);
}

static void the_last_64_places_stay_reserved(void **state)
{
    (void)state;
    molt__span spans[66];
    restart(true);
    molt_module *module = load_bike();
    build(51);
    size_t length[2];
    unsigned char *bytes[2];
    bytes[1] = native_read(with.folder, "bike.so", &length[1]);
    build(50);
    bytes[0] = native_read(with.folder, "bike.so", &length[0]);
    for (int i = 0; i < 66; i++) {
        spans[i] = module->generation->span;
        native_write(with.folder, "bike.so", bytes[i % 2], length[i % 2]);
        assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
        assert_int_equal(molt_module_reserved(with.world), i < 64 ? i + 1 : 64);
    }
    assert_false(molt__span_take(spans[2]));
    assert_false(molt__span_take(spans[65]));
    for (int i = 2; i < 66; i++) {
        for (int j = 2; j < i; j++) assert_true(spans[i].low >= spans[j].high || spans[i].high <= spans[j].low);
    }
    restart(false);
    assert_true(molt__span_take(spans[65]));         /* given back */
    molt__span_release(spans[65]);
    free(bytes[0]);
    free(bytes[1]);
}

static void outside_development_nothing_is_reserved(void **state)
{
    (void)state;
    struct sigaction before, after;
    sigaction(SIGSEGV, NULL, &before);
    molt_module *module = load_bike();
    molt__span span = module->generation->span;
    next(module, 50);
    assert_int_equal(molt_module_reserved(with.world), 0);
    sigaction(SIGSEGV, NULL, &after);
    assert_true(before.sa_sigaction == after.sa_sigaction);
    bool reused = module->generation->span.low < span.high && span.low < module->generation->span.high;
    assert_true(reused || molt__span_take(span));
    if (!reused) molt__span_release(span);
}

static void the_environment_says_what_development_is(void **state)
{
    (void)state;
    setenv("MOLT_DEVELOPMENT", "1", 1);
    assert_true(molt_config_default().development);
    setenv("MOLT_DEVELOPMENT", "0", 1);
    assert_false(molt_config_default().development);
    unsetenv("MOLT_DEVELOPMENT");
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up_plain, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_call_into_an_old_image_is_named_before_the_process_dies),
        test(a_text_of_an_old_image_is_named_too),
        test(other_faults_are_not_ours_to_name),
        test(the_handler_of_the_host_still_has_its_say),
        test(the_handler_goes_with_the_last_world),
        test(the_last_64_places_stay_reserved),
        test(outside_development_nothing_is_reserved),
        test(the_environment_says_what_development_is),
    };
    return cmocka_run_group_tests_name("stale", tests, NULL, NULL);
}
