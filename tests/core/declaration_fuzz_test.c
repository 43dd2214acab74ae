/* Declarations that nobody wrote: random and mutated lines either parse, and
 * then their canonical text parses to the same, or leave an error that quotes
 * the line. MOLT_SEED and MOLT_ROUNDS choose other lines and more of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <molt/world.h>

#include "declaration.h"

enum { LONGEST = 200 };

static const char *const valid[] = {
    "double fuel = 10",
    "unsigned long long int x = 0xFFull;",
    "any driver",
    "double range(double load)",
    "void f(int a, bool, const unsigned char c, size_t d, float)",
    "char c = '\\x41' // comment",
    "/* a */ int8_t b /* c */ = -12",
    "double y = -0x1.8p-3",
    "bool on = true;",
    "void stop(void)",
};

static const char *const pieces[] = {
    "double", "int", "long", "unsigned", "signed", "char", "short", "float", "bool", "void", "any", "size_t",
    "uint8_t", "const", "struct", "string", "fuel", "x", "molt_x", "end", "true", "false", "=", "(", ")", ",",
    ";", "*", "[", "3", "]", "-", "+", "0x", "1e", "1.5", ".5", "'", "'a'", "\\", "\"", "/*", "*/", "//", "\n",
    "0x1p", "99999999999999999999", "1e400", "...", "\xC3\xA9", "\xFF", ":",
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

typedef struct fuzz {
    molt_world *world;
    uint64_t seed;
    int rounds;
} fuzz;

static fuzz run;

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static int open_world(void **state)
{
    run.world = molt_world_open(NULL);
    run.seed = number_of("MOLT_SEED", 20240607);
    run.rounds = (int)number_of("MOLT_ROUNDS", 40000);
    *state = &run;
    return run.world != NULL ? 0 : -1;
}

static int close_world(void **state)
{
    (void)state;
    molt_world_close(run.world);
    return 0;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static size_t below(size_t limit)
{
    uint64_t z = run.seed += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (size_t)((z ^ (z >> 31)) % limit);
}

/* As an error quotes it: control characters are blanks. */
static void printable(char *to, const char *line)
{
    for (; *line != '\0'; line++) {
        *to++ = (unsigned char)*line < ' ' || *line == 0x7F ? ' ' : *line;
    }
    *to = '\0';
}

static void check_parsed(const molt__declaration *first, const char *line)
{
    char text[LONGEST * 4];
    char again[LONGEST * 4];
    molt__declaration second;
    molt__declaration_canonical(first, text, sizeof text);
    if (molt__declaration_parse(run.world, text, &second) != MOLT_OK) {
        fail_msg("'%s' parses, its canonical text '%s' does not", line, text);
    }
    molt__declaration_canonical(&second, again, sizeof again);
    assert_string_equal(text, again);
    assert_ptr_equal(first->name, second.name);
    assert_int_equal(first->member, second.member);
    assert_int_equal(first->initial.kind, first->kind);
}

/* Does the line parse? If not, is the error as it should be? */
static bool check(const char *line)
{
    molt__declaration out;
    int err = molt__declaration_parse(run.world, line, &out);
    if (err == MOLT_OK) {
        check_parsed(&out, line);
        return true;
    }
    char quoted[LONGEST + 1];
    printable(quoted, line);
    const char *text = molt_last_error(run.world);
    if (err != MOLT_ERR_DECLARATION || molt_last_code(run.world) != err || strstr(text, quoted) == NULL ||
        strchr(text, '^') == NULL || (strstr(text, "expected ") == NULL && strstr(text, "field '") == NULL)) {
        fail_msg("'%s' gives %d: %s", line, err, text);
    }
    return false;
}

static void random_bytes_never_crash_the_parser(void **state)
{
    (void)state;
    for (int i = 0; i < run.rounds; i++) {
        char line[LONGEST + 1];
        size_t length = below(LONGEST);
        for (size_t j = 0; j < length; j++) {
            line[j] = (char)(1 + below(255));
        }
        line[length] = '\0';
        check(line);
    }
}

static void random_words_never_crash_the_parser(void **state)
{
    (void)state;
    int parsed = 0;
    for (int i = 0; i < run.rounds; i++) {
        char line[LONGEST + 1] = "";
        for (size_t words = 1 + below(7); words > 0; words--) {
            size_t used = strlen(line);
            const char *piece = pieces[below(COUNT(pieces))];
            snprintf(line + used, sizeof line - used, "%s%s", piece, below(3) != 0 ? " " : "");
        }
        parsed += check(line);
    }
    assert_true(parsed > run.rounds / 1000);         /* the words are chosen well enough */
}

static void mutate(char *line)
{
    size_t length = strlen(line);
    size_t at = below(length + 1);
    const char *piece = pieces[below(COUNT(pieces))];
    switch (below(5)) {
    case 0:                                          /* drop a character */
        memmove(line + at, line + at + (at < length), length - at + (at == length));
        break;
    case 1:                                          /* another character */
        line[at] = at < length ? (char)(1 + below(255)) : '\0';
        break;
    case 2:                                          /* cut */
        line[at] = '\0';
        break;
    case 3:                                          /* double the rest */
        if (2 * length - at < LONGEST) {
            memmove(line + length, line + at, length - at);
            line[2 * length - at] = '\0';
        }
        break;
    default:                                         /* insert a piece */
        if (length + strlen(piece) < LONGEST) {
            memmove(line + at + strlen(piece), line + at, length - at + 1);
            memcpy(line + at, piece, strlen(piece));
        }
        break;
    }
}

static void mutated_lines_never_crash_the_parser(void **state)
{
    (void)state;
    int parsed = 0;
    for (int i = 0; i < run.rounds; i++) {
        char line[LONGEST + 1] = "";
        snprintf(line, sizeof line, "%s", valid[below(COUNT(valid))]);
        for (size_t mutations = below(4); mutations > 0; mutations--) {
            mutate(line);
        }
        parsed += check(line);
    }
    assert_true(parsed > run.rounds / 10);
    assert_true(parsed < run.rounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes_never_crash_the_parser),
        cmocka_unit_test(random_words_never_crash_the_parser),
        cmocka_unit_test(mutated_lines_never_crash_the_parser),
    };
    return cmocka_run_group_tests_name("declaration fuzz", tests, open_world, close_world);
}
