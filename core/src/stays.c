#include "stays.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

MOLT_PRINTF(2, 3)
static void add(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    char reason[MOLT__STAYS_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    snprintf(text + length, MOLT__STAYS_TEXT - length, "%s%s", length ? "; " : "", reason);
}

static bool is_unique(const Elf64_Sym *symbol)
{
    return symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) == STB_GNU_UNIQUE;
}

/* C++ asks by the first name, and GNU's runtime of it by the second. */
static bool asks_for_destructors(const Elf64_Sym *symbol, const char *name)
{
    if (symbol->st_shndx != SHN_UNDEF) return false;
    return strcmp(name, "__cxa_thread_atexit") == 0 || strcmp(name, "__cxa_thread_atexit_impl") == 0;
}

void molt__stays_explain(const molt__dynamic *dynamic, char text[MOLT__STAYS_TEXT])
{
    const char *unique = NULL;
    bool destructors = false;
    text[0] = '\0';
    for (size_t i = 1; i < dynamic->symbols.count; i++) {
        Elf64_Sym symbol = molt__dynamic_symbol(dynamic, i);
        const char *name = molt__dynamic_text(dynamic, symbol.st_name);
        if (!unique && is_unique(&symbol)) unique = name;
        if (asks_for_destructors(&symbol, name)) destructors = true;
    }
    if (dynamic->flags_1 & DF_1_NODELETE) add(text, "it is linked with -z nodelete");
    if (unique) add(text, "its symbol %.100s is unique in the process (STB_GNU_UNIQUE)", unique);
    if (destructors) add(text, "it registers TLS destructors");
}
