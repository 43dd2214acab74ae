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

/* Where the calling thread's errors are: the world's are its owner's. A thread that is
 * not registered has none. */
static molt__error *last_of(const molt_world *world)
{
    if (molt__threads_owner(world)) return (molt__error *)(uintptr_t)&world->error;
    molt__thread *thread = molt__thread_here(world);
    return thread ? &thread->error : NULL;
}

int molt__fail(molt_world *world, int code, const char *format, ...)
{
    molt__error *error = last_of(world);
    if (!error) return code;
    char text[SCRATCH] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    error->code = code;
    error->hint[0] = '\0';
    store(error->text, sizeof error->text, text);
    return code;
}

int molt__hint(molt_world *world, const char *format, ...)
{
    molt__error *error = last_of(world);
    if (!error) return MOLT_ERR_THREAD;
    char text[SCRATCH] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    store(error->hint, sizeof error->hint, text);
    return error->code;
}

/* The first is the cause of the others. */
static bool wait_in(molt__error *pending, int code, const char *text)
{
    if (pending->code != MOLT_OK) {
        return false;
    }
    pending->code = code;
    pending->hint[0] = '\0';
    store(pending->text, sizeof pending->text, text);
    return true;
}

void molt__set_pending(molt_world *world, int code, const char *text)
{
    if (molt__threads_owner(world)) {
        world->pending_number += wait_in(&world->pending, code, text);
        return;
    }
    molt__thread *thread = molt__thread_here(world);
    if (!thread) {
        molt_log(world, MOLT_LOG_ERROR, "%s", text);
        return;
    }
    wait_in(&thread->pending, code, text);
    molt__thread_report(thread, text);
}

void molt__assertion(const molt_world *world, const char *condition, const char *file, int line)
{
    world->config.assertion(world->config.user, condition, file, line);
    abort();
}

const char *molt_last_error(const molt_world *world)
{
    const molt__error *error = last_of(world);
    return error != NULL ? error->text : "this thread neither owns the world nor is registered with it";
}

int molt_last_code(const molt_world *world)
{
    const molt__error *error = last_of(world);
    return error != NULL ? error->code : MOLT_ERR_THREAD;
}

const char *molt_last_hint(const molt_world *world)
{
    const molt__error *error = last_of(world);
    return error != NULL ? error->hint : "";
}

/* Only a worker has one of its own. */
static molt__error *pending_of(const molt_world *world)
{
    molt__thread *thread = molt__thread_here(world);
    return thread ? &thread->pending : (molt__error *)(uintptr_t)&world->pending;
}

bool molt_error_pending(const molt_world *world)
{
    return pending_of(world)->code != MOLT_OK;
}

int molt_error_take(molt_world *world, const char **text)
{
    molt__error *pending = pending_of(world);
    int code = pending->code;
    if (code == MOLT_OK) {
        pending->text[0] = '\0';                     /* not the text of one taken before */
    }
    if (text != NULL) {
        *text = pending->text;
    }
    pending->code = MOLT_OK;
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
