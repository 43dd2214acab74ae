#include "text.h"

#include "limbo.h"
#include "memory.h"
#include "world_state.h"

#include <string.h>

struct molt__text {
    molt__text *next;
    molt__text *previous;
    size_t length;
    bool shared;
    char bytes[];
};

static void write_string(void *string, const char *text, size_t length)
{
    memcpy((char *)string + offsetof(molt_string, text), &text, sizeof text);
    memcpy((char *)string + offsetof(molt_string, length), &length, sizeof length);
}

static void link_to(molt__text **list, molt__text *text)
{
    text->previous = NULL;
    text->next = *list;
    if (*list) (*list)->previous = text;
    *list = text;
}

static void unlink_from(molt__text **list, const molt__text *text)
{
    if (text->next) text->next->previous = text->previous;
    if (text->previous) text->previous->next = text->next;
    else *list = text->next;
}

static void free_all(molt_world *world, molt__text **list)
{
    while (*list) {
        molt__text *text = *list;
        *list = text->next;
        molt__free(world, text, sizeof *text + text->length + 1);
    }
}

static molt__text *text_new(molt_world *world, const char *bytes, size_t length, bool shared)
{
    molt__text *text = molt__allocate(world, sizeof *text + length + 1);
    if (!text) return NULL;
    text->length = length;
    text->shared = shared;
    memcpy(text->bytes, bytes, length);
    link_to(&world->texts, text);
    return text;
}

int molt__text_own(molt_world *world, const char *bytes, size_t length, void *string)
{
    if (!length) {
        write_string(string, "", 0);
        return MOLT_OK;
    }
    molt__text *text = text_new(world, bytes, length, false);
    if (!text) return MOLT_ERR_MEMORY;
    write_string(string, text->bytes, length);
    return MOLT_OK;
}

int molt__text_share(molt_world *world, const char *bytes, size_t length, void *string)
{
    for (molt__text *text = world->texts; text && length; text = text->next) {
        if (!text->shared || text->length != length || memcmp(text->bytes, bytes, length) != 0) continue;
        write_string(string, text->bytes, length);
        return MOLT_OK;
    }
    molt__text *text = length ? text_new(world, bytes, length, true) : NULL;
    if (length && !text) return MOLT_ERR_MEMORY;
    write_string(string, text ? text->bytes : "", length);
    return MOLT_OK;
}

void molt__text_release(molt_world *world, const void *string)
{
    const molt_string *of = string;
    if (!of->length) return;
    molt__text *text = (molt__text *)(void *)((char *)(uintptr_t)of->text - offsetof(molt__text, bytes));
    if (text->shared) return;
    unlink_from(&world->texts, text);
    if (molt__limbo_needed(world)) link_to(&world->past_texts, text);
    else molt__free(world, text, sizeof *text + text->length + 1);
}

void molt__texts_leave(molt_world *world)
{
    world->leaving_texts = world->past_texts;
    world->past_texts = NULL;
}

void molt__texts_flush(molt_world *world)
{
    free_all(world, &world->leaving_texts);
}

void molt__texts_free(molt_world *world)
{
    free_all(world, &world->texts);
    free_all(world, &world->past_texts);
    free_all(world, &world->leaving_texts);
}
