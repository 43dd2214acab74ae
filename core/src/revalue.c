#include "revalue.h"

#include "error.h"
#include "fieldtype.h"
#include "memory.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

static int convert_wide(molt_world *world, const molt__field *was, const molt__field *is, molt_value from, molt_value *to,
                        const char *what)
{
    if (molt__field_fit(was, is) != MOLT__FIT_SAME) {
        return molt__fail(world, MOLT_ERR_DECLARATION, "%s has a value of another type", what);
    }
    void *copy = molt__allocate(world, is->size);
    if (!copy) return MOLT_ERR_MEMORY;
    memcpy(copy, from.as.memory, is->size);      /* a text that is shared lasts */
    *to = (molt_value){ .kind = MOLT_MEMORY, .as.memory = copy };
    return MOLT_OK;
}

static int convert_values(const molt__rewriting *w, const molt_impl *impl, molt__revalue *v)
{
    molt_world *world = w->current->world;
    for (size_t i = 0; i < impl->value_count; i++) {
        const molt__field *was = &w->current->fields[i];
        molt_value value = impl->values[i];
        const molt__field *is = value.kind == MOLT_VOID ? NULL : molt__trait_field(w->draft, was->name);
        if (!is || !is->offset) continue;
        char what[160];
        snprintf(what, sizeof what, "field '%s' of implementation '%s' (%s)", is->name, impl->name, impl->where);
        molt_value *to = &v->value[is - w->draft->fields];
        bool wide = molt__fieldtype_is_wide(was->kind) || molt__fieldtype_is_wide(is->kind);
        int err = wide ? convert_wide(world, was, is, value, to, what) : molt__value_convert(world, is->kind, value, to, what);
        if (err) return err;
    }
    return MOLT_OK;
}

int molt__revalue_make(molt__evolution *e, const molt__rewriting *w)
{
    molt_world *world = e->world;
    for (size_t i = 0; i < world->impls.count; i++) {
        molt_impl *impl = world->impls.item[i];
        if (impl->trait != w->current) continue;
        molt__revalue *v = &e->values[e->value_count++];
        *v = (molt__revalue){ .impl = impl, .fields = w->draft->fields };
        if (!impl->values || !w->draft->field_count) continue;
        v->value = molt__allocate(world, w->draft->field_count * sizeof *v->value);
        if (!v->value) return MOLT_ERR_MEMORY;
        v->count = w->draft->field_count;
        int err = convert_values(w, impl, v);
        if (err) return err;
    }
    return MOLT_OK;
}

void molt__revalue_exchange(const molt__evolution *e)
{
    for (size_t i = 0; i < e->value_count; i++) {
        molt__revalue *v = &e->values[i];
        molt_value *value = v->impl->values;
        size_t count = v->impl->value_count;
        v->impl->values = v->value;
        v->impl->value_count = v->count;
        v->value = value;
        v->count = count;
    }
}

void molt__revalue_end(molt__evolution *e)
{
    for (size_t i = 0; i < e->value_count; i++) {
        molt__revalue *v = &e->values[i];
        for (size_t f = 0; f < v->count; f++) {
            if (v->value[f].kind != MOLT_MEMORY) continue;
            molt__free(e->world, (void *)(uintptr_t)v->value[f].as.memory, v->fields[f].size);
        }
        molt__free(e->world, v->value, v->count * sizeof *v->value);
    }
    molt__free(e->world, e->values, e->value_room);
}
