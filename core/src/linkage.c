#define _GNU_SOURCE
#include "linkage.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { LISTED = 1024 };

/* Who provides symbols: the process, and what the image names. */
typedef struct providers {
    void *library[MOLT__MAX_NEEDED];
    size_t count;
    bool complete;                   /* nobody else can provide one */
} providers;

/* The loader looks for it as it will later. What it does not find is an error,
 * and what is only not loaded is not. */
static void look_for(const molt__dynamic *dynamic, const char *name, providers *p)
{
    dlerror();
    void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    const char *error = library ? NULL : dlerror();
    if (library) p->library[p->count++] = library;
    else p->complete = false;
    /* Folders that the image itself names are searched for it alone. */
    if (!error || dynamic->run_path) return;
    size_t length = strlen(name);
    bool named = strncmp(error, name, length) == 0 && strncmp(error + length, ": ", 2) == 0;
    molt__elf_refuse(dynamic->elf, MOLT_ERR_IMAGE, "needs the library %s: %s", name,
                     named ? error + length + 2 : error);
}

static providers find_providers(const molt__dynamic *dynamic)
{
    providers p = { .complete = dynamic->needed_count <= MOLT__MAX_NEEDED };
    for (size_t i = 0; i < dynamic->needed_count && i < MOLT__MAX_NEEDED; i++) {
        look_for(dynamic, molt__dynamic_text(dynamic, dynamic->needed[i]), &p);
    }
    return p;
}

static bool provided(const providers *p, const char *name)
{
    if (dlsym(RTLD_DEFAULT, name)) return true;
    for (size_t i = 0; i < p->count; i++) {
        if (dlsym(p->library[i], name)) return true;
    }
    return false;
}

/* An undefined symbol may be weak, or unused: those are not missed. */
static bool missed(const molt__dynamic *dynamic, const providers *p, size_t i)
{
    Elf64_Sym symbol = molt__dynamic_symbol(dynamic, i);
    if (symbol.st_shndx != SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) != STB_GLOBAL) return false;
    const char *name = molt__dynamic_text(dynamic, symbol.st_name);
    return name[0] && !provided(p, name) && molt__dynamic_asks(dynamic, i);
}

static void check_symbols(const molt__dynamic *dynamic, const providers *p)
{
    char list[LISTED] = "";
    size_t length = 0, count = 0;
    for (size_t i = 1; i < dynamic->symbols.count; i++) {
        if (!missed(dynamic, p, i)) continue;
        const char *name = molt__dynamic_text(dynamic, molt__dynamic_symbol(dynamic, i).st_name);
        if (length < sizeof list) {
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", count ? ", " : "", name);
        }
        count++;
    }
    if (!count) return;
    if (length >= sizeof list) memcpy(list + sizeof list - sizeof "…", "…", sizeof "…");
    if (count == 1) molt__elf_refuse(dynamic->elf, MOLT_ERR_IMAGE, "undefined symbol: %s", list);
    else molt__elf_refuse(dynamic->elf, MOLT_ERR_IMAGE, "%zu undefined symbols: %s", count, list);
}

void molt__linkage_check(const molt__dynamic *dynamic)
{
    providers p = find_providers(dynamic);
    if (p.complete) check_symbols(dynamic, &p);
    for (size_t i = 0; i < p.count; i++) dlclose(p.library[i]);
    dlerror();                                       /* what was asked is nobody's failure */
}
