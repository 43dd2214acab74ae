#include "cascade.h"

#include "edit.h"
#include "error.h"
#include "memory.h"
#include "world_state.h"

#include <stdio.h>

/* The attachment of a trait that goes with it; NULL when it is not attached, or
 * when only an implementation of one of the class's traits is. */
static const molt__attached *leaving(const molt_shape *shape, const molt_trait *trait)
{
    for (size_t i = 0; i < shape->attached_count; i++) {
        const molt__attached *attached = &shape->attached[i];
        if (attached->trait == trait) return attached->block >= 0 ? attached : NULL;
    }
    return NULL;
}

int molt__cascade_check(const molt_shape *shape, const molt_trait *trait)
{
    char text[MOLT__ERROR_TEXT / 2];
    size_t length = 0;
    if (!leaving(shape, trait)) return MOLT_OK;
    for (size_t i = 0; i < shape->part_count && length < sizeof text; i++) {
        const molt_trait *other = shape->parts[i].trait;
        if (other == trait || !molt__trait_requires(other, trait)) continue;
        int n = snprintf(text + length, sizeof text - length, "%s%s requires %s (declared at %s)", length ? ", " : "",
                         other->name, trait->name, other->where);
        if (n > 0) length += (size_t)n;
    }
    if (!length) return MOLT_OK;
    molt__fail(shape->world, MOLT_ERR_IN_USE, "cannot detach '%s': %s", trait->name, text);
    molt__hint(shape->world, "detach what requires it first; molt.detach(object, %s, { cascade = true }) takes it along",
               trait->name);
    return MOLT_ERR_IN_USE;
}

/* Does the trait require one that goes? */
static bool follows(const molt_shape *shape, const bool *goes, const molt_trait *trait)
{
    for (size_t i = 0; i < shape->attached_count; i++) {
        const molt__attached *attached = &shape->attached[i];
        if (goes[i] && attached->block >= 0 && molt__trait_requires(trait, attached->trait)) return true;
    }
    return false;
}

/* Marks what requires something that goes, until nothing is left to mark. */
static void spread(const molt_shape *shape, bool *goes)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < shape->attached_count; i++) {
            if (goes[i] || !follows(shape, goes, shape->attached[i].trait)) continue;
            goes[i] = more = true;
        }
    }
}

molt_shape *molt__cascade_detach(molt_shape *shape, molt_trait *trait)
{
    molt_world *world = shape->world;
    size_t count = shape->attached_count;
    if (!leaving(shape, trait)) return molt__shape_detach(shape, trait);
    size_t size = count * (sizeof(molt__attached) + sizeof(bool));
    molt__attached *rest = molt__allocate(world, size);
    if (!rest) return NULL;
    bool *goes = (bool *)(rest + count);
    for (size_t i = 0; i < count; i++) goes[i] = shape->attached[i].trait == trait;
    spread(shape, goes);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!goes[i]) rest[kept++] = shape->attached[i];
    }
    molt_shape *to = molt__shape_intern(shape->cls, shape->layout, rest, kept);
    molt__free(world, rest, size);
    if (to) molt__edit_publish(world);
    return to;
}
