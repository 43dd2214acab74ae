/*
 * molt/object.h: objects, trait handles, ids.
 *
 * A `molt_object *` is a stable record, good until the tick after its object's
 * end. A trait handle (`Vehicle *`) is good until the next tick. To keep an
 * object, retain it; to keep a mere reference to it, keep a molt_ref.
 */
#ifndef MOLT_OBJECT_H
#define MOLT_OBJECT_H

#include <molt/trait.h>

/* An object of the host: it lives until molt_object_destroy, whatever Lua
 * holds. Fields have their defaults; no constructor of Lua runs. */
MOLT_API molt_object *molt_object_new(molt_world *world, molt_class *cls);

/* Ends an object: ids and views of it are stale at once, its memory waits for
 * the tick. MOLT_ERR_DESTROYED when it has ended already. */
MOLT_API int molt_object_destroy(molt_object *object);
MOLT_API bool molt_object_alive(const molt_object *object);

/* Keeps the object alive, its table with it, until as many releases. */
MOLT_API int molt_object_retain(molt_object *object);
MOLT_API int molt_object_release(molt_object *object);

MOLT_API molt_ref molt_object_ref(const molt_object *object);
/* The object, or NULL with MOLT_ERR_STALE when it has ended. Always checked. */
MOLT_API molt_object *molt_ref_object(molt_world *world, molt_ref ref);
/* The same as one number of at most 53 bits, as Lua sees it. */
MOLT_API double molt_object_id(const molt_object *object);
MOLT_API molt_object *molt_id_object(molt_world *world, double id);

MOLT_API molt_class *molt_object_class(const molt_object *object);
MOLT_API molt_world *molt_object_world(const molt_object *object);

/* Attaches a trait to this object alone, with its defaults or with an
 * implementation; nothing has changed when it fails. */
MOLT_API int molt_object_attach(molt_object *object, molt_trait *trait, molt_impl *impl);
/* Several at once, which may require one another: all of them, or none. Their `attached`
 * hooks run as they do for one; if one fails, all of them are gone again. */
typedef struct molt_piece {
    molt_trait *trait;
    molt_impl *impl;                 /* of that trait; NULL: the trait's own definitions */
} molt_piece;
MOLT_API int molt_object_attach_set(molt_object *object, const molt_piece *pieces, size_t count);
MOLT_API int molt_object_detach(molt_object *object, molt_trait *trait);
MOLT_API bool molt_object_is(const molt_object *object, const molt_trait *trait);

/* The trait's block in this object, or NULL when it has none, or not as the trait was
 * when it was found: then its fields lie elsewhere, and molt_trait_find finds it. With a trait that
 * MOLT_TRAIT declared, molt_as(object, Vehicle) is the same, typed; see
 * molt/declare.h, also for molt_call and molt_object_of. */
MOLT_API void *molt_object_as(const molt_object *object, const molt_trait *trait);
MOLT_API void *molt_object_as_text(const molt_object *object, molt_trait_text *text);

/* Typed fields by name; a wrong type or a number out of range leaves the old value. */
MOLT_API int molt_object_get(const molt_object *object, const char *field, molt_value *out);
MOLT_API int molt_object_set(molt_object *object, const char *field, molt_value value);

/* Arrays and structs are MOLT_MEMORY as a whole; "pos[1]" and "speed.x" are the
 * scalars in them. A string is copied. A reference is an id, which keeps nothing
 * alive; MOLT_ERR_TYPE when its object has not the trait, or class, declared.
 *
 * The same through a trait handle, private fields too: */
MOLT_API int molt_field_get(const void *handle, const char *field, molt_value *out);
MOLT_API int molt_field_set(void *handle, const char *field, molt_value value);

/* Calls a typed method by name, native or Lua. `result` may be NULL. The
 * arguments' kinds are converted as an assignment to a field would be. */
MOLT_API int molt_object_call(molt_object *object, const char *method, const molt_value *arguments,
                              size_t count, molt_value *result);

/* Called for each living object of a class (subclasses included) and with a trait,
 * in order of creation; NULL for either means any. Stops when the function returns
 * false. The first time for a class or trait looks at all objects there are; from
 * then on the time goes with how many it has. Without memory for that it looks at
 * all, and visits also what comes to match.
 *
 * The function may make, end and change objects, declare anew, tick and go through
 * objects itself; it returns, and does not close the world. Visited are objects that
 * were there and matched at the beginning, if they are alive and match when their
 * turn comes. On the world's own thread; runs no Lua of its own. */
typedef bool (*molt_object_visitor)(molt_object *object, void *user);
MOLT_API void molt_object_each(molt_world *world, const molt_class *cls, const molt_trait *trait,
                               molt_object_visitor visitor, void *user);

#endif /* MOLT_OBJECT_H */
