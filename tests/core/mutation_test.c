/*
 * Mutants: a module's file, changed at random, is taken or refused, and the program
 * goes on either way. MOLT_SEED begins elsewhere; MOLT_ROUNDS or `molt test --long`
 * make it longer. Of the file as `molt build` leaves it, stamped, no mutant is ever
 * taken. Without the stamp, or with one made after the damage, the probe stands
 * between the mutant and the program.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

#include <elf.h>
#include <time.h>

#include "checksum.h"

static uint64_t seed, state_of_chance;

static uint32_t chance(uint32_t below)
{
    state_of_chance ^= state_of_chance << 13;
    state_of_chance ^= state_of_chance >> 7;
    state_of_chance ^= state_of_chance << 17;
    return (uint32_t)(state_of_chance >> 32) % below;
}

typedef struct bytes {
    unsigned char *at;
    size_t length;
} bytes;

static bytes copy_of(bytes b)
{
    bytes copy = { malloc(b.length), b.length };
    assert_non_null(copy.at);
    memcpy(copy.at, b.at, b.length);
    return copy;
}

/* ---- Ways to damage a file -------------------------------------------------- */

static void flip(bytes *b)
{
    for (uint32_t i = 0, count = 1 + chance(8); i < count; i++) {
        b->at[chance((uint32_t)b->length)] ^= (unsigned char)(1u << chance(8));
    }
}

static void zero(bytes *b)
{
    size_t at = chance((uint32_t)b->length), size = 1 + chance(2048);
    memset(b->at + at, 0, size < b->length - at ? size : b->length - at);
}

static void cut(bytes *b)
{
    b->length = 1 + chance((uint32_t)b->length - 1);
}

static void zero_tail(bytes *b)
{
    size_t kept = chance((uint32_t)b->length);
    memset(b->at + kept, 0, b->length - kept);
}

/* One part of the file over another. */
static void splice(bytes *b)
{
    size_t size = 1 + chance(512);
    size_t from = chance((uint32_t)(b->length - size)), to = chance((uint32_t)(b->length - size));
    memmove(b->at + to, b->at + from, size);
}

/* A number where numbers are believed: headers, segments, the dynamic section. */
static void renumber(bytes *b)
{
    static const uint64_t numbers[] = { 0, 1, 7, 8, 0x1000, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, UINT64_MAX };
    Elf64_Ehdr header;
    memcpy(&header, b->at, sizeof header);
    size_t headers = sizeof header + header.e_phnum * sizeof(Elf64_Phdr), at = chance((uint32_t)headers);
    for (size_t i = 0; chance(2) && i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, b->at + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_DYNAMIC) at = segment.p_offset + chance((uint32_t)segment.p_filesz);
    }
    uint64_t number = chance(2) ? numbers[chance(sizeof numbers / sizeof *numbers)] : chance(0x4000);
    memcpy(b->at + at, &number, 1 + chance(8));
}

static void fill(bytes *b)
{
    size_t at = chance((uint32_t)b->length), size = 1 + chance(64);
    for (size_t i = at; i < at + size && i < b->length; i++) b->at[i] = (unsigned char)chance(256);
}

static bytes mutant_of(bytes good)
{
    static void (*const ways[])(bytes *) = { flip, flip, zero, cut, zero_tail, splice, renumber, renumber, fill };
    bytes mutant = copy_of(good);
    do ways[chance(sizeof ways / sizeof *ways)](&mutant);
    while (mutant.length == good.length && memcmp(mutant.at, good.at, good.length) == 0);
    return mutant;
}

/* ---- Stamps ----------------------------------------------------------------- */

static size_t stamp_of(bytes b)
{
    static const char owner[8] = "Molt";
    for (size_t at = 0; at + sizeof(molt_note) <= b.length; at += 4) {
        if (memcmp(b.at + at + offsetof(molt_note, owner), owner, sizeof owner) == 0) {
            return at + offsetof(molt_note, length);
        }
    }
    return 0;
}

static void wipe_stamp(bytes b)
{
    size_t at = stamp_of(b);
    if (at) memset(b.at + at, 0, 16);
}

/* As if the damage had been done before the stamp was made. */
static void stamp_anew(bytes b)
{
    size_t at = stamp_of(b);
    if (!at) return;
    const uint64_t words[2] = { b.length, molt__checksum(b.at, b.length, at, 16) };
    memcpy(b.at + at, words, sizeof words);
}

/* ---- Offering ----------------------------------------------------------------- */

typedef struct tally {
    long offered, taken, refused, probed;
} tally;

static void offer(molt_module *module, bytes b, tally *t)
{
    static const molt_reload_options quick = { .size = sizeof quick, .flags = MOLT_RELOAD_PROBE, .timeout = 0.2 };
    native_write(with.folder, "bike.so", b.at, b.length);
    int err = molt_module_reload(module, &quick, NULL);
    t->offered++;
    if (err) t->refused++;
    else t->taken++;
    if (err && strstr(molt_last_error(with.world), "in a child that tried it first")) t->probed++;
    assert_true(!err || molt_last_error(with.world)[0]);
    with.log_length = 0;
}

/* What was taken is not called: it answers as it likes. The good one comes back. */
static void recover(molt_module *module, molt_object *object, bytes good)
{
    native_write(with.folder, "bike.so", good.at, good.length);
    if (molt_module_reload(module, NULL, NULL)) fail_msg("seed %llu: %s", (unsigned long long)seed, molt_last_error(with.world));
    molt_world_tick(with.world);
    assert_true(range_of(object) == 210);
}

static long rounds(long usual)
{
    const char *given = getenv("MOLT_ROUNDS");
    if (given) return atol(given);
    return getenv("MOLT_TEST_LONG") || getenv("MOLT_LONG") ? usual * 20 : usual;
}

static void run(const char *what, uint64_t which, void (*finish)(bytes), long count, bool stamped)
{
    tally t = { 0 };
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_stamp(with.folder, "bike.so");
    bytes good;
    good.at = native_read(with.folder, "bike.so", &good.length);
    for (long i = 0; i < count; i++) {
        state_of_chance = (3 * seed + which) * 0x9E3779B97F4A7C15u + (uint64_t)i + 1;
        for (int warm = 0; warm < 8; warm++) chance(2);
        bytes mutant = mutant_of(good);
        if (finish) finish(mutant);
        long taken = t.taken;
        offer(module, mutant, &t);
        free(mutant.at);
        if (t.taken > taken && stamped) fail_msg("seed %llu: mutant %ld was taken", (unsigned long long)seed, i);
        if (t.taken > taken) recover(module, object, good);
        assert_true(range_of(object) == 210);
    }
    print_message("[  NOTE    ] %s: seed %llu, %ld offered: %ld taken, %ld refused, %ld of them by the probe\n", what,
                  (unsigned long long)seed, t.offered, t.taken, t.refused, t.probed);
    assert_int_equal(t.offered, count);
    free(good.at);
}

static void no_mutant_of_a_stamped_module_is_taken(void **state)
{
    (void)state;
    run("stamped", 0, NULL, rounds(100), true);
}

static void mutants_without_a_stamp_are_taken_or_refused(void **state)
{
    (void)state;
    run("not stamped", 1, wipe_stamp, rounds(100), false);
}

static void mutants_that_were_stamped_after_the_damage_are_taken_or_refused(void **state)
{
    (void)state;
    run("stamped after the damage", 2, stamp_anew, rounds(100), false);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const char *given = getenv("MOLT_SEED");
    seed = given ? strtoull(given, NULL, 10) : 1;
    const struct CMUnitTest tests[] = {
        test(no_mutant_of_a_stamped_module_is_taken),
        test(mutants_without_a_stamp_are_taken_or_refused),
        test(mutants_that_were_stamped_after_the_damage_are_taken_or_refused),
    };
    return cmocka_run_group_tests_name("mutation", tests, NULL, NULL);
}
