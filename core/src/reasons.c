#include "reasons.h"

#include "error.h"
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first, where there is no memory for a list. */
static void keep_first(molt__reasons *reasons, int code, const char *text)
{
    if (molt__reasons_any(reasons)) return;
    snprintf(reasons->room, sizeof reasons->room, "%s", text);
    reasons->first = (molt_reason){ .code = code, .message = reasons->room };
}

/* Several lines of a module may come to one reason. */
static bool is_there(molt__reasons *reasons, int code, const char *text)
{
    for (size_t i = 0; i < reasons->count; i++) {
        reasons->last = i;
        if (reasons->item[i].code == code && strcmp(reasons->item[i].message, text) == 0) return true;
    }
    return false;
}

static int add(molt_world *world, molt__reasons *reasons, int code, const char *text)
{
    if (is_there(reasons, code, text)) return code;
    keep_first(reasons, code, text);
    char *copy = NULL;
    if (molt__reserve(world, (void **)&reasons->item, &reasons->capacity, reasons->count + 1, sizeof *reasons->item) ||
        !(copy = molt__copy_text(world, text))) {
        reasons->lost++;
        return code;
    }
    reasons->last = reasons->count;
    reasons->item[reasons->count++] = (molt_reason){ .code = code, .message = copy };
    return code;
}

int molt__reasons_add(molt_world *world, molt__reasons *reasons, int code, const char *format, ...)
{
    char text[MOLT__ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return add(world, reasons, code, text);
}

void molt__reasons_hint(molt_world *world, molt__reasons *reasons, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!reasons->count || reasons->lost) return;    /* advice may be lost */
    molt_reason *last = &reasons->item[reasons->last];
    molt__free_text(world, (char *)(uintptr_t)last->hint);
    last->hint = molt__copy_text(world, text);
}

int molt__reasons_take(molt_world *world, molt__reasons *reasons)
{
    char text[MOLT__ERROR_TEXT], hint[256];
    int code = molt_last_code(world);
    snprintf(text, sizeof text, "%s", molt_last_error(world));
    snprintf(hint, sizeof hint, "%s", molt_last_hint(world));
    add(world, reasons, code, text);
    if (hint[0]) molt__reasons_hint(world, reasons, "%s", hint);
    return code;
}

/* "NAME.Vehicle:range …" and "/…/NAME.so: …" say it themselves. */
static bool says(const char *message, const char *name)
{
    size_t length = strlen(name);
    return message[0] == '/' || (strncmp(message, name, length) == 0 && message[length] == '.');
}

void molt__reasons_of(molt_world *world, molt__reasons *reasons, size_t from, const char *name)
{
    for (size_t i = from; i < reasons->count; i++) {
        char text[MOLT__ERROR_TEXT];
        if (says(reasons->item[i].message, name)) continue;
        snprintf(text, sizeof text, "%s: %s", name, reasons->item[i].message);
        char *copy = molt__copy_text(world, text);
        if (!copy) continue;
        molt__free_text(world, (char *)(uintptr_t)reasons->item[i].message);
        reasons->item[i].message = copy;
    }
}

const molt_reason *molt__reasons_list(const molt__reasons *reasons, size_t *count)
{
    bool alone = !reasons->count && reasons->lost;
    *count = alone ? 1 : reasons->count;
    return alone ? &reasons->first : reasons->item;
}

static bool names_file(const molt_reason *reason, const char *file)
{
    size_t length = strlen(file);
    return strncmp(reason->message, file, length) == 0 && reason->message[length] == ':';
}

static void join(const molt__reasons *reasons, char *text, size_t size)
{
    size_t count, length = 0;
    const molt_reason *list = molt__reasons_list(reasons, &count);
    text[0] = '\0';
    for (size_t i = 0; i < count && length < size; i++) {
        int n = snprintf(text + length, size - length, "%s%s", i ? "\n" : "", list[i].message);
        if (n > 0) length += (size_t)n;
    }
    size_t more = reasons->count + reasons->lost - count;
    if (more && length < size) snprintf(text + length, size - length, "\n… and %zu more", more);
}

int molt__reasons_fail(molt_world *world, molt__reasons *reasons, const char *file, const char *meanwhile)
{
    char text[MOLT__ERROR_TEXT];
    size_t count;
    const molt_reason *list = molt__reasons_list(reasons, &count);
    int code = list[0].code;
    bool alone = reasons->count + reasons->lost == 1;
    reasons->told = true;
    join(reasons, text, sizeof text);
    if (alone && names_file(&list[0], file)) molt__fail(world, code, "%s", text);
    else molt__fail(world, code, "%s: refused%s%s%s", file, meanwhile, alone ? ": " : ":\n", text);
    for (size_t i = 0; i < count; i++) {
        if (!list[i].hint) continue;
        molt__hint(world, "%s", list[i].hint);
        break;
    }
    return code;
}

void molt__reasons_free(molt_world *world, molt__reasons *reasons)
{
    for (size_t i = 0; i < reasons->count; i++) {
        molt__free_text(world, (char *)(uintptr_t)reasons->item[i].message);
        molt__free_text(world, (char *)(uintptr_t)reasons->item[i].hint);
    }
    molt__free(world, reasons->item, reasons->capacity * sizeof *reasons->item);
    reasons->item = NULL;
    reasons->count = reasons->capacity = reasons->lost = 0;
    reasons->told = false;
}
