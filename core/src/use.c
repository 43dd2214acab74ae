#include "use.h"

#include "hook.h"
#include "resolve.h"
#include "trait.h"
#include "world_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void MOLT_PRINTF(2, 3) name_user(molt__use *use, const char *format, ...)
{
    char one[200];
    size_t length = strlen(use->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(one, sizeof one, format, arguments);
    va_end(arguments);
    if (use->left_out || length + strlen(one) + 32 > sizeof use->text) {
        char *more = strstr(use->text, " and ");
        use->left_out++;
        snprintf(more ? more : use->text + length, 31, " and %zu more", use->left_out);
        return;
    }
    snprintf(use->text + length, sizeof use->text - length, "%s%s", length ? ", " : "", one);
}

static void name_class(molt__use *use, const molt_class *cls)
{
    use->classes++;
    if (cls->live) name_user(use, "class %s (%zu object%s)", cls->name, cls->live, cls->live == 1 ? "" : "s");
    else name_user(use, "class %s", cls->name);
}

static void name_objects(molt__use *use, const molt_shape *shape)
{
    use->objects += shape->live;
    name_user(use, "%zu object%s of %s", shape->live, shape->live == 1 ? "" : "s", shape->cls->name);
}

/* Is the definition what the name comes to? Of one declared `all`, every one is. */
typedef struct search {
    const molt_definition *wanted;
    bool all;
    bool found;
} search;

static bool look(const molt__claim *claim, void *user)
{
    search *s = user;
    if (claim->definition == s->wanted) s->found = true;
    return !s->found && (s->all || claim->definition->flags & MOLT__WRAPS);
}

static bool reached(const molt_class *cls, const molt_shape *shape, const molt__selection *names,
                    const molt_definition *definition)
{
    search s = { .wanted = definition, .all = definition->trait->methods[definition->slot]->declaration.all };
    size_t at = 0;
    for (const char *name; !s.found && (name = molt__select_name(names, definition->name, &at));) {
        if (shape) molt__resolve_each(shape, name, look, &s);
        else molt__class_resolve_each(cls, name, look, &s);
    }
    return s.found;
}

static bool attached(const molt_shape *shape, const molt_impl *impl)
{
    for (size_t i = 0; shape->live && i < shape->attached_count; i++) {
        if (shape->attached[i].impl == impl) return true;
    }
    return false;
}

void molt__use_of_definition(const molt_impl *impl, const molt_definition *definition, molt__use *use)
{
    const molt_world *world = impl->world;
    *use = (molt__use){ 0 };
    if (molt__hook_named(definition->name)) return;      /* nobody calls a hook */
    for (size_t i = 0; i < world->classes.count; i++) {
        const molt_class *cls = world->classes.item[i];
        if (reached(cls, NULL, molt__class_names(cls, impl->trait), definition)) name_class(use, cls);
    }
    for (size_t i = 0; i < world->shapes.count; i++) {
        const molt_shape *shape = world->shapes.item[i];
        if (!attached(shape, impl)) continue;
        const molt__part *part = molt__shape_part(shape, impl->trait->identity);
        if (reached(NULL, shape, part->names, definition)) name_objects(use, shape);
    }
}

void molt__use_of_impl(const molt_impl *impl, molt__use *use)
{
    const molt_world *world = impl->world;
    for (size_t i = 0; i < world->classes.count; i++) {
        const molt_class *cls = world->classes.item[i];
        bool has = false;
        for (size_t f = 0; f < cls->fill_count; f++) has = has || cls->fills[f].impl == impl;
        if (has) name_class(use, cls);
    }
    for (size_t i = 0; i < world->shapes.count; i++) {
        const molt_shape *shape = world->shapes.item[i];
        if (attached(shape, impl)) name_objects(use, shape);
    }
}
