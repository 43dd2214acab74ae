/*
 * shape.h: class, layout and attached traits of an instance, interned.
 *
 * A shape owns the vtables that its objects' blocks point to, one for each
 * trait, so an override is one store however many objects there are.
 */
#ifndef MOLT_SRC_SHAPE_H
#define MOLT_SRC_SHAPE_H

#include "class.h"

typedef struct molt__attached {
    molt_trait *trait;
    molt_impl *impl;                 /* NULL: the trait's own definitions */
    int32_t block;                   /* place in molt_object.attached; -1: the class has the trait */
    const molt__selection *names;    /* NULL: the trait's own */
    bool named;                      /* `names` was given, with the trait */
} molt__attached;

/* Where an object of this shape has a trait's block, and by which vtable. */
typedef struct molt__part {
    molt_trait *trait;
    uint32_t offset;                 /* in the body; 0: attached */
    int32_t block;                   /* attached: place in molt_object.attached, from 1 */
    void **vtable;
    uint64_t identity;               /* the trait's, here to be near when it is looked for */
    const molt__selection *names;    /* NULL: the trait's own */
} molt__part;

typedef struct molt__transition {
    molt_trait *trait;
    molt_impl *impl;
    bool attach;
    molt_shape *to;
} molt__transition;

struct molt_shape {
    uint32_t id;                     /* from 1; these two are molt_shape_head */
    uint32_t suspect;                /* made unlawful, or left behind, while no object had it */
    molt_world *world;
    molt_class *cls;
    molt__layout *layout;
    size_t attached_count;
    molt__attached *attached;        /* in order of the traits' declaration */
    uint32_t block_count;            /* attached blocks of an object */
    size_t live;                     /* objects that have it */
    size_t part_count;
    size_t part_capacity;
    molt__part *parts;               /* the class's, then the attached */
    uint16_t *index;                 /* hash of trait identity -> part + 1 */
    uint32_t index_mask;
    molt__transition *transitions;
    size_t transition_count;
    size_t transition_capacity;
    molt_vtable *privates;           /* vtables of patched objects */
    molt_shape *equal;               /* the next of its bucket: see intern.h */
    molt_shape *successor;           /* while its class's layout changes */
    struct molt__carry *carry;       /* what follows an object there, meanwhile */
    char *image;                     /* of a new body */
    struct molt__combined *combined; /* names declared `all`: see combine.h */
    size_t combined_count;
    size_t combined_capacity;
    molt__list rosters;              /* that list its objects */
};

/* The shape of `cls` (with its present layout) and exactly these attachments,
 * sorted; made when new. NULL with an error. */
molt_shape *molt__shape_intern(molt_class *cls, molt__layout *layout, const molt__attached *attached, size_t count);

/* Puts one attachment into its place in a sorted list with room; one that is named
 * twice is one. */
int molt__attached_put(molt_world *world, molt__attached *list, size_t *count, molt__attached add);

/* The neighbour that one attach or detach leads to; cached. */
molt_shape *molt__shape_attach(molt_shape *shape, molt_trait *trait, molt_impl *impl);
/* The shape with all of these at once, so that they may require one another. What
 * is named twice is one; the trait and one implementation of it, the latter. */
molt_shape *molt__shape_attach_set(molt_shape *shape, const molt__attached *add, size_t count);
molt_shape *molt__shape_detach(molt_shape *shape, molt_trait *trait);

/* Is a shape that no object had lawful again? Then it is brought up to date. */
int molt__shape_trust(molt_shape *shape);

/* The shape, if there is one and it can be trusted. */
static inline molt_shape *molt__shape_trusted(molt_shape *shape)
{
    return shape && molt__shape_trust(shape) == MOLT_OK ? shape : NULL;
}

/* Brings a shape up to date in two steps: everything that can fail, and changes
 * nothing; then, with room in the world's changes for one more, the rest. */
int molt__shape_ready(molt_shape *shape);
void molt__shape_renew(molt_shape *shape);

/* Where the shape has a trait, by its identity; or NULL. */
static inline const molt__part *molt__shape_part(const molt_shape *shape, uint64_t identity)
{
    for (uint32_t at = (uint32_t)identity & shape->index_mask; shape->index[at]; at = (at + 1) & shape->index_mask) {
        const molt__part *part = &shape->parts[shape->index[at] - 1];
        if (part->identity == identity) return part;
    }
    return NULL;
}

/* The methods of a part whose slots are filled by what wins the name, one after the
 * other; NULL after the last. Begin with *at = 0. */
molt__method *molt__part_method(const molt__part *part, const char *name, size_t *at);

/* The name whose winner fills a method's slot in objects of this shape. */
const char *molt__shape_slot_name(const molt_shape *shape, const molt__method *method);

/* The block of a part in one object. */
static inline molt_block *molt__part_block(const molt_object *object, const molt__part *part)
{
    return part->offset ? (molt_block *)(void *)((char *)object->peer + part->offset)
                        : object->attached[part->block];
}

/* New bodies start with what now holds: defaults of traits, field values of
 * implementations. For all shapes with a part of the trait. */
void molt__shapes_reimage(molt_world *world, const molt_trait *trait);

/* Writes the starting values of a part into a block. */
void molt__shape_initial(const molt_shape *shape, const molt__part *part, molt_block *block);

void molt__shape_free(molt_shape *shape);

#endif
