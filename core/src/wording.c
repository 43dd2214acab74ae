#include "wording.h"

#include "error.h"
#include "memory.h"
#include "parsed.h"
#include "world_state.h"

static const molt__wording *find(const molt__wordings *wordings, const char *name)
{
    for (size_t i = 0; i < wordings->count; i++) {
        if (wordings->item[i].name == name) return &wordings->item[i];
    }
    return NULL;
}

static int note(molt_world *world, molt__wordings *wordings, const molt_trait_text *text, const molt__parsed *d)
{
    if (molt__reserve(world, (void **)&wordings->item, &wordings->capacity, wordings->count + 1, sizeof *wordings->item)) {
        return MOLT_ERR_MEMORY;
    }
    wordings->item[wordings->count++] = (molt__wording){ .name = d->name, .text = text, .identity = d->identity };
    return MOLT_OK;
}

static int refuse(molt_world *world, const molt_trait_text *first, const molt__parsed *d)
{
    molt__parsed other = { 0 };
    int err = molt__parsed_text(world, &other, first);
    if (err) return err;
    err = molt__parsed_differ(world, &other, d);
    molt__parsed_free(world, &other);
    return err;
}

int molt__wordings_add(molt_world *world, molt__wordings *wordings, const molt_trait_text *text, molt__reasons *reasons)
{
    molt__parsed d = { 0 };
    int err = molt__parsed_text(world, &d, text);
    if (err) return molt__reasons_take(world, reasons);
    const molt__wording *first = find(wordings, d.name);
    if (!first) err = note(world, wordings, text, &d);
    else if (first->identity != d.identity) err = refuse(world, first->text, &d);
    molt__parsed_free(world, &d);
    return err ? molt__reasons_take(world, reasons) : MOLT_OK;
}

void molt__wordings_commit(molt_world *world, const molt__wordings *wordings)
{
    for (size_t i = 0; i < world->traits.count; i++) {
        molt_trait *trait = world->traits.item[i];
        const molt__wording *wording = find(wordings, trait->name);
        if (wording) trait->meant = wording->identity;
    }
}

void molt__wordings_free(molt_world *world, molt__wordings *wordings)
{
    molt__free(world, wordings->item, wordings->capacity * sizeof *wordings->item);
    *wordings = (molt__wordings){ 0 };
}
