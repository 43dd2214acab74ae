#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_state.h"

/* Every text is formatted beside its place first: a message often quotes the
 * one it replaces. The room past the limit shows that it was too long. */
enum { SCRATCH = MOLT__ERROR_TEXT + 8 };

/* Copies a text that may overlap its place; what does not fit ends in "...". */
static void store(char *place, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length < size) {
        memmove(place, text, length + 1);
        return;
    }
    size_t kept = size - sizeof "...";
    while (kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80) {
        kept--;                                      /* not inside a UTF-8 character */
    }
    memmove(place, text, kept);
    memcpy(place + kept, "...", sizeof "...");
}

int molt__fail(molt_world *world, int code, const char *format, ...)
{
    char text[SCRATCH] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    world->error.code = code;
    world->error.hint[0] = '\0';
    store(world->error.text, sizeof world->error.text, text);
    return code;
}

int molt__hint(molt_world *world, const char *format, ...)
{
    char text[SCRATCH] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    store(world->error.hint, sizeof world->error.hint, text);
    return world->error.code;
}

void molt__set_pending(molt_world *world, int code, const char *text)
{
    if (world->pending.code != MOLT_OK) {
        return;                                      /* the first is the cause of the others */
    }
    world->pending_number++;
    world->pending.code = code;
    world->pending.hint[0] = '\0';
    store(world->pending.text, sizeof world->pending.text, text);
}

void molt__assertion(const molt_world *world, const char *condition, const char *file, int line)
{
    world->config.assertion(world->config.user, condition, file, line);
    abort();
}

const char *molt_last_error(const molt_world *world)
{
    return world->error.text;
}

int molt_last_code(const molt_world *world)
{
    return world->error.code;
}

const char *molt_last_hint(const molt_world *world)
{
    return world->error.hint;
}

bool molt_error_pending(const molt_world *world)
{
    return world->pending.code != MOLT_OK;
}

int molt_error_take(molt_world *world, const char **text)
{
    int code = world->pending.code;
    if (code == MOLT_OK) {
        world->pending.text[0] = '\0';               /* not the text of one taken before */
    }
    if (text != NULL) {
        *text = world->pending.text;
    }
    world->pending.code = MOLT_OK;
    return code;
}

/* Spelled out, because the preprocessor cannot turn MOLT_ERRORS into lower
 * case. No default: the compiler names the case that is missing. */
static const char *name_of(molt_err code)
{
    switch (code) {
    case MOLT_OK:              return "ok";
    case MOLT_ERR_MEMORY:      return "memory";
    case MOLT_ERR_ARGUMENT:    return "argument";
    case MOLT_ERR_DECLARATION: return "declaration";
    case MOLT_ERR_UNKNOWN:     return "unknown";
    case MOLT_ERR_TYPE:        return "type";
    case MOLT_ERR_RANGE:       return "range";
    case MOLT_ERR_DESTROYED:   return "destroyed";
    case MOLT_ERR_STALE:       return "stale";
    case MOLT_ERR_BODY:        return "body";
    case MOLT_ERR_CONFLICT:    return "conflict";
    case MOLT_ERR_MISSING:     return "missing";
    case MOLT_ERR_EXCLUDED:    return "excluded";
    case MOLT_ERR_IN_USE:      return "in_use";
    case MOLT_ERR_LEAF:        return "leaf";
    case MOLT_ERR_DEPTH:       return "depth";
    case MOLT_ERR_YIELD:       return "yield";
    case MOLT_ERR_THREAD:      return "thread";
    case MOLT_ERR_STATE:       return "state";
    case MOLT_ERR_LUA:         return "lua";
    case MOLT_ERR_FILE:        return "file";
    case MOLT_ERR_IMAGE:       return "image";
    case MOLT_ERR_VERSION:     return "version";
    case MOLT_ERR_MODULE:      return "module";
    case MOLT_ERR_CLOSED:      return "closed";
    }
    return NULL;
}

const char *molt_err_name(int code)
{
    const char *name = name_of((molt_err)code);
    return name != NULL ? name : "invalid";
}

void molt_log(molt_world *world, molt_log_level level, const char *format, ...)
{
    char text[SCRATCH] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    char fitting[MOLT__ERROR_TEXT];
    store(fitting, sizeof fitting, text);
    world->config.log(world->config.user, level, fitting);
}
