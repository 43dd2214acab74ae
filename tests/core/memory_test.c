/* Memory: zeroed, grown by doubling, refused with an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <molt/world.h>

#include "memory.h"

/* Fills what it gives, counts what is out, refuses when told to. */
typedef struct ledger {
    size_t bytes;
    bool refuses;
} ledger;

static ledger book;

static void *lend(void *user, size_t size, size_t align)
{
    ledger *to = user;
    if (to->refuses) {
        return NULL;
    }
    to->bytes += size;
    void *memory = molt_config_default().allocate(NULL, size, align);
    return memory != NULL ? memset(memory, 0xA5, size) : NULL;
}

static void take_back(void *user, void *memory, size_t size)
{
    ledger *to = user;
    to->bytes -= size;
    molt_config_default().free(NULL, memory, size);
}

static int open_world(void **state)
{
    molt_config config = molt_config_default();
    config.user = &book;
    config.allocate = lend;
    config.free = take_back;
    *state = molt_world_open(&config);
    return *state != NULL ? 0 : -1;
}

static int close_world(void **state)
{
    molt_world_close(*state);
    return 0;
}

static void fresh_memory_is_zero(void **state)
{
    static const unsigned char zero[100];
    unsigned char *memory = molt__allocate(*state, sizeof zero);
    assert_memory_equal(memory, zero, sizeof zero);
    molt__free(*state, memory, sizeof zero);
}

static void memory_has_the_alignment_asked_for(void **state)
{
    for (size_t align = 8; align <= 4096; align *= 2) {
        void *memory = molt__allocate_aligned(*state, 24, align);
        assert_int_equal((uintptr_t)memory % align, 0);
        molt__free(*state, memory, 24);
    }
}

static void every_byte_comes_back_to_the_host(void **state)
{
    size_t before = book.bytes;
    void *nothing = molt__allocate(*state, 0);
    assert_non_null(nothing);
    char *text = molt__copy_text(*state, "motorcycle.c:7");
    assert_string_equal(text, "motorcycle.c:7");
    assert_true(book.bytes > before);
    molt__free_text(*state, text);
    molt__free(*state, nothing, 0);
    assert_int_equal(book.bytes, before);
}

static void no_text_stays_no_text(void **state)
{
    assert_null(molt__copy_text(*state, NULL));
    molt__free_text(*state, NULL);
    molt__free(*state, NULL, 100);
}

static void a_refusal_is_recorded(void **state)
{
    book.refuses = true;
    void *memory = molt__allocate(*state, 100);
    char *text = molt__copy_text(*state, "text");
    book.refuses = false;
    assert_null(memory);
    assert_null(text);
    assert_int_equal(molt_last_code(*state), MOLT_ERR_MEMORY);
}

static void an_array_grows_and_keeps_its_elements(void **state)
{
    int *numbers = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(molt__reserve(*state, (void **)&numbers, &capacity, i + 1, sizeof *numbers), MOLT_OK);
        assert_int_equal(numbers[i], 0);
        numbers[i] = (int)i;
    }
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(numbers[i], (int)i);
    }
    molt__free(*state, numbers, capacity * sizeof *numbers);
}

static void an_array_that_cannot_grow_is_left_alone(void **state)
{
    int *numbers = NULL;
    size_t capacity = 0;
    molt__reserve(*state, (void **)&numbers, &capacity, 5, sizeof *numbers);
    int *before = numbers;
    size_t room = capacity;
    numbers[4] = 4;

    book.refuses = true;
    int refused = molt__reserve(*state, (void **)&numbers, &capacity, room + 1, sizeof *numbers);
    book.refuses = false;
    assert_int_equal(refused, MOLT_ERR_MEMORY);
    assert_int_equal(molt__reserve(*state, (void **)&numbers, &capacity, SIZE_MAX / 2, sizeof *numbers),
                     MOLT_ERR_MEMORY);
    assert_ptr_equal(numbers, before);
    assert_int_equal(capacity, room);
    assert_int_equal(numbers[4], 4);
    molt__free(*state, numbers, capacity * sizeof *numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_memory_is_zero),
        cmocka_unit_test(memory_has_the_alignment_asked_for),
        cmocka_unit_test(every_byte_comes_back_to_the_host),
        cmocka_unit_test(no_text_stays_no_text),
        cmocka_unit_test(a_refusal_is_recorded),
        cmocka_unit_test(an_array_grows_and_keeps_its_elements),
        cmocka_unit_test(an_array_that_cannot_grow_is_left_alone),
    };
    return cmocka_run_group_tests_name("memory", tests, open_world, close_world);
}
