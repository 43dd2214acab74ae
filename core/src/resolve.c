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
    const molt_class *wrapped;       /* whose patches from number `limit` on do not count; or NULL */
    int64_t limit;
} subject;

static bool has(const subject *of, const molt_trait *trait)
{
    return of->shape ? molt__shape_part(of->shape, trait->identity) != NULL : molt__class_has(of->cls, trait);
}

/* What a fill of the class defines under the name, if it counts; NULL otherwise. */
static molt_definition *filled(const subject *of, const molt_class *cls, const molt__class_fill *fill, const char *name)
{
    if (fill->impl) {
        /* It goes with the class's trait, also while that is being taken away. */
        const molt_trait *trait = molt_impl_trait(fill->impl);
        return molt__class_has(cls, trait) && has(of, trait) ? molt__impl_find(fill->impl, name) : NULL;
    }
    molt_definition *definition = fill->definition;
    if (definition->name != name) return NULL;
    bool patch = definition->flags & (MOLT__OVERRIDE | MOLT__WRAPS);
    return patch && cls == of->wrapped && fill->number >= of->limit ? NULL : definition;
}

static bool visit_traits(const subject *of, const molt_class *cls, const char *name, molt__claim_visitor visitor,
                         void *user)
{
    molt__claim claim = { .layer = MOLT__LAYER_TRAIT, .cls = cls };
    for (size_t i = 0; i < cls->traits.count; i++) {
        const molt_trait *trait = cls->traits.item[i];
        if (!has(of, trait)) continue;
        claim.trait = trait;
        if (!visit_one(molt__definitions_find(&trait->own, name), claim, visitor, user)) return false;
    }
    return true;
}

/* The fills of a name: how many wrappers there are, which definition is the latest. */
typedef struct outline {
    size_t wrappers;
    int64_t hidden;                  /* wrappers with a lower number are hidden by an override */
    bool defined;
} outline;

static outline outline_of(const subject *of, const molt_class *cls, const char *name)
{
    outline found = { 0 };
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt_definition *definition = filled(of, cls, &cls->fills[i], name);
        if (!definition) continue;
        if (definition->flags & MOLT__WRAPS) {
            found.wrappers++;
        } else if (!found.defined) {
            found.defined = true;
            if (definition->flags & MOLT__OVERRIDE) found.hidden = cls->fills[i].number;
        }
    }
    return found;
}

static bool visit_class(const subject *of, const molt_class *cls, const char *name, molt__claim_visitor visitor,
                        void *user);

static bool stop(const molt__claim *claim, void *user)
{
    (void)claim;
    (void)user;
    return false;
}

/* Is there anything for wrappers of the class to wrap, that its fills do not define? */
static bool inherits(const subject *of, const molt_class *cls, const char *name)
{
    return !visit_traits(of, cls, name, stop, NULL) || (cls->base && !visit_class(of, cls->base, name, stop, NULL));
}

/* The wrappers in force (`wrapping`); or the definitions, and the wrappers that an
 * override hides. */
static bool visit_fills(const subject *of, const molt_class *cls, const char *name, int64_t hidden, bool wrapping,
                        molt__claim_visitor visitor, void *user)
{
    molt__claim claim = { .layer = MOLT__LAYER_FILL, .cls = cls };
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt__class_fill *fill = &cls->fills[i];
        molt_definition *definition = filled(of, cls, fill, name);
        if (!definition) continue;
        bool in_force = definition->flags & MOLT__WRAPS && fill->number > hidden;
        claim.trait = fill->impl ? molt_impl_trait(fill->impl) : NULL;
        if (in_force == wrapping && !visit_one(definition, claim, visitor, user)) return false;
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
        if (!visit_attached(&shape->attached[i], name, visitor, user)) return;
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
