#include "layout.h"

#include "class.h"
#include "error.h"
#include "memory.h"
#include "world_state.h"

#include <string.h>

static size_t count_traits(const molt_class *cls)
{
    size_t count = 0;
    for (; cls; cls = cls->base) count += cls->traits.count;
    return count;
}

static bool among(molt_trait *const *traits, size_t count, const molt_trait *trait)
{
    for (size_t i = 0; i < count; i++) {
        if (traits[i] == trait) return true;
    }
    return false;
}

/* A base may have come by a trait that the class had of its own before. */
static size_t gather_traits(const molt_class *cls, molt_trait **into)
{
    size_t count = cls->base ? gather_traits(cls->base, into) : 0;
    for (size_t i = 0; i < cls->traits.count; i++) {
        if (!among(into, count, cls->traits.item[i])) into[count++] = cls->traits.item[i];
    }
    return count;
}

bool molt__layout_has(const molt__layout *layout, const molt_trait *trait)
{
    return among(layout->traits, layout->count, trait);
}

static molt__layout *find_equal(const molt_world *world, molt_trait *const *traits, size_t count)
{
    for (size_t i = 0; i < world->layouts.count; i++) {
        molt__layout *layout = world->layouts.item[i];
        if (layout->count == count && (!count || memcmp(layout->traits, traits, count * sizeof *traits) == 0)) return layout;
    }
    return NULL;
}

static int place_blocks(molt_world *world, molt__layout *layout)
{
    layout->size = sizeof(molt_object);
    for (size_t i = 0; i < layout->count; i++) {
        layout->offsets[i] = (uint32_t)layout->size;
        layout->size += layout->traits[i]->block_size;
    }
    layout->pool = molt__pool_for(world, layout->size, true);
    return layout->pool ? MOLT_OK : MOLT_ERR_MEMORY;
}

static molt__layout *layout_make(molt_world *world, molt_trait *const *traits, size_t count)
{
    if (molt__reserve(world, (void **)&world->layouts.item, &world->layouts.capacity, world->layouts.count + 1,
                      sizeof(void *))) return NULL;
    molt__layout *layout = molt__allocate(world, sizeof *layout);
    if (!layout) return NULL;
    layout->count = count;
    if (count) {
        layout->traits = molt__allocate(world, count * sizeof *layout->traits);
        layout->offsets = molt__allocate(world, count * sizeof *layout->offsets);
        if (!layout->traits || !layout->offsets) goto failed;
        memcpy(layout->traits, traits, count * sizeof *traits);
    }
    if (place_blocks(world, layout)) goto failed;
    world->layouts.item[world->layouts.count++] = layout;
    layout->id = (uint32_t)world->layouts.count;
    return layout;
failed:
    molt__layout_free(world, layout);
    return NULL;
}

molt__layout *molt__layout_new(const molt_class *cls)
{
    molt_world *world = cls->world;
    size_t room = (count_traits(cls) + 1) * sizeof(molt_trait *);
    molt_trait **traits = molt__allocate(world, room);
    if (!traits) return NULL;
    size_t count = gather_traits(cls, traits);
    molt__layout *layout = find_equal(world, traits, count);
    if (!layout) layout = layout_make(world, traits, count);
    molt__free(world, traits, room);
    return layout;
}

void molt__layout_free(molt_world *world, molt__layout *layout)
{
    molt__free(world, layout->traits, layout->count * sizeof *layout->traits);
    molt__free(world, layout->offsets, layout->count * sizeof *layout->offsets);
    molt__free(world, layout, sizeof *layout);
}
