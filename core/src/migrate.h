/* migrate.h: new bodies for live objects, prepared, then installed or dropped. */
#ifndef MOLT_SRC_MIGRATE_H
#define MOLT_SRC_MIGRATE_H

#include "carry.h"

typedef struct molt__move {
    molt_object *object;
    molt_object *body;
    void **attached;
    const molt__carry *carry;
} molt__move;

/* A value for one field of an object that moves, to be stored when it has moved. */
typedef struct molt__write {
    char *memory;                    /* of the field; of a block that may be in use already */
    const molt__field *field;
    molt_value value;                /* MOLT_MEMORY: a copy; MOLT_STRING: its text is at `string` */
    _Alignas(molt_string) char string[sizeof(molt_string)];
} molt__write;

/* What native code sees of an object while it migrates: see molt/native.h. */
struct molt_former {
    molt_world *world;
    const molt__carry *carry;
    const molt_object *object;
    const molt_trait *trait;
};

/* Gives one new block what the rules do not. */
typedef struct molt__migrator {
    const molt_trait *trait;
    molt_migrate *migrate;
} molt__migrator;

typedef struct molt__migration {
    molt_world *world;
    bool stopped;                    /* workers rest until its end */
    bool judged;                     /* the caller has judged every field that does not simply
                                      * follow, and writes those that are to */
    const molt__migrator *migrators;
    size_t migrator_count;
    molt__move *moves;
    size_t count;
    size_t capacity;
    molt__carry **carries;           /* one for each shape that objects leave */
    size_t carry_count;
    size_t carry_capacity;
    molt__write *writes;
    size_t write_count;
    size_t write_capacity;
} molt__migration;

/* Prepares a body of shape `to` with the object's present values: see molt__carry. */
int molt__migration_add(molt__migration *migration, molt_object *object, molt_shape *to);

/* While native code migrates: the error that a verb fails with. */
int molt__migration_bars(molt_world *world, const char *what);

/* All are there: the Lua side prepares what its tables are to have. */
int molt__migration_stage(molt__migration *migration);

/* While the Lua side does so: the object of that move is to have this value, which
 * fits, in a field. */
int molt__migration_write(molt__migration *migration, size_t move, const molt_trait *trait, const molt__field *field,
                          molt_value value);

/* Installs them all; cannot fail. Workers rest from the first addition until after
 * this, or the cancellation: slots that fit the new bodies only are stored before. */
void molt__migration_commit(molt__migration *migration);

/* Drops them; every object is as it was. */
void molt__migration_cancel(molt__migration *migration);

#endif
