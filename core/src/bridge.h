/*
 * bridge.h: the one way from the core to the Lua side.
 *
 * The binding fills a table of functions; the core calls them, in ordinary
 * context only (never while a leaf call is in flight). None may throw.
 */
#ifndef MOLT_SRC_BRIDGE_H
#define MOLT_SRC_BRIDGE_H

#include <molt/base.h>

struct molt__call;
struct molt__move;

/* What native code does to an object, for the hooks of its traits. */
typedef enum molt__turn { MOLT__TURN_GAINED = 1, MOLT__TURN_LOSING, MOLT__TURN_ENDING } molt__turn;

typedef struct molt__bridge {
    /* Names of shapes resolve anew: bring the flat method tables up to date. */
    void (*changed)(void *user);

    /* Runs hooks: the object has gained what its shape has and `before` had not, is
     * about to lose the trait, or to end (NULL where they say nothing). May be NULL
     * itself. On an error, which is recorded, what was gained is gone again. May change
     * or end the object. */
    int (*hook)(void *user, molt__turn turn, molt_object *object, molt_trait *trait, const molt_shape *before);

    /* The object ends: take its table's body and metatable away. */
    void (*ended)(void *user, molt_object *object);

    /* An object moves to another shape (attach or detach asked for by C). First
     * `ready`, which may fail and run Lua; then, when it has moved, `reshaped`. */
    int (*ready)(void *user, molt_shape *to);
    void (*reshaped)(void *user, molt_object *object);

    /* Stops the collector, and with it finalizers, while the core does something in
     * many steps; or lets it go on. */
    void (*quiet)(void *user, bool on);

    /* A change of layout. First `stage` for all objects and the bodies they are to
     * have, which may fail; then `relaid`, which cannot: tables get the staged
     * bodies (`commit`), or forget them. */
    int (*stage)(void *user, const struct molt__move *moves, size_t count);
    void (*relaid)(void *user, const struct molt__move *moves, size_t count, bool commit);

    /* A trait gets another version. First as one that may come about, which may fail;
     * then (`commit`), in the midst of the change, as one that has, which cannot. */
    int (*succeed)(void *user, molt_trait *from, molt_trait *to, bool commit);

    /* Does the object's own table hold something under the name? NULL: nothing does. */
    bool (*raw)(void *user, const molt_object *object, const char *name);

    /* Holds the object's table strongly, or lets it go. */
    int (*pin)(void *user, molt_object *object);
    void (*unpin)(void *user, molt_object *object);

    /* Lets a Lua value go whose reference a fill held. */
    void (*forget)(void *user, intptr_t foreign);

    /* Runs what waited for its moment, by the reference it was given with; an error
     * becomes the world's pending error. */
    void (*act)(void *user, intptr_t foreign);

    /* Runs a slot that Lua fills, or that looks at the object's table first. The
     * result is zero already; an error becomes the world's pending error. */
    void (*call)(void *user, const struct molt__call *call);

    /* The world closes. */
    void (*closing)(void *user);
} molt__bridge;

#endif
