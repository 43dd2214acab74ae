#include "resolve.h"

#include "combine.h"
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
    const molt_class *wrapped;       /* whose patches from number `limit` on do not count; or NULL */
    int64_t limit;
} subject;

static bool has(const subject *of, const molt_trait *trait)
{
    return of->shape ? molt__shape_part(of->shape, trait->identity) != NULL : molt__class_has(of->cls, trait);
}

static const molt__selection *names_of(const subject *of, const molt_trait *trait)
{
    return of->shape ? part_names(of->shape, trait) : molt__class_names(of->cls, trait);
}

/* What a fill of the class defines under the name, if it counts. */
static bool visit_fill(const subject *of, const molt_class *cls, const molt__class_fill *fill, const char *name,
                       molt__claim_visitor visitor, void *user)
{
    molt__claim claim = { .layer = MOLT__LAYER_FILL, .cls = cls };
    if (fill->impl) {
        claim.trait = molt_impl_trait(fill->impl);
        /* It goes with the class's trait, also while that is being taken away. */
        if (!molt__class_has(cls, claim.trait) || !has(of, claim.trait)) return true;
        return visit_impl(fill->impl, names_of(of, claim.trait), name, claim, visitor, user);
    }
    molt_definition *definition = fill->definition;
    if (definition->name != name) return true;
    bool patch = definition->flags & (MOLT__OVERRIDE | MOLT__WRAPS);
    return (patch && cls == of->wrapped && fill->number >= of->limit) ||
           visit_one(definition, claim, visitor, user);
}

static bool visit_traits(const subject *of, const molt_class *cls, const char *name, molt__claim_visitor visitor,
                         void *user)
{
    molt__claim claim = { .layer = MOLT__LAYER_TRAIT, .cls = cls };
    for (size_t i = 0; i < cls->traits.count; i++) {
        const molt_trait *trait = cls->traits.item[i];
        if (!has(of, trait)) continue;
        claim.trait = trait;
        if (!visit_own(trait, names_of(of, trait), name, claim, visitor, user)) return false;
    }
    return true;
}

/* The fills of a name: how many wrappers there are, which definition is the latest. */
typedef struct outline {
    size_t wrappers;
    int64_t hidden;                  /* wrappers with a lower number are hidden by an override */
    bool defined;
} outline;

static bool stop(const molt__claim *claim, void *user)
{
    (void)claim;
    (void)user;
    return false;
}

static outline outline_of(const subject *of, const molt_class *cls, const char *name)
{
    outline found = { 0 };
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt__class_fill *fill = &cls->fills[i];
        if (visit_fill(of, cls, fill, name, stop, NULL)) continue;
        uint32_t flags = fill->impl ? 0 : fill->definition->flags;
        if (flags & MOLT__WRAPS) {
            found.wrappers++;
        } else if (!found.defined) {
            found.defined = true;
            if (flags & MOLT__OVERRIDE) found.hidden = fill->number;
        }
    }
    return found;
}

static bool visit_class(const subject *of, const molt_class *cls, const char *name, molt__claim_visitor visitor,
                        void *user);

/* Is there anything for wrappers of the class to wrap, that its fills do not define?
 * A method declared `all` is there without a definition. */
static bool inherits(const subject *of, const molt_class *cls, const char *name)
{
    return (of->shape && molt__combine_method(of->shape, name)) ||
           !visit_traits(of, cls, name, stop, NULL) || (cls->base && !visit_class(of, cls->base, name, stop, NULL));
}

/* The wrappers in force (`wrapping`); or the definitions, and the wrappers that an
 * override hides. */
static bool visit_fills(const subject *of, const molt_class *cls, const char *name, int64_t hidden, bool wrapping,
                        molt__claim_visitor visitor, void *user)
{
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt__class_fill *fill = &cls->fills[i];
        bool in_force = !fill->impl && fill->definition->flags & MOLT__WRAPS && fill->number > hidden;
        if (in_force == wrapping && !visit_fill(of, cls, fill, name, visitor, user)) return false;
    }
    return true;
}

static bool visit_class(const subject *of, const molt_class *cls, const char *name, molt__claim_visitor visitor,
                        void *user)
{
    outline found = outline_of(of, cls, name);
    if (found.wrappers && (found.defined || inherits(of, cls, name)) &&
        !visit_fills(of, cls, name, found.hidden, true, visitor, user)) return false;
    if (found.defined && !visit_fills(of, cls, name, found.hidden, false, visitor, user)) return false;
    return visit_traits(of, cls, name, visitor, user) &&
           (!cls->base || visit_class(of, cls->base, name, visitor, user));
}

void molt__resolve_each(const molt_shape *shape, const char *name, molt__claim_visitor visitor, void *user)
{
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (!visit_attached(shape, &shape->attached[i], name, visitor, user)) return;
    }
    visit_class(&(subject){ .cls = shape->cls, .shape = shape }, shape->cls, name, visitor, user);
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

molt_definition *molt__resolve_beneath(const molt_shape *shape, const molt_class *cls, const char *name, int64_t number)
{
    molt_definition *winner = NULL;
    subject of = { .cls = cls, .shape = shape, .wrapped = cls, .limit = number };
    visit_class(&of, cls, name, take_first, &winner);
    return winner;
}

molt_definition *molt__resolve_wrapper(const molt_shape *shape, const molt_class *cls, const char *name, int64_t number)
{
    molt_definition *wrapper = NULL;
    subject of = { .cls = cls, .shape = shape, .wrapped = cls, .limit = number };
    for (int64_t hidden = 0; cls && !wrapper && !hidden; cls = cls->base) {
        hidden = outline_of(&of, cls, name).hidden;      /* by an override, which replaces the base, too */
        visit_fills(&of, cls, name, hidden, true, take_first, &wrapper);
    }
    return wrapper;
}

void molt__class_resolve_each(const molt_class *cls, const char *name, molt__claim_visitor visitor, void *user)
{
    visit_class(&(subject){ .cls = cls }, cls, name, visitor, user);
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
    const molt__selection *names = names_of(&(subject){ .cls = walk->cls, .shape = walk->shape }, trait);
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
