/*
 * model_field.h: for tests: what typed fields hold, and what becomes of a value
 * when its field gets another type. A text stands for a number, its digits.
 */
#ifndef MOLT_TEST_MODEL_FIELD_H
#define MOLT_TEST_MODEL_FIELD_H

#include <stdbool.h>

#include <molt/base.h>

/* The names of fields; each means the same field, whichever trait declares it. */
enum { FUEL_F, GEARS_F, POWER_F, SKILL_F, MARK_F, AGE_F, DRAUGHT_F, CAPTAIN_F, LENGTH_F, ENDING_F, WEIGHT_F, FIELDS_M };

static const char *const field_texts[FIELDS_M] = {
    "fuel", "gears", "power", "skill", "mark", "age", "draught", "captain", "length", "ending", "weight",
};

enum { NO_KIND, INT8_K, UINT8_K, INT16_K, UINT16_K, INT32_K, UINT32_K, INT64_K, FLOAT_K, DOUBLE_K, BOOL_K, STRING_K, ANY_K, KINDS_M };

static const struct { const char *type; molt_kind kind; double least, most; } kinds[KINDS_M] = {
    [INT8_K] = { "int8_t", MOLT_INT8, -128, 127 },
    [UINT8_K] = { "uint8_t", MOLT_UINT8, 0, 255 },
    [INT16_K] = { "int16_t", MOLT_INT16, -32768, 32767 },
    [UINT16_K] = { "uint16_t", MOLT_UINT16, 0, 65535 },
    [INT32_K] = { "int32_t", MOLT_INT32, -0x1p31, 0x1p31 - 1 },
    [UINT32_K] = { "uint32_t", MOLT_UINT32, 0, 0x1p32 - 1 },
    [INT64_K] = { "int64_t", MOLT_INT64, -0x1p63, 0x1p63 },
    [FLOAT_K] = { "float", MOLT_FLOAT, -0x1p24, 0x1p24 },           /* the whole numbers that are all there */
    [DOUBLE_K] = { "double", MOLT_DOUBLE, -0x1p53, 0x1p53 },
    [BOOL_K] = { "bool", MOLT_BOOL, 0, 1 },
    [STRING_K] = { "string", MOLT_STRING, 0, 0 },
    [ANY_K] = { "any", MOLT_ANY, 0, 0 },
};

static inline bool is_whole(int kind) { return kind >= INT8_K && kind <= INT64_K; }
static inline bool is_real(int kind) { return kind == FLOAT_K || kind == DOUBLE_K; }
static inline bool is_number(int kind) { return is_whole(kind) || is_real(kind); }

/* Does the one hold every number that the other does? */
static inline bool is_wider(int is, int was)
{
    if (is_real(was) && !is_real(is)) return false;
    return kinds[is].least <= kinds[was].least && kinds[is].most >= kinds[was].most;
}

/* A value as a field holds it that was given it; an error when it does not fit. */
static inline int take(int kind, double value, double *held)
{
    *held = kind == FLOAT_K ? (double)(float)value : value;
    if (!is_whole(kind)) return MOLT_OK;
    bool inside = value >= kinds[kind].least && value <= kinds[kind].most && value < 0x1p63;
    return inside && (double)(long long)value == value ? MOLT_OK : MOLT_ERR_RANGE;
}

/* What becomes of the value of a live object: it stays, or an error. */
static inline int follow(int was, int is, double value)
{
    if (was == is) return MOLT_OK;
    if (!is_number(was) || !is_number(is)) return MOLT_ERR_DECLARATION;
    if (is_wider(is, was)) return MOLT_OK;
    if (is_real(was) || !is_real(is)) return MOLT_ERR_DECLARATION;
    return is == DOUBLE_K || (double)(float)value == value ? MOLT_OK : MOLT_ERR_RANGE;
}

/* What becomes of the value that an implementation starts the field with. */
static inline int revalue(int was, int is, double *value)
{
    if (was == is) return MOLT_OK;
    if (was == STRING_K || is == STRING_K) return MOLT_ERR_DECLARATION;
    if (was == BOOL_K || is == BOOL_K) return MOLT_ERR_TYPE;
    double before = *value;
    int err = take(is, before, value);
    return err == MOLT_OK && is_whole(was) && *value != before ? MOLT_ERR_RANGE : err;
}

#endif
