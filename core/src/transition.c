/* transition.c: the shapes that attaching and detaching lead to. */
#include "shape.h"

#include "cascade.h"
#include "edit.h"
#include "error.h"
#include "impl.h"
#include "memory.h"
#include "world_state.h"

#include <string.h>

static molt_shape *cached(const molt_shape *shape, const molt_trait *trait, const molt_impl *impl, bool attach)
{
    for (size_t i = 0; i < shape->transition_count; i++) {
        const molt__transition *t = &shape->transitions[i];
        if (t->trait == trait && t->impl == impl && t->attach == attach) return t->to;
    }
    return NULL;
}

static molt_shape *remember(molt_shape *shape, molt__transition t)
{
    molt_world *world = shape->world;
    if (!t.to) return NULL;
    /* Without memory for the shortcut, the next one takes the long way again. */
    if (!molt__reserve(world, (void **)&shape->transitions, &shape->transition_capacity, shape->transition_count + 1,
                       sizeof t)) shape->transitions[shape->transition_count++] = t;
    return t.to;
}

static const molt__attached *find_attached(const molt_shape *shape, const molt_trait *trait)
{
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (shape->attached[i].trait == trait) return &shape->attached[i];
    }
    return NULL;
}

int molt__attached_put(molt_world *world, molt__attached *list, size_t *count, molt__attached add)
{
    size_t at = *count;
    add.named = !add.impl;               /* an implementation fills whatever names there are */
    while (at > 0 && list[at - 1].trait->index > add.trait->index) at--;
    if (at > 0 && list[at - 1].trait == add.trait) {
        molt__attached *same = &list[at - 1];
        if (same->impl && add.impl && same->impl != add.impl) {
            molt__fail(world, MOLT_ERR_CONFLICT, "two implementations of '%s' (%s and %s)", add.trait->name,
                       same->impl->where, add.impl->where);
            return molt__hint(world, "attach one of them, and define on it what the other one brings");
        }
        if (same->named && add.named && !molt__select_unite(add.trait, same->names, add.names, &add.names)) {
            return MOLT_ERR_MEMORY;
        }
        if (add.named) same->names = add.names;
        same->named |= add.named;
        if (add.impl) same->impl = add.impl;
        return MOLT_OK;
    }
    memmove(&list[at + 1], &list[at], (*count - at) * sizeof *list);
    list[at] = add;
    ++*count;
    return MOLT_OK;
}

/* The shape with more attachments, or without one (`take`). */
static molt_shape *neighbour(molt_shape *shape, const molt__attached *add, size_t add_count, const molt_trait *take)
{
    size_t capacity = (shape->attached_count + add_count + 1) * sizeof(molt__attached);
    molt__attached *list = molt__allocate(shape->world, capacity);
    if (!list) return NULL;
    size_t count = 0;
    int err = MOLT_OK;
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (shape->attached[i].trait != take) list[count++] = shape->attached[i];
    }
    for (size_t i = 0; i < add_count && !err; i++) err = molt__attached_put(shape->world, list, &count, add[i]);
    molt_shape *to = err ? NULL : molt__shape_intern(shape->cls, shape->layout, list, count);
    molt__free(shape->world, list, capacity);
    return to;
}

/* A shape that was looked at again may resolve its names anew. */
static molt_shape *published(molt_shape *to)
{
    if (to) molt__edit_publish(to->world);
    return to;
}

static int check_new(const molt_shape *shape, const molt__attached *add)
{
    const molt_trait *trait = add->trait;
    bool attached = find_attached(shape, trait) != NULL;
    if (!attached && (add->impl || !molt__layout_has(shape->layout, trait))) return MOLT_OK;
    return molt__fail(shape->world, MOLT_ERR_STATE, "the object has the trait '%s' already, %s", trait->name,
                      attached ? "attached" : "from its class");
}

molt_shape *molt__shape_attach(molt_shape *shape, molt_trait *trait, molt_impl *impl)
{
    if (impl && molt__impl_check(impl)) return NULL;
    molt_shape *to = cached(shape, trait, impl, true);
    if (to) return published(molt__shape_trusted(to));
    molt__attached add = { .trait = trait, .impl = impl };
    if (check_new(shape, &add)) return NULL;
    return published(remember(shape, (molt__transition){ trait, impl, true, neighbour(shape, &add, 1, NULL) }));
}

molt_shape *molt__shape_attach_set(molt_shape *shape, const molt__attached *add, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (add[i].impl && molt__impl_check(add[i].impl)) return NULL;
        if (check_new(shape, &add[i])) return NULL;
    }
    return count ? published(neighbour(shape, add, count, NULL)) : shape;
}

molt_shape *molt__shape_detach(molt_shape *shape, molt_trait *trait)
{
    molt_shape *to = cached(shape, trait, NULL, false);
    if (to) return published(molt__shape_trusted(to));
    if (!find_attached(shape, trait)) {
        bool has = molt__layout_has(shape->layout, trait);
        molt__fail(shape->world, has ? MOLT_ERR_IN_USE : MOLT_ERR_UNKNOWN,
                   has ? "the trait '%s' belongs to the class '%s', not to the object"
                       : "the trait '%s' is not attached to this object of class '%s'", trait->name, shape->cls->name);
        const char *owner = has ? molt__class_owner(shape->cls, trait)->name : NULL;
        if (has) molt__hint(shape->world, "molt.drop(%s, %s) takes it from the class", owner, trait->name);
        return NULL;
    }
    if (molt__cascade_check(shape, trait)) return NULL;
    return published(remember(shape, (molt__transition){ trait, NULL, false, neighbour(shape, NULL, 0, trait) }));
}
