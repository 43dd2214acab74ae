/*
 * Mutants: a module's file, changed at random, is taken or refused, and the program
 * goes on either way. MOLT_SEED begins elsewhere; MOLT_ROUNDS or `molt test --long`
 * make it longer.
 *
 * Of the file as `molt build` leaves it, stamped, no mutant is ever taken. Without
 * the stamp, or with one made after the damage, what the loader and the library read
 * may be anything: inspection and probe stand before it. Damaged machine code that is
 * stamped after the damage is another program, and not for a loader to judge: there
 * the probe catches what crashes at once, and a host in a process of its own counts
 * the rest.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

#include <elf.h>
#include <signal.h>
#include <sys/wait.h>

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

/* Gives it its code back. */
static void heal_code(bytes mutant, bytes good)
{
    Elf64_Ehdr header;
    memcpy(&header, good.at, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, good.at + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X) || segment.p_offset >= mutant.length) continue;
        size_t left = mutant.length - segment.p_offset;
        memcpy(mutant.at + segment.p_offset, good.at + segment.p_offset,
               segment.p_filesz < left ? segment.p_filesz : left);
    }
}

static void wipe_stamp(bytes mutant, bytes good)
{
    heal_code(mutant, good);
    size_t at = stamp_of(mutant);
    if (at && at + 16 <= mutant.length) memset(mutant.at + at, 0, 16);
}

/* As if the damage had been done before the stamp was made. */
static void stamp_anew(bytes mutant)
{
    size_t at = stamp_of(mutant);
    if (!at) return;
    const uint64_t words[2] = { mutant.length, molt__checksum(mutant.at, mutant.length, at, 16) };
    memcpy(mutant.at + at, words, sizeof words);
}

static void heal_and_stamp(bytes mutant, bytes good)
{
    heal_code(mutant, good);
    stamp_anew(mutant);
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
    return getenv("MOLT_TEST_LONG") ? usual * 20 : usual;
}

static void begin(uint64_t which, long i)
{
    state_of_chance = (4 * seed + which) * 0x9E3779B97F4A7C15u + (uint64_t)i + 1;
    for (int warm = 0; warm < 8; warm++) chance(2);
}

static void run(const char *what, uint64_t which, void (*finish)(bytes, bytes), long count)
{
    tally t = { 0 };
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_stamp(with.folder, "bike.so");
    bytes good;
    good.at = native_read(with.folder, "bike.so", &good.length);
    for (long i = 0; i < count; i++) {
        begin(which, i);
        bytes mutant = mutant_of(good);
        if (finish) finish(mutant, good);
        long taken = t.taken;
        offer(module, mutant, &t);
        free(mutant.at);
        if (t.taken > taken && !finish) fail_msg("seed %llu: mutant %ld was taken", (unsigned long long)seed, i);
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
    run("stamped", 0, NULL, rounds(100));
}

static void mutants_without_a_stamp_are_taken_or_refused(void **state)
{
    (void)state;
    run("not stamped", 1, wipe_stamp, rounds(100));
}

static void mutants_that_were_stamped_after_the_damage_are_taken_or_refused(void **state)
{
    (void)state;
    run("stamped after the damage", 2, heal_and_stamp, rounds(100));
}

/* A host of its own for one mutant: 0 refused, 1 taken, or a crash. */
static int host_one(bytes good, bytes mutant, bool probe)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    alarm(20);                                       /* without the probe it may loop */
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) return 2;
    molt_world *world = molt_world_open(NULL);
    molt_module_path(world, with.folder);
    molt_module_probe(world, probe);
    native_write(with.folder, "bike.so", good.at, good.length);
    molt_module *module = molt_module_load(world, "bike");
    native_write(with.folder, "bike.so", mutant.at, mutant.length);
    int err = molt_module_reload(module, NULL, NULL);
    molt_world_tick(world);
    molt_world_close(world);
    return !err;
}

static int status_of_host(bytes good, bytes mutant, bool probe)
{
    int status;
    fflush(NULL);
    pid_t host = fork();
    if (host == 0) _exit(host_one(good, mutant, probe));
    assert_int_equal(waitpid(host, &status, 0), host);
    return status;
}

static long hosts_that_crash(bytes good, long count, bool probe)
{
    long crashed = 0;
    for (long i = 0; i < count; i++) {
        begin(3, i);
        bytes mutant = mutant_of(good);
        stamp_anew(mutant);
        int status = status_of_host(good, mutant, probe);
        crashed += WIFSIGNALED(status);
        free(mutant.at);
    }
    return crashed;
}

static void damaged_code_rarely_gets_past_the_probe(void **state)
{
    (void)state;
    load_bike();
    native_stamp(with.folder, "bike.so");
    bytes good;
    good.at = native_read(with.folder, "bike.so", &good.length);
    long count = rounds(100), without = hosts_that_crash(good, count, false), with_it = hosts_that_crash(good, count, true);
    print_message("[  NOTE    ] code too: seed %llu, %ld offered: %ld hosts crash without the probe, %ld with it\n",
                  (unsigned long long)seed, count, without, with_it);
    assert_true(without > 0);                        /* or the test shows nothing */
    assert_true(with_it * 200 <= count);
    status_of_host(good, good, false);               /* clears up after those that crashed */
    free(good.at);
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
        test(damaged_code_rarely_gets_past_the_probe),
    };
    return cmocka_run_group_tests_name("mutation", tests, NULL, NULL);
}
