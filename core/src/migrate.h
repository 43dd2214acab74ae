/* migrate.h: new bodies for live objects, prepared, then installed or dropped. */
#ifndef MOLT_SRC_MIGRATE_H
#define MOLT_SRC_MIGRATE_H

#include "carry.h"

typedef struct molt__move {
    molt_object *object;
    molt_shape *to;
    molt_object *body;
    void **attached;
} molt__move;

/* A value for one field of an object that moves, to be stored when it has moved. */
typedef struct molt__write {
    size_t move;
    const molt__part *part;
    uint32_t offset;
    molt_value value;
} molt__write;

typedef struct molt__migration {
    molt_world *world;
    bool judged;                     /* the caller has judged every field whose type changes
                                      * beyond widening, and writes those that are to follow */
    molt__carry carry;               /* of the pair of shapes seen last */
    molt__write *writes;
    size_t write_count;
    size_t write_capacity;
    molt__move *moves;
    size_t count;
    size_t capacity;
} molt__migration;

/* Prepares a body of shape `to` with the object's present values: see molt__carry. */
int molt__migration_add(molt__migration *migration, molt_object *object, molt_shape *to);

/* While the bridge stages a body: the object is to have this value, which fits, in
 * a typed field. */
int molt__migration_write(molt__migration *migration, const char *field, molt_value value);

/* Installs them all; cannot fail. */
void molt__migration_commit(molt__migration *migration);

/* Drops them all; nothing has changed. */
void molt__migration_cancel(molt__migration *migration);

#endif
