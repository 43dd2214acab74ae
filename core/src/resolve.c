#include "resolve.h"

#include "impl.h"

static bool visit_one(molt_definition *definition, molt__claim claim, molt__claim_visitor visitor, void *user)
{
    claim.definition = definition;
    return !definition || visitor(&claim, user);
}

/* An implementation brings what it defines; its trait fills the rest, unless the
 * class has the trait anyway: then its own definitions stay in the class's layer. */
static bool visit_attached(const molt__attached *attached, const char *name, molt__claim_visitor visitor, void *user)
{
    molt__claim claim = { .layer = MOLT__LAYER_OBJECT, .trait = attached->trait };
    if (attached->impl && !visit_one(molt__impl_find(attached->impl, name), claim, visitor, user)) return false;
    if (attached->block < 0) return true;
    return visit_one(molt__definitions_find(&attached->trait->own, name), claim, visitor, user);
}

/* Whose layers are gone through: a shape's, or a class's by itself. */
typedef struct subject {
    const molt_class *cls;
    const molt_shape *shape;         /* NULL: the class by itself */
} subject;

static bool has(const subject *of, const molt_trait *trait)
{
    return of->shape ? molt__shape_part(of->shape, trait->identity) != NULL : molt__class_has(of->cls, trait);
}

static bool visit_class(const subject *of, const molt_class *cls, const char *name, molt__claim_visitor visitor,
                        void *user)
{
    molt__claim claim = { .layer = MOLT__LAYER_FILL, .cls = cls };
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt__class_fill *fill = &cls->fills[i];
        claim.trait = fill->impl ? molt_impl_trait(fill->impl) : NULL;
        /* It goes with the class's trait, also while that is being taken away. */
        if (claim.trait && !(molt__class_has(cls, claim.trait) && has(of, claim.trait))) continue;
        molt_definition *definition = fill->impl ? molt__impl_find(fill->impl, name) : fill->definition;
        if (definition && definition->name != name) continue;
        if (!visit_one(definition, claim, visitor, user)) return false;
    }
    claim.layer = MOLT__LAYER_TRAIT;
    for (size_t i = 0; i < cls->traits.count; i++) {
        const molt_trait *trait = cls->traits.item[i];
        if (!has(of, trait)) continue;
        claim.trait = trait;
        if (!visit_one(molt__definitions_find(&trait->own, name), claim, visitor, user)) return false;
    }
    return !cls->base || visit_class(of, cls->base, name, visitor, user);
}

void molt__resolve_each(const molt_shape *shape, const char *name, molt__claim_visitor visitor, void *user)
{
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (!visit_attached(&shape->attached[i], name, visitor, user)) return;
    }
    visit_class(&(subject){ shape->cls, shape }, shape->cls, name, visitor, user);
}

static bool take_first(const molt__claim *claim, void *user)
{
    *(molt_definition **)user = claim->definition;
    return false;
}

molt_definition *molt__resolve(const molt_shape *shape, const char *name)
{
    molt_definition *winner = NULL;
    molt__resolve_each(shape, name, take_first, &winner);
    return winner;
}

void molt__class_resolve_each(const molt_class *cls, const char *name, molt__claim_visitor visitor, void *user)
{
    visit_class(&(subject){ cls, NULL }, cls, name, visitor, user);
}

molt_definition *molt__class_resolve(const molt_class *cls, const char *name)
{
    molt_definition *winner = NULL;
    molt__class_resolve_each(cls, name, take_first, &winner);
    return winner;
}

typedef struct names_walk {
    const molt_class *cls;
    const molt_shape *shape;         /* NULL: the class by itself */
    molt__name_visitor visitor;
    void *user;
} names_walk;

/* Each name is reported once: by the definition that wins it. */
static bool offer(const names_walk *walk, const molt_definition *definition)
{
    const molt_definition *winner = walk->shape ? molt__resolve(walk->shape, definition->name)
                                                : molt__class_resolve(walk->cls, definition->name);
    return winner != definition || walk->visitor(definition->name, walk->user);
}

static bool offer_set(const names_walk *walk, const molt__definitions *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!offer(walk, set->item[i])) return false;
    }
    return true;
}

static bool offer_impl(const names_walk *walk, const molt_impl *impl)
{
    return !impl || (offer_set(walk, &impl->lua) && offer_set(walk, &impl->native));
}

static bool offer_class(const names_walk *walk, const molt_class *cls)
{
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt__class_fill *fill = &cls->fills[i];
        if (fill->definition && !offer(walk, fill->definition)) return false;
        if (!offer_impl(walk, fill->impl)) return false;
    }
    for (size_t i = 0; i < cls->traits.count; i++) {
        if (!offer_set(walk, &((molt_trait *)cls->traits.item[i])->own)) return false;
    }
    return !cls->base || offer_class(walk, cls->base);
}

void molt__resolve_names(const molt_shape *shape, molt__name_visitor visitor, void *user)
{
    names_walk walk = { shape->cls, shape, visitor, user };
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (!offer_impl(&walk, shape->attached[i].impl)) return;
        if (shape->attached[i].block >= 0 && !offer_set(&walk, &shape->attached[i].trait->own)) return;
    }
    offer_class(&walk, shape->cls);
}

void molt__class_resolve_names(const molt_class *cls, molt__name_visitor visitor, void *user)
{
    names_walk walk = { cls, NULL, visitor, user };
    offer_class(&walk, cls);
}
