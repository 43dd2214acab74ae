#include "holder.h"

#include "class.h"
#include "impl.h"
#include "trait.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* Slots hold what definitions say, so the definitions are all that there is to
 * look through: of traits, of implementations, of classes. */

static bool leads_in(const molt_definition *definition, molt__span span)
{
    uintptr_t address;
    _Static_assert(sizeof address == sizeof definition->function, "a function's address is a word");
    memcpy(&address, &definition->function, sizeof address);
    return address && molt__span_holds(span, address);
}

static const molt_definition *find_in(const molt__definitions *set, molt__span span)
{
    for (size_t i = 0; i < set->count; i++) {
        if (leads_in(set->item[i], span)) return set->item[i];
    }
    return NULL;
}

static const molt_definition *find_in_class(const molt_class *cls, molt__span span)
{
    for (size_t i = 0; i < cls->fill_count; i++) {
        const molt_definition *definition = cls->fills[i].definition;
        if (definition && leads_in(definition, span)) return definition;
    }
    return NULL;
}

static bool tell(const char *kind, const char *name, const molt_definition *found, char *text, size_t size)
{
    if (found) snprintf(text, size, "%s '%s' takes its '%s' from it", kind, name, found->name);
    return found != NULL;
}

bool molt__holder_find(const molt_world *world, molt__span span, char *text, size_t size)
{
    for (size_t i = 0; i < world->impls.count; i++) {
        const molt_impl *impl = world->impls.item[i];
        if (tell("implementation", impl->name, find_in(&impl->native, span), text, size)) return true;
    }
    for (size_t i = 0; i < world->classes.count; i++) {
        const molt_class *cls = world->classes.item[i];
        if (tell("class", cls->name, find_in_class(cls, span), text, size)) return true;
    }
    for (size_t i = 0; i < world->traits.count; i++) {
        const molt_trait *trait = world->traits.item[i];
        if (tell("trait", trait->name, find_in(&trait->own, span), text, size)) return true;
    }
    return false;
}
