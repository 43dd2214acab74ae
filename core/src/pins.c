/*
 * pins.c: dlclose says yes, whatever happens. Whether an image is gone is seen in
 * the loader's list of images and in the memory map; why it is not, in the image
 * itself, which is still there to be read:
 *
 *   -z nodelete          a flag in its dynamic section       stays for good
 *   STB_GNU_UNIQUE       a symbol in its table               stays for good
 *   another object       one that names it as needed         goes with that one
 *   a TLS destructor     it asks the C library for them      goes with the thread
 *   another handle       none of these                       goes with the handle
 */
#define _GNU_SOURCE
#include "pins.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The dynamic section of a mapped image. */
typedef struct dynamic {
    const ElfW(Dyn) *entry;          /* NULL: it has none */
    uintptr_t base;
    const char *strings;
    const ElfW(Sym) *symbols;
} dynamic;

typedef struct search {
    const char *copy;
    dynamic found;
    const char *soname;              /* by which another object may need it; or NULL */
    const char *needed_by;
} search;

static const void *at(uintptr_t address)
{
    const void *pointer;
    memcpy(&pointer, &address, sizeof pointer);
    return pointer;
}

static const ElfW(Dyn) *entry_of(const dynamic *d, ElfW(Sxword) tag)
{
    for (const ElfW(Dyn) *entry = d->entry; entry && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == tag) return entry;
    }
    return NULL;
}

/* Some loaders relocate these addresses, some do not. */
static const void *table_of(const dynamic *d, ElfW(Sxword) tag)
{
    const ElfW(Dyn) *entry = entry_of(d, tag);
    if (!entry) return NULL;
    uintptr_t address = entry->d_un.d_ptr;
    return at(address < d->base ? address + d->base : address);
}

static dynamic dynamic_of(const struct dl_phdr_info *image)
{
    dynamic d = { .base = image->dlpi_addr };
    for (size_t i = 0; i < image->dlpi_phnum; i++) {
        if (image->dlpi_phdr[i].p_type == PT_DYNAMIC) d.entry = at(image->dlpi_addr + image->dlpi_phdr[i].p_vaddr);
    }
    d.strings = table_of(&d, DT_STRTAB);
    d.symbols = table_of(&d, DT_SYMTAB);
    return d;
}

static int find_image(struct dl_phdr_info *image, size_t size, void *user)
{
    (void)size;
    search *s = user;
    if (strcmp(image->dlpi_name, s->copy) != 0) return 0;
    s->found = dynamic_of(image);
    const ElfW(Dyn) *soname = entry_of(&s->found, DT_SONAME);
    if (soname && s->found.strings) s->soname = s->found.strings + soname->d_un.d_val;
    return 1;
}

static int find_needing(struct dl_phdr_info *image, size_t size, void *user)
{
    (void)size;
    search *s = user;
    const char *slash = strrchr(s->copy, '/');
    const char *base = slash ? slash + 1 : s->copy;
    dynamic d = dynamic_of(image);
    if (strcmp(image->dlpi_name, s->copy) == 0 || !d.strings || !image->dlpi_name[0]) return 0;
    for (const ElfW(Dyn) *entry = d.entry; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag != DT_NEEDED) continue;
        const char *name = d.strings + entry->d_un.d_val;
        if (strcmp(name, s->copy) != 0 && strcmp(name, base) != 0 && (!s->soname || strcmp(name, s->soname) != 0)) continue;
        s->needed_by = image->dlpi_name;
        return 1;
    }
    return 0;
}

/* The GNU table does not say how many symbols there are: the last chain's end does. */
static size_t count_by_gnu_hash(const uint32_t *table)
{
    uint32_t buckets = table[0], first = table[1], words = table[2];
    const uint32_t *bucket = table + 4 + words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    uint32_t last = 0;
    for (uint32_t i = 0; i < buckets; i++) {
        if (bucket[i] > last) last = bucket[i];
    }
    if (last < first) return first;
    while (!(chain[last - first] & 1)) last++;
    return last + 1;
}

static size_t symbol_count(const dynamic *d)
{
    const uint32_t *hash = table_of(d, DT_HASH);
    const uint32_t *gnu = table_of(d, DT_GNU_HASH);
    return hash ? hash[1] : gnu ? count_by_gnu_hash(gnu) : 0;
}

static const char *unique_symbol(const dynamic *d)
{
    size_t count = d->symbols && d->strings ? symbol_count(d) : 0;
    for (size_t i = 1; i < count; i++) {
        const ElfW(Sym) *symbol = &d->symbols[i];
        if (ELF64_ST_BIND(symbol->st_info) == STB_GNU_UNIQUE && symbol->st_shndx != SHN_UNDEF) {
            return d->strings + symbol->st_name;
        }
    }
    return NULL;
}

/* Symbols without a definition come first, so that either table counts them. */
static bool asks_for_tls_destructors(const dynamic *d)
{
    static const char *const names[] = { "__cxa_thread_atexit_impl", "__cxa_thread_atexit" };
    size_t count = d->symbols && d->strings ? symbol_count(d) : 0;
    for (size_t i = 1; i < count; i++) {
        const char *name = d->strings + d->symbols[i].st_name;
        if (strcmp(name, names[0]) == 0 || strcmp(name, names[1]) == 0) return true;
    }
    return false;
}

bool molt__pins_gone(const char *copy, molt__span span, bool *taken)
{
    search s = { .copy = copy };
    size_t bytes;
    *taken = false;
    if (dl_iterate_phdr(find_image, &s)) return false;
    *taken = molt__span_take(span);
    return *taken || molt__span_mappings(span, copy, &bytes) == 0;
}

/* The reason, without the price. */
static bool name_reason(const search *s, char *text, size_t size)
{
    const ElfW(Dyn) *flags = entry_of(&s->found, DT_FLAGS_1);
    const char *unique = unique_symbol(&s->found);
    bool nodelete = flags && flags->d_un.d_val & DF_1_NODELETE;
    if (nodelete) snprintf(text, size, "it was linked with -z nodelete");
    else if (unique) snprintf(text, size, "its symbol '%s' is unique in the process (STB_GNU_UNIQUE)", unique);
    else if (s->needed_by) snprintf(text, size, "%s is bound to it", s->needed_by);
    else if (asks_for_tls_destructors(&s->found)) {
        snprintf(text, size, "a thread has a thread-local variable of its whose destructor is still to run");
    } else snprintf(text, size, "another handle to it is open");
    return nodelete || unique;
}

bool molt__pins_explain(const char *copy, molt__span span, char *text, size_t size)
{
    search s = { .copy = copy };
    size_t bytes;
    bool listed = dl_iterate_phdr(find_image, &s) != 0;
    if (listed) dl_iterate_phdr(find_needing, &s);
    bool for_good = false;
    if (listed) for_good = name_reason(&s, text, size);
    else snprintf(text, size, "the loader has let go of it, the memory map has not");
    size_t mappings = molt__span_mappings(span, copy, &bytes);
    size_t length = strlen(text);
    snprintf(text + length, size - length, "; %zu mapping%s of %zu KB stay%s", mappings, mappings == 1 ? "" : "s",
             bytes / 1024, mappings == 1 ? "s" : "");
    return for_good;
}
