/*
 * name.c: the table of names, and the search for a near one.
 *
 *   slot[]: text pointers, open addressing with linear steps, never more than
 *   three quarters full. Before each text lie its hash and length:
 *
 *       │ length │ hash │ t e x t \0
 *                        ▲ the name
 */
#include "name.h"

#include <string.h>

#include "memory.h"
#include "world_state.h"

enum { FIRST_CAPACITY = 64, LONGEST_COMPARED = 64 };

typedef struct entry {
    size_t length;
    uint32_t hash;
    char text[];
} entry;

static const entry *entry_of(const char *name)
{
    return (const entry *)(const void *)(name - offsetof(entry, text));
}

static size_t entry_size(size_t length)
{
    return sizeof(entry) + length + 1;
}

/* FNV-1a (Fowler, Noll, Vo), then folded: its lowest bits depend only on the
 * lowest bits of the characters, and those are the ones a small table takes. */
static uint32_t hash_of(const char *text, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    }
    return hash ^ (hash >> 16);
}

/* Where the text is, or the empty slot where it belongs. */
static size_t place_of(const molt__names *names, const char *text, size_t length, uint32_t hash)
{
    size_t mask = names->capacity - 1;
    size_t place = hash & mask;
    while (names->slot[place] != NULL) {
        const entry *found = entry_of(names->slot[place]);
        if (found->hash == hash && found->length == length && memcmp(found->text, text, length) == 0) {
            break;
        }
        place = (place + 1) & mask;
    }
    return place;
}

static int make_room(molt_world *world, molt__names *names)
{
    if (names->count < names->capacity / 4 * 3) {
        return MOLT_OK;
    }
    molt__names larger = { .capacity = names->capacity != 0 ? names->capacity * 2 : FIRST_CAPACITY };
    larger.slot = molt__allocate(world, larger.capacity * sizeof *larger.slot);
    if (larger.slot == NULL) {
        return MOLT_ERR_MEMORY;
    }
    for (size_t i = 0; i < names->capacity; i++) {
        const char *name = names->slot[i];
        if (name != NULL) {
            const entry *moved = entry_of(name);
            larger.slot[place_of(&larger, name, moved->length, moved->hash)] = name;
        }
    }
    larger.count = names->count;
    molt__free(world, names->slot, names->capacity * sizeof *names->slot);
    *names = larger;
    return MOLT_OK;
}

const char *molt__name(molt_world *world, const char *text)
{
    return molt__name_span(world, text, strlen(text));
}

const char *molt__name_span(molt_world *world, const char *text, size_t length)
{
    molt__names *names = &world->names;
    if (make_room(world, names) != MOLT_OK) {
        return NULL;
    }
    uint32_t hash = hash_of(text, length);
    size_t place = place_of(names, text, length, hash);
    if (names->slot[place] == NULL) {
        entry *fresh = molt__allocate(world, entry_size(length));
        if (fresh == NULL) {
            return NULL;
        }
        fresh->length = length;
        fresh->hash = hash;
        memcpy(fresh->text, text, length);
        names->slot[place] = fresh->text;
        names->count++;
    }
    return names->slot[place];
}

const char *molt__name_find(const molt_world *world, const char *text)
{
    if (world->names.capacity == 0) {
        return NULL;
    }
    size_t length = strlen(text);
    return world->names.slot[place_of(&world->names, text, length, hash_of(text, length))];
}

uint32_t molt__name_hash(const char *name)
{
    return entry_of(name)->hash;
}

void molt__names_free(molt_world *world)
{
    molt__names *names = &world->names;
    for (size_t i = 0; i < names->capacity; i++) {
        const char *name = names->slot[i];
        if (name != NULL) {
            size_t size = entry_size(entry_of(name)->length);
            molt__free(world, (char *)(uintptr_t)name - offsetof(entry, text), size);
        }
    }
    molt__free(world, names->slot, names->capacity * sizeof *names->slot);
    *names = (molt__names){ 0 };
}

molt__near molt__near_begin(const char *wanted)
{
    return (molt__near){ .wanted = wanted };
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment (Boytsov 2011): insertions, deletions, substitutions
 * and swaps of neighbours, by three rows of the usual table. Both texts are at
 * most LONGEST_COMPARED long. */
static size_t distance_of(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LONGEST_COMPARED + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

void molt__near_offer(molt__near *search, const char *candidate)
{
    size_t wanted = strlen(search->wanted);
    size_t length = strlen(candidate);
    size_t longer = wanted > length ? wanted : length;
    if (longer > LONGEST_COMPARED || longer - least(wanted, length) > longer / 3) {
        return;
    }
    size_t distance = distance_of(search->wanted, wanted, candidate, length);
    if (distance <= longer / 3 && (search->best == NULL || distance < search->distance)) {
        search->best = candidate;
        search->distance = distance;
    }
}

const char *molt__near_result(const molt__near *search)
{
    return search->best;
}
