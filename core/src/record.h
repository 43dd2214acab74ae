/* record.h: C structs of scalars, registered by name, as types of fields. */
#ifndef MOLT_SRC_RECORD_H
#define MOLT_SRC_RECORD_H

#include <molt/trait.h>

typedef struct molt__record_member {
    const char *name;                /* interned */
    molt_kind kind;
    uint32_t offset;
} molt__record_member;

typedef struct molt__record {
    const char *name;                /* interned */
    char *text;                      /* "float x; float y": what makes two of them equal */
    char *where;
    size_t size;
    size_t align;
    size_t count;
    molt__record_member member[];
} molt__record;

enum { MOLT__MAX_RECORD = 64 };      /* members */

/* The struct of an interned name, or NULL. */
const molt__record *molt__record_find(const molt_world *world, const char *name);

/* An error where a struct has the (interned) name: a type's name means one thing. */
int molt__record_refuse(molt_world *world, const char *name, const char *kind);

/* Takes back the structs registered since there were `count`: no field has one. */
void molt__records_undo(molt_world *world, size_t count);

void molt__records_free(molt_world *world);

#endif
