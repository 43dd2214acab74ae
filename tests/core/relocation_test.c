/* Relocations: where the loader would write, known before it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

#include <elf.h>

#include "image.h"

enum { RELR_SIZE = 35, RELR = 36, RELR_ENTRY = 37, WORDS = 200 };

static unsigned char *bytes;
static size_t length;

/* Addresses in a row make bitmaps. */
#define TEXT \
    "__attribute__((used)) static const void *table[%d] = { [0 ... %d] = &molt__api };\n" BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", BOTH)

static void build(const char *flags)
{
    char text[2048];
    native_format(text, sizeof text, "#include <molt/native.h>\n" TEXT, (int)WORDS, WORDS - 1);
    native_write(with.folder, "bike.c", text, strlen(text));
    native_compile(with.folder, "bike", flags);
    bytes = native_read(with.folder, "bike.so", &length);
}

static int open_packed(void **state)
{
    int err = set_up(state);
    build("-Wl,-z,pack-relative-relocs");
    return err;
}

static int open_plain(void **state)
{
    int err = set_up(state);
    build("");
    return err;
}

static int close_all(void **state)
{
    free(bytes);
    return tear_down(state);
}

static Elf64_Phdr segment(uint32_t type, uint32_t flags)
{
    Elf64_Ehdr header;
    Elf64_Phdr found = { 0 };
    memcpy(&header, bytes, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        memcpy(&found, bytes + header.e_phoff + i * sizeof found, sizeof found);
        if (found.p_type == type && (found.p_flags & flags) == flags) return found;
    }
    fail_msg("no segment of type %u", (unsigned)type);
    return found;
}

/* The entry of the dynamic segment, in the file's bytes. */
static Elf64_Dyn *entry(int64_t tag)
{
    Elf64_Phdr dynamic = segment(PT_DYNAMIC, 0);
    for (size_t at = 0; at < dynamic.p_filesz; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn *is = (Elf64_Dyn *)(void *)(bytes + dynamic.p_offset + at);
        if (is->d_tag == tag) return is;
    }
    fail_msg("no entry %d", (int)tag);
    return NULL;
}

static size_t offset_of(uint64_t address)
{
    Elf64_Ehdr header;
    Elf64_Phdr load;
    memcpy(&header, bytes, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        memcpy(&load, bytes + header.e_phoff + i * sizeof load, sizeof load);
        if (load.p_type == PT_LOAD && address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz) {
            return (size_t)(load.p_offset + address - load.p_vaddr);
        }
    }
    fail_msg("no such address");
    return 0;
}

static uint64_t *packed(void)
{
    return (uint64_t *)(void *)(bytes + offset_of(entry(RELR)->d_un.d_val));
}

static size_t packed_count(void)
{
    return entry(RELR_SIZE)->d_un.d_val / sizeof(uint64_t);
}

static int inspect(void)
{
    molt__image image;
    molt__reasons reasons = { 0 };
    unsigned char *exact = malloc(length);
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    int code = molt__image_inspect(with.world, "x.so", exact, length, &image, &reasons);
    molt__reasons_free(with.world, &reasons);
    free(exact);
    return code;
}

/* With a word of the file replaced, and then as it was. */
static void refuse(void *at, uint64_t value, const char *said)
{
    uint64_t was;
    memcpy(&was, at, sizeof was);
    memcpy(at, &value, sizeof value);
    assert_int_equal(inspect(), MOLT_ERR_IMAGE);
    if (!strstr(molt_last_error(with.world), said)) fail_msg("expected '%s', got '%s'", said, molt_last_error(with.world));
    memcpy(at, &was, sizeof was);
    assert_int_equal(inspect(), MOLT_OK);
}

static void packed_relocations_are_accepted(void **state)
{
    (void)state;
    bool bitmap = false;
    for (size_t i = 0; i < packed_count(); i++) bitmap = bitmap || packed()[i] & 1;
    assert_true(bitmap);
    assert_int_equal(inspect(), MOLT_OK);
    assert_true(range_of(new_object(load("bike"), "Car")) == 210);
}

static void a_packed_relocation_outside_of_what_may_be_written_is_refused(void **state)
{
    (void)state;
    Elf64_Phdr data = segment(PT_LOAD, PF_W), code = segment(PT_LOAD, PF_X);
    const uint64_t wrong[] = { UINT64_C(0x7FFFFFFFFFF8), data.p_vaddr + data.p_memsz, data.p_vaddr + data.p_memsz - 4,
                               code.p_vaddr, UINT64_MAX - 1 };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) refuse(packed(), wrong[i], "packed relocation 0 is damaged");
}

static void a_packed_bitmap_that_runs_out_of_what_may_be_written_is_refused(void **state)
{
    (void)state;
    Elf64_Phdr data = segment(PT_LOAD, PF_W);
    size_t at = 0;
    while (!(packed()[at] & 1)) at++;
    uint64_t *before = &packed()[at - 1], was = *before;
    refuse(packed(), 3, "packed relocation 0 is damaged");       /* behind no address */
    *before = data.p_vaddr + data.p_memsz - 8;
    char said[64];
    native_format(said, sizeof said, "packed relocation %zu is damaged", at);
    assert_int_equal(inspect(), MOLT_ERR_IMAGE);
    assert_non_null(strstr(molt_last_error(with.world), said));
    *before = was;
    assert_int_equal(inspect(), MOLT_OK);
}

static void a_damaged_table_of_packed_relocations_is_refused(void **state)
{
    (void)state;
    static const char said[] = "its table of packed relocations is damaged";
    refuse(&entry(RELR)->d_un.d_val, UINT64_C(0x7FFFFFFFFFF8), said);
    refuse(&entry(RELR_SIZE)->d_un.d_val, UINT64_C(1) << 40, said);
    refuse(&entry(RELR_SIZE)->d_un.d_val, 12, said);
    refuse(&entry(RELR_ENTRY)->d_un.d_val, 4, said);
    refuse(entry(RELR_SIZE), DT_DEBUG, said);                    /* the loader reads it unasked */
    refuse(entry(RELR_ENTRY), DT_DEBUG, said);
}

static void a_table_of_relocations_without_its_sizes_is_refused(void **state)
{
    (void)state;
    static const char said[] = "its table of relocations is damaged";
    refuse(entry(DT_RELASZ), DT_DEBUG, said);
    refuse(entry(DT_RELAENT), DT_DEBUG, said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(packed_relocations_are_accepted, open_packed, close_all),
        cmocka_unit_test_setup_teardown(a_packed_relocation_outside_of_what_may_be_written_is_refused, open_packed, close_all),
        cmocka_unit_test_setup_teardown(a_packed_bitmap_that_runs_out_of_what_may_be_written_is_refused, open_packed, close_all),
        cmocka_unit_test_setup_teardown(a_damaged_table_of_packed_relocations_is_refused, open_packed, close_all),
        cmocka_unit_test_setup_teardown(a_table_of_relocations_without_its_sizes_is_refused, open_plain, close_all),
    };
    return cmocka_run_group_tests_name("relocation", tests, NULL, NULL);
}
