/* Images: what is a native module and what is not, known before any of it runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "native_build.h"

#include <elf.h>

#include <molt/molt.h>

#include "image.h"

typedef struct fixture {
    molt_world *world;
    char folder[PATH_MAX];
    unsigned char *module;           /* the bytes of a good one */
    size_t length;
} fixture;

static fixture with;

static int set_up(void **state)
{
    (void)state;
    with.world = molt_world_open(NULL);
    native_folder(with.folder, sizeof with.folder);
    native_build(with.folder, "bike",
                 "#define BIKE(FIELD, METHOD) METHOD(double, range, (double load))\n"
                 "MOLT_TRAIT(Bike, BIKE)\n"
                 "static double range(Bike *self, double load) { (void)self; return load; }\n"
                 "MOLT_MODULE(bike, \"2.3.4\") { MOLT_IMPL(Bike, .range = range); return MOLT_OK; }\n");
    with.module = native_read(with.folder, "bike.so", &with.length);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(with.module);
    native_remove(with.folder);
    molt_world_close(with.world);
    return 0;
}

/* Inspects a copy of exactly this size, so that a sanitizer sees a read past it. */
static int inspect(const unsigned char *bytes, size_t length, molt__image *image)
{
    molt__image unused;
    molt__reasons reasons = { 0 };
    unsigned char *exact = malloc(length ? length : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    int code = molt__image_inspect(with.world, "x.so", exact, length, image ? image : &unused, &reasons);
    molt__reasons_free(with.world, &reasons);
    free(exact);
    return code;
}

static void refuse(const unsigned char *bytes, size_t length, int code, const char *said)
{
    assert_int_equal(inspect(bytes, length, NULL), code);
    const char *text = molt_last_error(with.world);
    if (strncmp(text, "x.so: ", 6) != 0 || !strstr(text, said)) fail_msg("expected '%s', got '%s'", said, text);
}

/* The good module with some bytes replaced. */
static void refuse_changed(size_t offset, const void *bytes, size_t size, int code, const char *said)
{
    unsigned char *changed = malloc(with.length);
    assert_non_null(changed);
    memcpy(changed, with.module, with.length);
    memcpy(changed + offset, bytes, size);
    refuse(changed, with.length, code, said);
    free(changed);
}

static size_t note_offset(void)
{
    for (size_t at = 0; at + sizeof(molt_note) <= with.length; at += 4) {
        if (memcmp(with.module + at + offsetof(molt_note, owner), "Molt\0\0\0", 8) == 0) return at;
    }
    fail_msg("no note");
    return 0;
}

static void a_module_is_known_by_its_note(void **state)
{
    (void)state;
    molt__image image;
    assert_int_equal(inspect(with.module, with.length, &image), MOLT_OK);
    assert_string_equal(image.note.name, "bike");
    assert_string_equal(image.note.version, "2.3.4");
    assert_int_equal(image.proof_size, 20);          /* a build id */
    assert_true(image.low < image.high);
}

static void a_module_without_build_id_is_proved_by_its_note(void **state)
{
    (void)state;
    size_t length;
    molt__image image;
    native_compile(with.folder, "bike", "-Wl,--build-id=none");
    unsigned char *bytes = native_read(with.folder, "bike.so", &length);
    assert_int_equal(inspect(bytes, length, &image), MOLT_OK);
    assert_int_equal(image.proof_size, sizeof(molt_note) - MOLT_NOTE_HEAD);
    free(bytes);
}

static void the_note_survives_section_garbage_collection(void **state)
{
    (void)state;
    size_t length;
    native_compile(with.folder, "bike", "-ffunction-sections -fdata-sections -Wl,--gc-sections -s");
    unsigned char *bytes = native_read(with.folder, "bike.so", &length);
    assert_int_equal(inspect(bytes, length, NULL), MOLT_OK);
    free(bytes);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t length = 0; length < with.length; length++) {
        if (inspect(with.module, length, NULL) != MOLT_ERR_IMAGE) fail_msg("cut to %zu bytes", length);
    }
}

static void every_damaged_byte_is_survived(void **state)
{
    (void)state;
    static const unsigned char damage[] = { 0x00, 0x7F, 0x80, 0xFF };
    unsigned char *changed = malloc(with.length);
    assert_non_null(changed);
    memcpy(changed, with.module, with.length);
    molt__image image;
    for (size_t at = 0; at < with.length; at++) {
        for (size_t i = 0; i < sizeof damage; i++) {
            changed[at] = damage[i];
            int code = inspect(changed, with.length, &image);
            assert_true(code == MOLT_OK || code == MOLT_ERR_IMAGE || code == MOLT_ERR_VERSION);
        }
        changed[at] = with.module[at];
    }
    free(changed);
}

static void other_files_are_named_for_what_they_are(void **state)
{
    (void)state;
    static const unsigned char noise[100] = { 1, 2, 3 };
    static const unsigned char script[] = "#!/bin/sh\necho hello\n";
    refuse(noise, 0, MOLT_ERR_IMAGE, "an empty file");
    refuse(noise, sizeof noise, MOLT_ERR_IMAGE, "found something else");
    refuse(script, sizeof script - 1, MOLT_ERR_IMAGE, "found text");
}

static void images_of_other_kinds_are_refused(void **state)
{
    (void)state;
    const unsigned char class32 = ELFCLASS32, big = ELFDATA2MSB;
    const Elf64_Half machine = EM_SPARC, object = ET_REL, executable = ET_EXEC, core = ET_CORE;
    refuse_changed(EI_CLASS, &class32, 1, MOLT_ERR_IMAGE, "64-bit");
    refuse_changed(EI_DATA, &big, 1, MOLT_ERR_IMAGE, "little-endian");
    refuse_changed(offsetof(Elf64_Ehdr, e_machine), &machine, 2, MOLT_ERR_IMAGE, "another machine");
    refuse_changed(offsetof(Elf64_Ehdr, e_type), &object, 2, MOLT_ERR_IMAGE, "an object file");
    refuse_changed(offsetof(Elf64_Ehdr, e_type), &executable, 2, MOLT_ERR_IMAGE, "an executable");
    refuse_changed(offsetof(Elf64_Ehdr, e_type), &core, 2, MOLT_ERR_IMAGE, "something else");
}

static void the_programs_own_image_is_an_executable(void **state)
{
    (void)state;
    size_t length;
    unsigned char *bytes = native_read("/proc/self", "exe", &length);
    refuse(bytes, length, MOLT_ERR_IMAGE, "found an executable");
    free(bytes);
}

static void a_plain_shared_object_is_no_module(void **state)
{
    (void)state;
    size_t length;
    static const char text[] = "int answer(void); int answer(void) { return 42; }\n";
    native_write(with.folder, "plain.c", text, sizeof text - 1);
    native_compile(with.folder, "plain", "");
    unsigned char *bytes = native_read(with.folder, "plain.so", &length);
    refuse(bytes, length, MOLT_ERR_IMAGE, "no native module");
    free(bytes);
}

static void another_abi_names_both(void **state)
{
    (void)state;
    const uint32_t abi = 77;
    refuse_changed(note_offset() + offsetof(molt_note, abi), &abi, 4, MOLT_ERR_VERSION,
                   "built for ABI 77 of molt/native.h, expected 2");
}

static void another_header_version_names_both(void **state)
{
    (void)state;
    const uint32_t version[3] = { 9, 8, 7 };
    refuse_changed(note_offset() + offsetof(molt_note, header), version, sizeof version, MOLT_ERR_VERSION,
                   "built for version 9.8.7 of molt/native.h, expected " MOLT_VERSION);
}

static void a_patch_release_does_not_matter(void **state)
{
    (void)state;
    const uint32_t patch = 99;
    memcpy(with.module + note_offset() + offsetof(molt_note, header[2]), &patch, sizeof patch);
    assert_int_equal(inspect(with.module, with.length, NULL), MOLT_OK);
}

static void another_size_of_a_struct_names_it(void **state)
{
    (void)state;
    const uint32_t size = 48;
    refuse_changed(note_offset() + offsetof(molt_note, sizes.molt_block), &size, 4, MOLT_ERR_VERSION,
                   "built with a molt_block of 48 bytes, expected 16");
}

static void a_shorter_table_of_functions_is_an_older_module(void **state)
{
    (void)state;
    const uint32_t shorter = sizeof(molt_api) - 8, longer = sizeof(molt_api) + 8;
    size_t at = note_offset() + offsetof(molt_note, sizes.molt_api);
    refuse_changed(at, &longer, 4, MOLT_ERR_VERSION, "molt_api");
    memcpy(with.module + at, &shorter, 4);
    assert_int_equal(inspect(with.module, with.length, NULL), MOLT_OK);
}

static void a_name_that_is_no_identifier_is_refused(void **state)
{
    (void)state;
    size_t at = note_offset() + offsetof(molt_note, name);
    refuse_changed(at, "../../bike", 11, MOLT_ERR_IMAGE, "name");
    refuse_changed(at, "", 1, MOLT_ERR_IMAGE, "name");
    char endless[MOLT_NOTE_NAME];
    memset(endless, 'x', sizeof endless);
    refuse_changed(at, endless, sizeof endless, MOLT_ERR_IMAGE, "name");
}

/* ---- The stamp ------------------------------------------------------------- */

static void stamp(void)
{
    native_stamp(with.folder, "bike.so");
    free(with.module);
    with.module = native_read(with.folder, "bike.so", &with.length);
}

static void a_stamped_module_is_accepted(void **state)
{
    (void)state;
    molt__image image;
    stamp();
    assert_int_equal(inspect(with.module, with.length, &image), MOLT_OK);
    assert_int_equal(image.note.length[0], with.length);
    assert_true(image.note.checksum[0] || image.note.checksum[1]);
    stamp();                                         /* again: the same */
    assert_int_equal(inspect(with.module, with.length, NULL), MOLT_OK);
}

/* One bit at a time, wherever it is: what the stamp covers is everything. */
static void every_flipped_bit_of_a_stamped_module_is_refused(void **state)
{
    (void)state;
    stamp();
    unsigned char *changed = malloc(with.length);
    assert_non_null(changed);
    memcpy(changed, with.module, with.length);
    for (size_t at = 0; at < with.length; at++) {
        unsigned char bit = (unsigned char)(1u << at % 8);
        changed[at] ^= bit;
        if (inspect(changed, with.length, NULL) == MOLT_OK) fail_msg("a flipped bit of byte %zu", at);
        changed[at] ^= bit;
    }
    free(changed);
}

static void a_damaged_stamped_module_names_both_checksums(void **state)
{
    (void)state;
    stamp();
    char expected[64];
    molt__image image;
    assert_int_equal(inspect(with.module, with.length, &image), MOLT_OK);
    snprintf(expected, sizeof expected, "damaged: its note has the checksum %08x%08x, the file has ",
             image.note.checksum[1], image.note.checksum[0]);
    refuse_changed(with.length / 2, "flipped", 7, MOLT_ERR_IMAGE, expected);
}

static void a_zero_filled_tail_is_refused(void **state)
{
    (void)state;
    stamp();
    unsigned char *changed = malloc(with.length);
    assert_non_null(changed);
    for (size_t kept = 64; kept < with.length; kept += 256) {
        memset(changed, 0, with.length);
        memcpy(changed, with.module, kept);
        bool same = memcmp(changed, with.module, with.length) == 0;
        if (!same && inspect(changed, with.length, NULL) != MOLT_ERR_IMAGE) fail_msg("zeroes from %zu", kept);
    }
    free(changed);
}

static void a_file_of_another_length_names_both(void **state)
{
    (void)state;
    stamp();
    unsigned char *longer = calloc(1, with.length + 8);
    assert_non_null(longer);
    memcpy(longer, with.module, with.length);
    char expected[80];
    snprintf(expected, sizeof expected, "its note says that the file has %zu bytes, found %zu", with.length,
             with.length + 8);
    refuse(longer, with.length + 8, MOLT_ERR_IMAGE, expected);
    free(longer);
}

static void what_was_stripped_may_be_stamped_again(void **state)
{
    (void)state;
    stamp();
    char command[2 * PATH_MAX];
    native_format(command, sizeof command, "strip '%s/bike.so'", with.folder);
    assert_int_equal(system(command), 0);
    free(with.module);
    with.module = native_read(with.folder, "bike.so", &with.length);
    refuse(with.module, with.length, MOLT_ERR_IMAGE, "its note says that the file has");
    stamp();
    assert_int_equal(inspect(with.module, with.length, NULL), MOLT_OK);
}

/* ---- What it wants of others, and whether it could go again ----------------- */

#define EMPTY_MODULE "MOLT_MODULE(bike, \"1\") { (void)molt; return MOLT_OK; }\n"

static void rebuild(const char *text, const char *flags)
{
    char whole[4096];
    native_format(whole, sizeof whole, "#include <molt/native.h>\n%s" EMPTY_MODULE, text);
    native_write(with.folder, "bike.c", whole, strlen(whole));
    native_compile(with.folder, "bike", flags);
    free(with.module);
    with.module = native_read(with.folder, "bike.so", &with.length);
}

static void all_undefined_symbols_are_named(void **state)
{
    (void)state;
    rebuild("int nowhere(void); extern int nothing; __attribute__((weak)) int perhaps(void);\n"
            "MOLT_API int asks(void);\n"
            "int asks(void) { return nowhere() + nothing + (perhaps ? perhaps() : 0) + (int)sizeof(printf); }\n",
            "-include stdio.h");
    refuse(with.module, with.length, MOLT_ERR_IMAGE, "2 undefined symbols: n");
    const char *text = molt_last_error(with.world);
    assert_non_null(strstr(text, "nowhere"));
    assert_non_null(strstr(text, "nothing"));
    assert_null(strstr(text, "perhaps"));
}

static void missing_libraries_are_named_one_by_one(void **state)
{
    (void)state;
    static const char text[] = "int gone(void); int gone(void) { return 1; }\n";
    native_write(with.folder, "gone.c", text, sizeof text - 1);
    char command[4 * PATH_MAX];
    native_format(command, sizeof command, "cd '%s' && cc -shared -fPIC -Wl,-soname,libgone.so.7 gone.c -o libgone.so && "
                  "cc -shared -fPIC -Wl,-soname,libaway.so.8 gone.c -o libaway.so", with.folder);
    assert_int_equal(system(command), 0);
    native_format(command, sizeof command, "-Wl,--no-as-needed -L'%s' -lgone -laway", with.folder);
    rebuild("", command);
    refuse(with.module, with.length, MOLT_ERR_IMAGE, "needs the library libgone.so.7: cannot open shared object file");
    assert_non_null(strstr(molt_last_error(with.world), "\nneeds the library libaway.so.8: "));
    /* Where it says itself where they are, they are there. */
    native_format(command, sizeof command, "-Wl,--no-as-needed -L'%s' -lgone -laway -Wl,-rpath,'%s'", with.folder,
                  with.folder);
    rebuild("", command);
    assert_int_equal(inspect(with.module, with.length, NULL), MOLT_OK);
}

static void everything_that_is_wrong_is_in_the_list(void **state)
{
    (void)state;
    rebuild("int nowhere(void); MOLT_API int asks(void); int asks(void) { return nowhere(); }\n", "");
    const uint32_t size = 48, version[3] = { 9, 8, 7 };
    memcpy(with.module + note_offset() + offsetof(molt_note, header), version, sizeof version);
    refuse_changed(note_offset() + offsetof(molt_note, sizes.molt_block), &size, 4, MOLT_ERR_VERSION, "\nbuilt for version 9.8.7");
    assert_non_null(strstr(molt_last_error(with.world), "\nundefined symbol: nowhere"));
}

static void a_module_without_its_entry_is_refused(void **state)
{
    (void)state;
    rebuild("", "-Wl,--version-script=/dev/stdin <<'END'\n{ local: *; };\nEND\ntrue");
    refuse(with.module, with.length, MOLT_ERR_IMAGE, "does not export molt_module_bike");
}

static void expect_stays(const char *said)
{
    molt__image image;
    assert_int_equal(inspect(with.module, with.length, &image), MOLT_OK);
    assert_string_equal(image.stays, said);
}

static void it_is_known_beforehand_whether_it_could_be_unmapped(void **state)
{
    (void)state;
    expect_stays("");
    rebuild("", "-Wl,-z,nodelete");
    expect_stays("it is linked with -z nodelete");
    rebuild("__asm__(\".globl one\\n.type one, @gnu_unique_object\\n.data\\none: .quad 1\\n"
            ".size one, 8\\n.text\");\n", "-Wl,-z,nodelete");
    expect_stays("it is linked with -z nodelete; its symbol one is unique in the process (STB_GNU_UNIQUE)");
    rebuild("extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);\n"
            "MOLT_API int asks(void (*f)(void *));\n"
            "int asks(void (*f)(void *)) { return __cxa_thread_atexit_impl(f, 0, 0); }\n", "");
    expect_stays("it registers TLS destructors");
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_module_is_known_by_its_note),
        test(a_module_without_build_id_is_proved_by_its_note),
        test(the_note_survives_section_garbage_collection),
        test(every_truncation_is_refused),
        test(every_damaged_byte_is_survived),
        test(other_files_are_named_for_what_they_are),
        test(images_of_other_kinds_are_refused),
        test(the_programs_own_image_is_an_executable),
        test(a_plain_shared_object_is_no_module),
        test(another_abi_names_both),
        test(another_header_version_names_both),
        test(a_patch_release_does_not_matter),
        test(another_size_of_a_struct_names_it),
        test(a_shorter_table_of_functions_is_an_older_module),
        test(a_name_that_is_no_identifier_is_refused),
        test(a_stamped_module_is_accepted),
        test(every_flipped_bit_of_a_stamped_module_is_refused),
        test(a_damaged_stamped_module_names_both_checksums),
        test(a_zero_filled_tail_is_refused),
        test(a_file_of_another_length_names_both),
        test(what_was_stripped_may_be_stamped_again),
        test(all_undefined_symbols_are_named),
        test(missing_libraries_are_named_one_by_one),
        test(everything_that_is_wrong_is_in_the_list),
        test(a_module_without_its_entry_is_refused),
        test(it_is_known_beforehand_whether_it_could_be_unmapped),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
