/* migrate.h: new bodies for live objects, prepared, then installed or dropped. */
#ifndef MOLT_SRC_MIGRATE_H
#define MOLT_SRC_MIGRATE_H

#include "shape.h"

typedef struct molt__move {
    molt_object *object;
    molt_shape *to;
    molt_object *body;
    void **attached;
} molt__move;

typedef struct molt__migration {
    molt_world *world;
    bool stopped;                    /* workers rest until its end */
    molt__move *moves;
    size_t count;
    size_t capacity;
} molt__migration;

/* Prepares a body of shape `to`, of another layout, with the object's present
 * values: kept fields keep theirs, new ones start with their defaults. */
int molt__migration_add(molt__migration *migration, molt_object *object, molt_shape *to);

/* Installs them all; cannot fail. Workers rest from the first addition until after
 * this, or the cancellation: slots that fit the new bodies only are stored before. */
void molt__migration_commit(molt__migration *migration);

/* Drops them all; nothing has changed. */
void molt__migration_cancel(molt__migration *migration);

#endif
