/* Errors: recorded, advised upon, pending; the log and the assertion hook. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"

typedef struct heard {
    molt_log_level level;
    char text[4096];
    const char *condition;
    int line;
    jmp_buf way_out;
} heard;

static heard ear;

static void hear(void *user, molt_log_level level, const char *text)
{
    heard *to = user;
    to->level = level;
    snprintf(to->text, sizeof to->text, "%s", text);
}

static void leave(void *user, const char *condition, const char *file, int line)
{
    heard *to = user;
    (void)file;
    to->condition = condition;
    to->line = line;
    longjmp(to->way_out, 1);
}

static int open_world(void **state)
{
    molt_config config = molt_config_default();
    config.user = &ear;
    config.log = hear;
    config.assertion = leave;
    memset(&ear, 0, sizeof ear);
    *state = molt_world_open(&config);
    return *state != NULL ? 0 : -1;
}

static int close_world(void **state)
{
    molt_world_close(*state);
    return 0;
}

static void a_new_world_has_no_error(void **state)
{
    assert_int_equal(molt_last_code(*state), MOLT_OK);
    assert_string_equal(molt_last_error(*state), "");
    assert_string_equal(molt_last_hint(*state), "");
    assert_false(molt_error_pending(*state));
}

static void a_failure_records_its_code_and_text(void **state)
{
    assert_int_equal(molt__fail(*state, MOLT_ERR_TYPE, "field '%s' takes %d", "fuel", 3), MOLT_ERR_TYPE);
    assert_int_equal(molt_last_code(*state), MOLT_ERR_TYPE);
    assert_string_equal(molt_last_error(*state), "field 'fuel' takes 3");
}

static void advice_belongs_to_the_error_just_recorded(void **state)
{
    molt__fail(*state, MOLT_ERR_UNKNOWN, "no trait 'Cra'");
    assert_int_equal(molt__hint(*state, "did you mean '%s'?", "Car"), MOLT_ERR_UNKNOWN);
    assert_string_equal(molt_last_hint(*state), "did you mean 'Car'?");
    assert_string_equal(molt_last_error(*state), "no trait 'Cra'");
}

static void the_next_error_forgets_the_advice(void **state)
{
    molt__fail(*state, MOLT_ERR_UNKNOWN, "one");
    molt__hint(*state, "advice");
    molt__fail(*state, MOLT_ERR_RANGE, "two");
    assert_string_equal(molt_last_hint(*state), "");
}

static void an_error_may_quote_the_one_it_replaces(void **state)
{
    molt__fail(*state, MOLT_ERR_RANGE, "300 is too large");
    molt__hint(*state, "less");
    molt__hint(*state, "%s, or use uint16_t", molt_last_hint(*state));
    assert_string_equal(molt_last_hint(*state), "less, or use uint16_t");
    molt__fail(*state, MOLT_ERR_DECLARATION, "trait 'Car': %s", molt_last_error(*state));
    assert_string_equal(molt_last_error(*state), "trait 'Car': 300 is too large");
}

static void a_text_that_is_too_long_ends_in_dots(void **state)
{
    char text[3 * MOLT__ERROR_TEXT];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    molt__fail(*state, MOLT_ERR_LUA, "%s", text);
    const char *kept = molt_last_error(*state);
    assert_int_equal(strlen(kept), MOLT__ERROR_TEXT - 1);
    assert_string_equal(kept + strlen(kept) - 4, "x...");
}

static void a_text_is_not_cut_inside_a_character(void **state)
{
    char text[2 * MOLT__ERROR_TEXT + 1] = "";
    for (int shift = 0; shift < 2; shift++) {
        memset(text, 'x', (size_t)shift);
        for (size_t i = 0; i < MOLT__ERROR_TEXT - 1; i++) {
            memcpy(text + shift + 2 * i, "\xC3\xA9", 3);     /* é */
        }
        molt__fail(*state, MOLT_ERR_LUA, "%s", text);
        const char *kept = molt_last_error(*state);
        size_t length = strlen(kept);
        assert_true(length < MOLT__ERROR_TEXT);
        assert_string_equal(kept + length - 5, "\xC3\xA9...");
    }
}

static void a_pending_error_waits_until_it_is_taken(void **state)
{
    molt__set_pending(*state, MOLT_ERR_LUA, "game.lua:12: no fuel");
    molt__fail(*state, MOLT_ERR_TYPE, "something else meanwhile");
    assert_true(molt_error_pending(*state));

    const char *text = NULL;
    assert_int_equal(molt_error_take(*state, &text), MOLT_ERR_LUA);
    assert_string_equal(text, "game.lua:12: no fuel");
    assert_false(molt_error_pending(*state));
}

static void the_first_pending_error_stays(void **state)
{
    molt__set_pending(*state, MOLT_ERR_LUA, "first");
    molt__set_pending(*state, MOLT_ERR_DEPTH, "second");
    const char *text = NULL;
    assert_int_equal(molt_error_take(*state, &text), MOLT_ERR_LUA);
    assert_string_equal(text, "first");
}

static void a_pending_error_is_taken_once(void **state)
{
    const char *text = NULL;
    molt__set_pending(*state, MOLT_ERR_LUA, "once");
    assert_int_equal(molt_error_take(*state, NULL), MOLT_ERR_LUA);
    assert_int_equal(molt_error_take(*state, &text), MOLT_OK);
    assert_string_equal(text, "");
}

static void a_taken_error_can_be_made_pending_again(void **state)
{
    const char *text = NULL;
    molt__set_pending(*state, MOLT_ERR_LUA, "again and again");
    molt_error_take(*state, &text);
    molt__set_pending(*state, MOLT_ERR_LUA, text);
    molt_error_take(*state, &text);
    assert_string_equal(text, "again and again");
}

static void each_code_has_its_name_in_lower_case(void **state)
{
    (void)state;
    const struct { int code; const char *name; } codes[] = {
#define X(name, value, text) { MOLT_ERR_##name, #name },
        MOLT_ERRORS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char lower[32] = "";
        for (size_t j = 0; codes[i].name[j] != '\0'; j++) {
            char c = codes[i].name[j];
            lower[j] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
        }
        assert_string_equal(molt_err_name(codes[i].code), lower);
    }
    assert_string_equal(molt_err_name(MOLT_OK), "ok");
}

static void a_code_that_is_none_has_a_name_too(void **state)
{
    (void)state;
    assert_string_equal(molt_err_name(1), "invalid");
    assert_string_equal(molt_err_name(-1000000), "invalid");
}

static void the_log_hook_gets_the_formatted_text(void **state)
{
    molt_log(*state, MOLT_LOG_WARNING, "%s generation %d", "motorcycle", 7);
    assert_int_equal(ear.level, MOLT_LOG_WARNING);
    assert_string_equal(ear.text, "motorcycle generation 7");
}

static void a_long_text_in_the_log_ends_in_dots(void **state)
{
    molt_log(*state, MOLT_LOG_INFO, "%*s", 5000, "end");
    assert_true(strlen(ear.text) < 5000);
    assert_non_null(strstr(ear.text, "..."));
}

static void a_broken_invariant_reaches_the_hook(void **state)
{
    int wheels = 3;
    if (setjmp(ear.way_out) == 0) {
        MOLT__ASSERT((const molt_world *)*state, wheels == 4);
        fail_msg("the assertion returned");
    }
    assert_string_equal(ear.condition, "wheels == 4");
    assert_true(ear.line > 0);
}

static void an_invariant_that_holds_is_silent(void **state)
{
    MOLT__ASSERT((const molt_world *)*state, 1 + 1 == 2);
    assert_null(ear.condition);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_world_has_no_error),
        TEST(a_failure_records_its_code_and_text),
        TEST(advice_belongs_to_the_error_just_recorded),
        TEST(the_next_error_forgets_the_advice),
        TEST(an_error_may_quote_the_one_it_replaces),
        TEST(a_text_that_is_too_long_ends_in_dots),
        TEST(a_text_is_not_cut_inside_a_character),
        TEST(a_pending_error_waits_until_it_is_taken),
        TEST(the_first_pending_error_stays),
        TEST(a_pending_error_is_taken_once),
        TEST(a_taken_error_can_be_made_pending_again),
        TEST(each_code_has_its_name_in_lower_case),
        TEST(a_code_that_is_none_has_a_name_too),
        TEST(the_log_hook_gets_the_formatted_text),
        TEST(a_long_text_in_the_log_ends_in_dots),
        TEST(a_broken_invariant_reaches_the_hook),
        TEST(an_invariant_that_holds_is_silent),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
