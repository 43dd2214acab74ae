#include "dynamic.h"

#include <string.h>

/* Of the table of addresses: younger than some elf.h. */
enum { RELR_SIZE = 35, RELR = 36, RELR_ENTRY = 37, TAGS = 38 };

/* The entries that hold one value each, found by their tag. */
typedef struct entries {
    molt__dynamic *dynamic;
    uint64_t value[TAGS];
    bool has[TAGS];
    uint64_t gnu_hash;               /* 0: none */
    bool text_relocations;
} entries;

static void take(entries *e, const Elf64_Dyn *entry)
{
    molt__dynamic *dynamic = e->dynamic;
    uint64_t value = entry->d_un.d_val;
    if (entry->d_tag == DT_NEEDED) {
        if (dynamic->needed_count < MOLT__MAX_NEEDED) dynamic->needed[dynamic->needed_count] = value;
        dynamic->needed_count++;
    } else if (entry->d_tag > 0 && entry->d_tag < TAGS) {
        e->value[entry->d_tag] = value;
        e->has[entry->d_tag] = true;
    }
    if (entry->d_tag == DT_GNU_HASH) e->gnu_hash = value;
    if (entry->d_tag == DT_FLAGS_1) dynamic->flags_1 = value;
    if (entry->d_tag == DT_RUNPATH || entry->d_tag == DT_RPATH) dynamic->run_path = true;
    if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (value & DF_TEXTREL))) e->text_relocations = true;
}

/* False: it has no end, and the loader would read on. */
static bool take_all(entries *e, const unsigned char *bytes, uint64_t size)
{
    for (uint64_t at = 0; molt__inside(at, sizeof(Elf64_Dyn), size); at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn entry;
        memcpy(&entry, bytes + at, sizeof entry);
        if (entry.d_tag == DT_NULL) return true;
        take(e, &entry);
    }
    return false;
}

static bool read_entries(entries *e, const molt__elf *elf)
{
    for (size_t i = 0; i < elf->header.e_phnum; i++) {
        Elf64_Phdr segment = molt__elf_segment(elf, i);
        if (segment.p_type != PT_DYNAMIC) continue;
        const unsigned char *bytes = elf->bytes + segment.p_offset;
        if (!take_all(e, bytes, segment.p_filesz)) {
            return MOLT__NO_MODULE(elf, "the dynamic segment has no end");
        }
        if (molt__elf_at(elf, segment.p_vaddr, segment.p_filesz) == bytes) return true;
        return MOLT__NO_MODULE(elf, "the dynamic segment is not where it says");
    }
    return MOLT__NO_MODULE(elf, "expected a shared object, found one without a dynamic segment");
}

static bool read_strings(entries *e)
{
    molt__dynamic *dynamic = e->dynamic;
    uint64_t size = e->value[DT_STRSZ];
    const unsigned char *strings = molt__elf_at(dynamic->elf, e->value[DT_STRTAB], size);
    if (!strings || size == 0 || strings[size - 1] != '\0') {
        return MOLT__NO_MODULE(dynamic->elf, "its table of names is damaged");
    }
    dynamic->strings = (const char *)strings;
    dynamic->strings_size = size;
    return true;
}

static uint32_t word_at(const unsigned char *words, uint64_t i)
{
    uint32_t word;
    memcpy(&word, words + i * sizeof word, sizeof word);
    return word;
}

/* DT_GNU_HASH does not say how many symbols there are: the last chain's end does.
 *   buckets, first symbol, bloom words, shift | bloom | bucket[] | chain[]
 * An image that exports nothing does not tell: 0. */
static bool count_by_gnu_hash(const molt__elf *elf, uint64_t address, size_t *count)
{
    const unsigned char *head = molt__elf_at(elf, address, 16);
    if (!head) return false;
    uint32_t buckets = word_at(head, 0), first = word_at(head, 1), bloom = word_at(head, 2);
    uint64_t bucket_at = address + 16 + 8 * (uint64_t)bloom, chain_at = bucket_at + 4 * (uint64_t)buckets;
    const unsigned char *bucket = molt__elf_at(elf, bucket_at, 4 * (uint64_t)buckets);
    /* The loader takes bloom words by a mask, and a symbol's bucket by a remainder. */
    if (!bucket || !bloom || !buckets || (bloom & (bloom - 1))) return false;
    uint64_t last = 0;
    for (uint32_t i = 0; i < buckets; i++) {
        uint32_t start = word_at(bucket, i);
        if (start && start < first) return false;
        if (start > last) last = start;
    }
    *count = 0;
    if (last == 0) return true;
    for (;; last++) {
        const unsigned char *chain = molt__elf_at(elf, chain_at + 4 * (last - first), 4);
        if (!chain) return false;
        if (word_at(chain, 0) & 1) break;
    }
    *count = last + 1;
    return true;
}

/* DT_HASH: buckets, symbols | … */
static bool count_by_hash(const molt__elf *elf, uint64_t address, size_t *count)
{
    const unsigned char *head = molt__elf_at(elf, address, 8);
    if (!head || !word_at(head, 0)) return false;
    *count = word_at(head, 1);
    return molt__elf_at(elf, address + 8, 4 * ((uint64_t)word_at(head, 0) + *count)) != NULL;
}

static bool check_symbol(const molt__dynamic *dynamic, size_t i)
{
    Elf64_Sym symbol = molt__dynamic_symbol(dynamic, i);
    if (symbol.st_name >= dynamic->strings_size) return false;
    bool placed = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS && symbol.st_shndx != SHN_COMMON;
    if (!placed || ELF64_ST_TYPE(symbol.st_info) == STT_TLS) return true;
    return symbol.st_value >= dynamic->elf->low && symbol.st_value <= dynamic->elf->high;
}

static bool read_symbols(entries *e)
{
    molt__dynamic *dynamic = e->dynamic;
    const molt__elf *elf = dynamic->elf;
    size_t count = 0;
    bool counted = e->gnu_hash ? count_by_gnu_hash(elf, e->gnu_hash, &count)
                               : e->has[DT_HASH] && count_by_hash(elf, e->value[DT_HASH], &count);
    const unsigned char *symbols = molt__elf_at(elf, e->value[DT_SYMTAB], count * sizeof(Elf64_Sym));
    bool sized = !e->has[DT_SYMENT] || e->value[DT_SYMENT] == sizeof(Elf64_Sym);
    if (!counted || !symbols || !sized) return MOLT__NO_MODULE(elf, "its table of symbols is damaged");
    dynamic->symbols = (molt__table){ symbols, count };
    for (size_t i = 1; i < count; i++) {
        if (!check_symbol(dynamic, i)) return MOLT__NO_MODULE(elf, "symbol %zu is damaged", i);
    }
    return true;
}

/* Where relocations may write: one stretch for nearly every image, so that a
 * thousand of them are looked at in a microsecond. */
static bool may_write(const entries *e, uint64_t address, Elf64_Phdr *last)
{
    const molt__elf *elf = e->dynamic->elf;
    uint32_t flags = e->text_relocations ? 0 : PF_W;
    if (address >= last->p_vaddr && molt__inside(address - last->p_vaddr, 8, last->p_memsz)) return true;
    for (size_t i = 0; i < elf->header.e_phnum; i++) {
        Elf64_Phdr segment = molt__elf_segment(elf, i);
        if (segment.p_type != PT_LOAD || (segment.p_flags & flags) != flags || address < segment.p_vaddr) continue;
        if (!molt__inside(address - segment.p_vaddr, 8, segment.p_memsz)) continue;
        *last = segment;
        return true;
    }
    return false;
}

static Elf64_Rela relocation_at(const molt__table *table, size_t i)
{
    Elf64_Rela relocation;
    memcpy(&relocation, table->bytes + i * sizeof relocation, sizeof relocation);
    return relocation;
}

static bool read_relocations(const entries *e, int64_t at, int64_t size, molt__table *table)
{
    const molt__dynamic *dynamic = e->dynamic;
    if (!e->has[at]) return true;
    table->count = e->value[size] / sizeof(Elf64_Rela);
    table->bytes = molt__elf_at(dynamic->elf, e->value[at], e->value[size]);
    bool whole = e->has[size] && table->bytes && e->value[size] % sizeof(Elf64_Rela) == 0;
    if (!whole) return MOLT__NO_MODULE(dynamic->elf, "its table of relocations is damaged");
    Elf64_Phdr last = { 0 };
    for (size_t i = 0; i < table->count; i++) {
        Elf64_Rela relocation = relocation_at(table, i);
        bool good = !dynamic->symbols.count || ELF64_R_SYM(relocation.r_info) < dynamic->symbols.count;
        if (!good || !may_write(e, relocation.r_offset, &last)) {
            return MOLT__NO_MODULE(dynamic->elf, "relocation %zu is damaged", i);
        }
    }
    return true;
}

/* A word of the table of addresses: an even one is where to write, and `*next` then the
 * word behind it; an odd one has a bit for each of the 63 words from `*next` on. */
static bool check_packed(const entries *e, uint64_t word, uint64_t *next, Elf64_Phdr *last)
{
    const uint64_t size = sizeof(uint64_t);
    if (!(word & 1)) {
        *next = word + size;
        return may_write(e, word, last);
    }
    if (!*next) return false;            /* there is none before it */
    for (uint64_t at = *next; word >>= 1; at += size) {
        if ((word & 1) && !may_write(e, at, last)) return false;
    }
    *next += 63 * size;
    return true;
}

/* DT_RELR: where the base is added to a word, as addresses and bitmaps. */
static bool check_addresses(const entries *e)
{
    const molt__elf *elf = e->dynamic->elf;
    if (!e->has[RELR]) return true;
    const unsigned char *bytes = molt__elf_at(elf, e->value[RELR], e->value[RELR_SIZE]);
    bool whole = e->has[RELR_SIZE] && e->value[RELR_ENTRY] == sizeof(uint64_t) && bytes &&
                 e->value[RELR_SIZE] % sizeof(uint64_t) == 0;
    if (!whole) return MOLT__NO_MODULE(elf, "its table of packed relocations is damaged");
    Elf64_Phdr last = { 0 };
    uint64_t next = 0;
    for (size_t i = 0; i < e->value[RELR_SIZE] / sizeof(uint64_t); i++) {
        uint64_t word;
        memcpy(&word, bytes + i * sizeof word, sizeof word);
        if (!check_packed(e, word, &next, &last)) return MOLT__NO_MODULE(elf, "packed relocation %zu is damaged", i);
    }
    return true;
}

/* The loader asks for the size of an entry wherever there is a table. */
static bool check_relocations(const entries *e)
{
    molt__dynamic *dynamic = e->dynamic;
    bool asked = e->has[DT_RELA] || e->has[DT_RELAENT];
    bool sized = (!asked || e->value[DT_RELAENT] == sizeof(Elf64_Rela)) &&
                 (!e->has[DT_PLTREL] || e->value[DT_PLTREL] == DT_RELA) && !e->has[DT_REL];
    if (!sized) return MOLT__NO_MODULE(dynamic->elf, "its table of relocations is damaged");
    return read_relocations(e, DT_RELA, DT_RELASZ, &dynamic->relocations[0]) &&
           read_relocations(e, DT_JMPREL, DT_PLTRELSZ, &dynamic->relocations[1]) && check_addresses(e);
}

/* Functions that the loader calls. */
static bool check_functions(const entries *e)
{
    static const int single[] = { DT_INIT, DT_FINI };
    static const int array[][2] = { { DT_INIT_ARRAY, DT_INIT_ARRAYSZ }, { DT_FINI_ARRAY, DT_FINI_ARRAYSZ } };
    const molt__elf *elf = e->dynamic->elf;
    for (size_t i = 0; i < 2; i++) {
        bool in_code = !e->has[single[i]] || molt__elf_mapped(elf, e->value[single[i]], 1, PF_X);
        bool array_inside = !e->has[array[i][0]] ||
                            molt__elf_mapped(elf, e->value[array[i][0]], e->value[array[i][1]], PF_R);
        if (!in_code || !array_inside) return MOLT__NO_MODULE(elf, "its table of constructors is damaged");
    }
    return true;
}

bool molt__dynamic_read(const molt__elf *elf, molt__dynamic *dynamic)
{
    *dynamic = (molt__dynamic){ .elf = elf };
    entries e = { .dynamic = dynamic };
    if (!read_entries(&e, elf)) return false;
    if (dynamic->flags_1 & DF_1_PIE) return MOLT__NO_MODULE(elf, "expected a shared object, found an executable");
    return read_strings(&e) && read_symbols(&e) && check_relocations(&e) && check_functions(&e);
}

Elf64_Sym molt__dynamic_symbol(const molt__dynamic *dynamic, size_t i)
{
    Elf64_Sym symbol;
    memcpy(&symbol, dynamic->symbols.bytes + i * sizeof symbol, sizeof symbol);
    return symbol;
}

const char *molt__dynamic_text(const molt__dynamic *dynamic, uint64_t offset)
{
    return offset < dynamic->strings_size ? dynamic->strings + offset : "";
}

bool molt__dynamic_asks(const molt__dynamic *dynamic, size_t symbol)
{
    for (size_t t = 0; t < 2; t++) {
        const molt__table *table = &dynamic->relocations[t];
        for (size_t i = 0; i < table->count; i++) {
            if (ELF64_R_SYM(relocation_at(table, i).r_info) == symbol) return true;
        }
    }
    return false;
}
