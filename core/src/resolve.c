#include "resolve.h"

#include "impl.h"

static bool visit_one(molt_definition *definition, molt__claim claim, molt__claim_visitor visitor, void *user)
{
    claim.definition = definition;
    return !definition || visitor(&claim, user);
}

/* What an implementation fills goes by the names of slots, too. */
static bool visit_impl(const molt_impl *impl, const molt__selection *names, const char *name, molt__claim claim,
                       molt__claim_visitor visitor, void *user)
{
    size_t at = 0;
    for (const char *own; (own = molt__select_own(names, name, MOLT__EITHER, &at));) {
        if (!visit_one(molt__impl_find(impl, own), claim, visitor, user)) return false;
    }
    return true;
}

static bool visit_own(const molt_trait *trait, const molt__selection *names, const char *name, molt__claim claim,
                      molt__claim_visitor visitor, void *user)
{
    size_t at = 0;
    for (const char *own; (own = molt__select_own(names, name, MOLT__DEFINES, &at));) {
        if (!visit_one(molt__definitions_find(&trait->own, own), claim, visitor, user)) return false;
    }
    return true;
}

static const molt__selection *part_names(const molt_shape *shape, const molt_trait *trait)
{
    const molt__part *part = molt__shape_part(shape, trait->identity);
    return part ? part->names : NULL;
}

/* An implementation brings what it defines; its trait fills the rest, unless the
 * class has the trait anyway: then its own definitions stay in the class's layer. */
static bool visit_attached(const molt_shape *shape, const molt__attached *attached, const char *name,
                           molt__claim_visitor visitor, void *user)
{
    const molt_trait *trait = attached->trait;
    const molt__selection *names = part_names(shape, trait);
    molt__claim claim = { .layer = MOLT__LAYER_OBJECT, .trait = trait };
    if (attached->impl && !visit_impl(attached->impl, names, name, claim, visitor, user)) return false;
    return attached->block < 0 || visit_own(trait, names, name, claim, visitor, user);
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

static const molt__selection *names_of(const subject *of, const molt_trait *trait)
{
    return of->shape ? part_names(of->shape, trait) : molt__class_names(of->cls, trait);
}

static bool visit_class(const subject *of, const molt_class *cls, const char *name, molt__claim_visitor visitor,
                        void *user)
{
    molt__claim claim = { .layer = MOLT__LAYER_FILL, .cls = cls };
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt__class_fill *fill = &cls->fills[i];
        claim.trait = fill->impl ? molt_impl_trait(fill->impl) : NULL;
        if (!fill->impl) {
            if (fill->definition->name == name && !visit_one(fill->definition, claim, visitor, user)) return false;
            continue;
        }
        /* It goes with the class's trait, also while that is being taken away. */
        if (!molt__class_has(cls, claim.trait) || !has(of, claim.trait)) continue;
        if (!visit_impl(fill->impl, names_of(of, claim.trait), name, claim, visitor, user)) return false;
    }
    claim.layer = MOLT__LAYER_TRAIT;
    for (size_t i = 0; i < cls->traits.count; i++) {
        const molt_trait *trait = cls->traits.item[i];
        if (!has(of, trait)) continue;
        claim.trait = trait;
        if (!visit_own(trait, names_of(of, trait), name, claim, visitor, user)) return false;
    }
    return !cls->base || visit_class(of, cls->base, name, visitor, user);
}

void molt__resolve_each(const molt_shape *shape, const char *name, molt__claim_visitor visitor, void *user)
{
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (!visit_attached(shape, &shape->attached[i], name, visitor, user)) return;
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
static bool offer(const names_walk *walk, const molt_definition *definition, const char *name)
{
    const molt_definition *winner = walk->shape ? molt__resolve(walk->shape, name)
                                                : molt__class_resolve(walk->cls, name);
    return winner != definition || walk->visitor(name, walk->user);
}

static bool offer_set(const names_walk *walk, const molt__definitions *set, const molt_trait *trait)
{
    const molt__selection *names = names_of(&(subject){ walk->cls, walk->shape }, trait);
    for (size_t i = 0; i < set->count; i++) {
        size_t at = 0;
        for (const char *name; (name = molt__select_name(names, set->item[i]->name, &at));) {
            if (!offer(walk, set->item[i], name)) return false;
        }
    }
    return true;
}

static bool offer_impl(const names_walk *walk, const molt_impl *impl)
{
    return !impl || (offer_set(walk, &impl->lua, impl->trait) && offer_set(walk, &impl->native, impl->trait));
}

static bool offer_class(const names_walk *walk, const molt_class *cls)
{
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt__class_fill *fill = &cls->fills[i];
        if (fill->definition && !offer(walk, fill->definition, fill->definition->name)) return false;
        if (!offer_impl(walk, fill->impl)) return false;
    }
    for (size_t i = 0; i < cls->traits.count; i++) {
        const molt_trait *trait = cls->traits.item[i];
        if (!offer_set(walk, &trait->own, trait)) return false;
    }
    return !cls->base || offer_class(walk, cls->base);
}

void molt__resolve_names(const molt_shape *shape, molt__name_visitor visitor, void *user)
{
    names_walk walk = { shape->cls, shape, visitor, user };
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (!offer_impl(&walk, shape->attached[i].impl)) return;
        const molt_trait *trait = shape->attached[i].trait;
        if (shape->attached[i].block >= 0 && !offer_set(&walk, &trait->own, trait)) return;
    }
    offer_class(&walk, shape->cls);
}

void molt__class_resolve_names(const molt_class *cls, molt__name_visitor visitor, void *user)
{
    names_walk walk = { cls, NULL, visitor, user };
    offer_class(&walk, cls);
}
