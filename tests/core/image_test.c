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
                   "built for ABI 77 of molt/native.h, expected 1");
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
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
