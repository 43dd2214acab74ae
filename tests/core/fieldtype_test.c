/* Strings, references, arrays and structs in blocks: declared, laid out, set, and freed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <molt/molt.h>

#include "declaration.h"
#include "trait.h"

MOLT_STRUCT(Vec, int8_t tag; double x; bool on;)

MOLT_STRUCT(Wrong, double x; int8_t tag;)

#define NODE(FIELD, METHOD)                             \
    FIELD (uint8_t, first, 1)                           \
    FIELD (float, pos[3], {0, 1})                       \
    FIELD (Vec, at, {.x = 2.5, .on = true})             \
    FIELD (int16_t, small[2], {-1, 300})                \
    FIELD (molt_string, name, MOLT_TEXT("nobody"))      \
    FIELD (MOLT_REF(Node), next, {0})                   \
    FIELD (MOLT_PRIVATE molt_string, secret, MOLT_TEXT("x")) \
    FIELD (molt_ref, whatever, {0})

MOLT_TRAIT(Node, NODE)

static molt_world *world;
static size_t live_bytes;

static void *counting(void *user, size_t size, size_t align)
{
    (void)user;
    void *memory = NULL;
    if (posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, size)) return NULL;
    live_bytes += size;
    return memory;
}

static void counting_free(void *user, void *memory, size_t size)
{
    (void)user;
    live_bytes -= memory ? size : 0;
    free(memory);
}

static int set_up(void **state)
{
    (void)state;
    molt_config config = molt_config_default();
    config.allocate = counting;
    config.free = counting_free;
    live_bytes = 0;
    world = molt_world_open(&config);
    return molt_struct_declare(world, &Vec_struct);
}

/* Nothing is left when the world has gone. */
static int tear_down(void **state)
{
    (void)state;
    molt_world_close(world);
    return live_bytes ? -1 : 0;
}

static molt_class *class_of(const char *name, molt_trait *const *traits, size_t count)
{
    molt_class_lines lines = { .size = sizeof lines, .name = name, .traits = traits, .trait_count = count };
    molt_class *cls = molt_class_declare(world, &lines);
    if (!cls) fail_msg("%s", molt_last_error(world));
    return cls;
}

static molt_trait *trait_of(const char *name, const char *const *lines, size_t count)
{
    molt_trait_lines text = { .size = sizeof text, .name = name, .lines = lines, .line_count = count, .where = "test:1" };
    return molt_trait_declare(world, &text);
}

static molt_object *new_node(void)
{
    molt_trait *trait = molt_trait_declare_text(world, &Node_trait);
    if (!trait) fail_msg("%s", molt_last_error(world));
    molt_object *object = molt_object_new(world, class_of("Nodes", &trait, 1));
    if (!object) fail_msg("%s", molt_last_error(world));
    return object;
}

static molt_value text_value(const molt_string *string)
{
    return (molt_value){ .kind = MOLT_STRING, .as.string = string };
}

static void expect_error(int err, int code, const char *said)
{
    assert_int_equal(err, code);
    if (!strstr(molt_last_error(world), said)) fail_msg("expected '%s', got '%s'", said, molt_last_error(world));
}

static void a_block_is_laid_out_as_c_lays_out_the_struct(void **state)
{
    (void)state;
    const Node *node = molt_as(new_node(), Node);
    assert_non_null(node);
    assert_true(node->first == 1 && node->pos[0] == 0 && node->pos[1] == 1);
    assert_true(node->at.x == 2.5 && node->at.on && node->small[1] == 300);
    assert_string_equal(node->name.text, "nobody");
    assert_int_equal(node->name.length, 6);
    assert_int_equal(node->next.index1, 0);
}

static void lines_declare_the_same_trait(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "uint8_t first", "float pos[3]", "Vec at = {1, 2.0, true}", "short small[2]", "string name = \"\\\"\\x41\"",
        "Node next", "private string secret", "object whatever",
    };
    molt_trait *trait = trait_of("Node", lines, 8);
    if (!trait) fail_msg("%s", molt_last_error(world));
    assert_ptr_equal(molt_trait_declare_text(world, &Node_trait), trait);
    const Node *node = molt_as(new_node(), Node);
    assert_string_equal(node->name.text, "\"A");
    assert_true(node->at.tag == 1 && node->at.x == 2.0 && node->at.on);
    static const char *const other[] = { "uint8_t first", "float pos[4]" };
    assert_null(trait_of("Node", other, 2));
    assert_non_null(strstr(molt_last_error(world), "'float[3] pos' where test:1 has 'float[4] pos'"));
}

static void refuse_line(const char *line, const char *said)
{
    molt__declaration out;
    expect_error(molt__declaration_parse_in(world, NULL, line, &out), MOLT_ERR_DECLARATION, said);
}

static void a_malformed_type_or_default_is_refused(void **state)
{
    (void)state;
    refuse_line("float pos[0]", "expected the number of elements, 1 to 65535, found '0'");
    refuse_line("float pos[70000]", "expected the number of elements");
    refuse_line("float pos[2.5]", "expected the number of elements");
    refuse_line("float pos[]", "expected the number of elements");
    refuse_line("float pos[3", "expected ']'");
    refuse_line("float pos[3][3]", "arrays have one dimension");
    refuse_line("string names[3]", "only scalars make arrays");
    refuse_line("float pos[2] = {1, 2, 3}", "the field has 2 elements");
    refuse_line("float pos[2] = 1", "expected '{'");
    refuse_line("uint8_t pos[2] = {1, 256}", "out of range");
    refuse_line("float pos[2] = {1 2}", "expected ',' or '}'");
    refuse_line("Vec at = {1, 2, 3}", "bool");
    refuse_line("string name = 5", "expected a text between double quotes");
    refuse_line("string name = \"abc", "never closed");
    refuse_line("string name = \"\\q\"", "escapes that C has");
    refuse_line("object next = 5", "it begins as nil");
    refuse_line("Vex at", "'Vec'");
    refuse_line("required double mass = 5", "takes no default");
    refuse_line("private double heat()", "are for fields");
    refuse_line("private required double heat", "expected one of private and required");
    refuse_line("private any heat", "never private or required");
    refuse_line("MOLT_REF(5) next", "name of a trait or class");
}

static void words_of_the_marks_and_types_are_names_too(void **state)
{
    (void)state;
    molt__declaration out;
    static const char *const lines[] = { "double private", "double required", "bool string", "double object" };
    for (size_t i = 0; i < 4; i++) assert_int_equal(molt__declaration_parse(world, lines[i], &out), MOLT_OK);
    assert_int_equal(molt__declaration_parse(world, "required double mass", &out), MOLT_OK);
    assert_true(out.required && !out.private);
}

static void a_struct_is_one_whoever_declares_it(void **state)
{
    (void)state;
    molt_struct_text text = { .size = sizeof text, .name = "Vec", .members = "signed char tag; double x; _Bool on;" };
    assert_int_equal(molt_struct_declare(world, &text), MOLT_OK);
    text.members = "double x";
    expect_error(molt_struct_declare(world, &text), MOLT_ERR_DECLARATION, "declared unequally");
    molt_struct_text wrong = Wrong_struct;
    wrong.bytes = 12;
    expect_error(molt_struct_declare(world, &wrong), MOLT_ERR_DECLARATION, "has 12 bytes and alignment 8, expected 16 and 8");
    static const char *const bad[] = { "", "string s", "float x; float x", "float x = 1", "double f()", "Vec v", "float a[2]" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        text = (molt_struct_text){ .size = sizeof text, .name = "Bad", .members = bad[i] };
        assert_int_equal(molt_struct_declare(world, &text), MOLT_ERR_DECLARATION);
    }
}

static void a_name_is_that_of_a_struct_or_of_a_trait_or_class(void **state)
{
    (void)state;
    molt_struct_text text = { .size = sizeof text, .name = "Point", .members = "double x", .where = "points.c:1" };
    assert_int_equal(molt_struct_declare(world, &text), MOLT_OK);
    molt_trait_lines trait = { .size = sizeof trait, .name = "Point" };
    assert_null(molt_trait_declare(world, &trait));
    assert_string_equal(molt_last_error(world), "trait 'Point': a struct has the name (points.c:1)");
    molt_class_lines cls = { .size = sizeof cls, .name = "Point" };
    assert_null(molt_class_declare(world, &cls));
    assert_string_equal(molt_last_error(world), "class 'Point': a struct has the name (points.c:1)");
    trait.name = cls.name = "Place";
    assert_non_null(molt_trait_declare(world, &trait));
    text.name = "Place";
    expect_error(molt_struct_declare(world, &text), MOLT_ERR_DECLARATION, "a trait or class has the name");
}

static void a_string_is_copied_and_the_old_one_good_until_the_tick(void **state)
{
    (void)state;
    molt_object *object = new_node();
    Node *node = molt_as(object, Node);
    char bytes[] = "a\0b";
    const molt_string given = { bytes, 3 }, empty = { "", 0 };
    assert_int_equal(molt_object_set(object, "name", text_value(&given)), MOLT_OK);
    bytes[0] = 'x';
    const char *before = node->name.text;
    assert_memory_equal(before, "a\0b", 4);
    assert_int_equal(molt_object_set(object, "name", text_value(&node->name)), MOLT_OK);
    assert_memory_equal(node->name.text, "a\0b", 4);
    assert_int_equal(molt_object_set(object, "name", text_value(&empty)), MOLT_OK);
    assert_memory_equal(before, "a\0b", 4);
    assert_int_equal(molt_world_tick(world), MOLT_OK);
    assert_string_equal(node->name.text, "");
    expect_error(molt_object_set(object, "name", (molt_value){ MOLT_BOOL, { .boolean = true } }), MOLT_ERR_TYPE, "takes the type 'string'");
}

static void memory_is_as_before_when_the_objects_have_gone(void **state)
{
    (void)state;
    const molt_string text = { "long enough to be seen", 22 };
    molt_object *object = new_node();
    molt_world_tick(world);
    size_t before = live_bytes;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(molt_object_set(object, "name", text_value(&text)), MOLT_OK);
        assert_int_equal(molt_field_set(molt_as(object, Node), "secret", text_value(&text)), MOLT_OK);
        molt_object_destroy(object);
        molt_world_tick(world);
        object = new_node();
    }
    assert_true(live_bytes < before + 2048);     /* what the registry and the limbo grew by; the texts were 10,000 */
}

static void a_string_moves_with_its_trait_and_goes_with_it(void **state)
{
    (void)state;
    static const char *const tag[] = { "string label = \"none\"" };
    molt_trait *extra = trait_of("Tag", tag, 1);
    molt_object *object = new_node();
    molt_class *cls = molt_object_class(object);
    const molt_string text = { "kept", 4 }, label = { "gone", 4 };
    molt_object_set(object, "name", text_value(&text));
    molt_world_tick(world);
    assert_int_equal(molt_class_use(cls, extra, NULL), MOLT_OK);
    molt_world_tick(world);
    assert_string_equal(((Node *)molt_as(object, Node))->name.text, "kept");
    size_t before = live_bytes;
    assert_int_equal(molt_object_set(object, "label", text_value(&label)), MOLT_OK);
    assert_true(live_bytes > before);
    assert_int_equal(molt_class_drop(cls, extra, NULL), MOLT_OK);
    molt_world_tick(world);
    assert_string_equal(((Node *)molt_as(object, Node))->name.text, "kept");
    assert_int_equal(molt_object_attach(object, extra, NULL), MOLT_OK);
    assert_int_equal(molt_object_set(object, "label", text_value(&label)), MOLT_OK);
    assert_int_equal(molt_object_detach(object, extra), MOLT_OK);
    molt_world_tick(world);
}

static void a_reference_takes_objects_of_its_trait_alone(void **state)
{
    (void)state;
    molt_object *a = new_node(), *b = new_node(), *other = molt_object_new(world, class_of("Others", NULL, 0));
    molt_value ref = { .kind = MOLT_REF, .as.ref = molt_object_ref(b) };
    assert_int_equal(molt_object_set(a, "next", ref), MOLT_OK);
    Node *node = molt_as(a, Node);
    assert_ptr_equal(molt_ref_object(world, node->next), b);
    ref.as.ref = molt_object_ref(other);
    expect_error(molt_object_set(a, "next", ref), MOLT_ERR_TYPE, "takes a reference to 'Node', which Others#");
    assert_int_equal(molt_object_set(a, "whatever", ref), MOLT_OK);
    molt_object_destroy(b);
    assert_null(molt_ref_object(world, node->next));
    ref.as.ref = node->next;
    expect_error(molt_object_set(a, "whatever", ref), MOLT_ERR_STALE, "is stale");
    ref.as.ref = (molt_ref){ 0 };
    assert_int_equal(molt_object_set(a, "next", ref), MOLT_OK);
}

static void arrays_and_structs_are_reached_as_a_whole_and_by_element(void **state)
{
    (void)state;
    molt_object *object = new_node();
    Node *node = molt_as(object, Node);
    const float pos[3] = { 4, 5, 6 };
    molt_value value = { .kind = MOLT_MEMORY, .as.memory = pos };
    assert_int_equal(molt_object_set(object, "pos", value), MOLT_OK);
    assert_true(node->pos[2] == 6);
    assert_int_equal(molt_object_get(object, "pos[1]", &value), MOLT_OK);
    assert_true(value.kind == MOLT_FLOAT && value.as.f32 == 5);
    assert_int_equal(molt_object_set(object, "at.x", (molt_value){ MOLT_INT32, { .i32 = 7 } }), MOLT_OK);
    assert_true(node->at.x == 7);
    assert_int_equal(molt_object_get(object, "at", &value), MOLT_OK);
    assert_ptr_equal(value.as.memory, &node->at);
    expect_error(molt_object_get(object, "pos[3]", &value), MOLT_ERR_RANGE, "index 3 is out of range");
    expect_error(molt_object_get(object, "pos[-1]", &value), MOLT_ERR_UNKNOWN, "is an array");
    expect_error(molt_object_get(object, "pos.x", &value), MOLT_ERR_UNKNOWN, "is an array");
    expect_error(molt_object_get(object, "at.z", &value), MOLT_ERR_UNKNOWN, "has no '.z'");
    expect_error(molt_object_get(object, "first[0]", &value), MOLT_ERR_UNKNOWN, "has no '[0]'");
    expect_error(molt_object_set(object, "small[0]", (molt_value){ MOLT_INT32, { .i32 = 70000 } }), MOLT_ERR_RANGE, "out of range");
    expect_error(molt_object_set(object, "pos", (molt_value){ MOLT_BOOL, { .boolean = 1 } }), MOLT_ERR_TYPE, "takes the type 'float[3]'");
}

static void private_fields_are_kept_apart(void **state)
{
    (void)state;
    static const char *const lines[] = { "private double heat = 1" }, *const more[] = { "private double heat = 2", "double heat2" };
    static const char *const public[] = { "double heat = 3" };
    molt_trait *traits[] = { trait_of("A", lines, 1), trait_of("B", more, 2), trait_of("C", public, 1) };
    molt_object *object = molt_object_new(world, class_of("ABC", traits, 3));
    if (!object) fail_msg("%s", molt_last_error(world));
    molt_value value;
    assert_int_equal(molt_object_get(object, "heat", &value), MOLT_OK);
    assert_true(value.as.f64 == 3);
    void *b = molt_object_as(object, traits[1]);
    assert_int_equal(molt_field_set(b, "heat", (molt_value){ MOLT_DOUBLE, { .f64 = 20 } }), MOLT_OK);
    assert_int_equal(molt_field_get(molt_object_as(object, traits[0]), "heat", &value), MOLT_OK);
    assert_true(value.as.f64 == 1);
    assert_int_equal(molt_field_get(b, "heat", &value), MOLT_OK);
    assert_true(value.as.f64 == 20);
    expect_error(molt_field_get(b, "nothing", &value), MOLT_ERR_UNKNOWN, "has no typed field 'nothing'");
    assert_null(trait_of("A", public, 1));
}

static void an_implementation_starts_wide_fields_with_its_values(void **state)
{
    (void)state;
    molt_object *plain = new_node();
    molt_trait *trait = molt_trait_find(world, "Node");
    molt_impl *impl = molt_impl_new(trait, "Named", "here");
    const molt_string first = { "first", 5 }, second = { "second", 6 };
    const float pos[3] = { 7, 8, 9 };
    assert_int_equal(molt_impl_set(impl, "name", text_value(&first)), MOLT_OK);
    assert_int_equal(molt_impl_set(impl, "name", text_value(&second)), MOLT_OK);
    assert_int_equal(molt_impl_set(impl, "pos", (molt_value){ .kind = MOLT_MEMORY, .as.memory = pos }), MOLT_OK);
    assert_int_equal(molt_class_use(molt_object_class(plain), trait, impl), MOLT_OK);
    const Node *node = molt_as(new_node(), Node);
    assert_string_equal(node->name.text, "second");
    assert_true(node->pos[0] == 7);
    assert_string_equal(((Node *)molt_as(plain, Node))->name.text, "nobody");
    molt_value ref = { .kind = MOLT_REF, .as.ref = molt_object_ref(plain) };
    expect_error(molt_impl_set(impl, "next", ref), MOLT_ERR_ARGUMENT, "no implementation can start with");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_block_is_laid_out_as_c_lays_out_the_struct), T(lines_declare_the_same_trait),
        T(a_malformed_type_or_default_is_refused), T(words_of_the_marks_and_types_are_names_too),
        T(a_struct_is_one_whoever_declares_it), T(a_string_is_copied_and_the_old_one_good_until_the_tick),
        T(a_name_is_that_of_a_struct_or_of_a_trait_or_class), T(a_string_is_copied_and_the_old_one_good_until_the_tick),
        T(memory_is_as_before_when_the_objects_have_gone), T(a_string_moves_with_its_trait_and_goes_with_it),
        T(a_reference_takes_objects_of_its_trait_alone), T(arrays_and_structs_are_reached_as_a_whole_and_by_element),
        T(private_fields_are_kept_apart), T(an_implementation_starts_wide_fields_with_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
