#include "elf_file.h"

#include "error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#elif defined(__riscv)
enum { MACHINE = EM_RISCV };
#else
#error "elf_file.c does not know this machine's ELF number"
#endif

bool molt__elf_refuse(const molt__elf *elf, int code, const char *format, ...)
{
    char text[MOLT__ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    molt__reasons_add(elf->world, elf->reasons, code, "%s", text);
    return false;
}

/* Does it look like something a person wrote? For the message only. */
static const char *kind_of(const unsigned char *bytes, size_t length)
{
    size_t shown = length < 64 ? length : 64;
    for (size_t i = 0; i < shown; i++) {
        if (!isprint(bytes[i]) && !isspace(bytes[i])) return "something else";
    }
    return "text";
}

static bool check_magic(molt__elf *elf)
{
    if (elf->length == 0) return MOLT__NO_MODULE(elf, "expected a native module, found an empty file");
    size_t magic = elf->length < SELFMAG ? elf->length : SELFMAG;
    if (memcmp(elf->bytes, ELFMAG, magic) != 0) {
        return MOLT__NO_MODULE(elf, "expected a native module (an ELF shared object), found %s",
                               kind_of(elf->bytes, elf->length));
    }
    if (elf->length < sizeof elf->header) {
        return MOLT__NO_MODULE(elf, "truncated: %zu bytes, an ELF header has %zu", elf->length, sizeof elf->header);
    }
    memcpy(&elf->header, elf->bytes, sizeof elf->header);
    return true;
}

static bool check_type(const molt__elf *elf)
{
    static const char *const kinds[] = { "a file of no type", "an object file (.o)", "an executable" };
    Elf64_Half type = elf->header.e_type;
    if (type == ET_DYN) return true;
    return MOLT__NO_MODULE(elf, "expected a shared object, found %s", type <= ET_EXEC ? kinds[type] : "something else");
}

static bool check_header(const molt__elf *elf)
{
    const Elf64_Ehdr *header = &elf->header;
    /* Of another class or order the rest of the header means nothing. */
    if (header->e_ident[EI_CLASS] != ELFCLASS64) {
        return MOLT__NO_MODULE(elf, "expected a 64-bit image, found a 32-bit one");
    }
    if (header->e_ident[EI_DATA] != ELFDATA2LSB) {
        return MOLT__NO_MODULE(elf, "expected a little-endian image, found another");
    }
    bool machine = header->e_machine == MACHINE;
    if (!machine) {
        MOLT__NO_MODULE(elf, "built for another machine (ELF number %d, expected %d)", header->e_machine, MACHINE);
    }
    if (!check_type(elf) || !machine) return false;
    if (header->e_version == EV_CURRENT && header->e_ehsize == sizeof *header) return true;
    return MOLT__NO_MODULE(elf, "the ELF header is damaged");
}

static bool check_tables(const molt__elf *elf)
{
    const Elf64_Ehdr *header = &elf->header;
    if (header->e_phnum == 0 || header->e_phnum == PN_XNUM || header->e_phentsize != sizeof(Elf64_Phdr)) {
        return MOLT__NO_MODULE(elf, "the program header table is damaged");
    }
    if (!molt__inside(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), elf->length)) {
        return MOLT__NO_MODULE(elf, "truncated: the program headers lie beyond the end (%zu bytes)", elf->length);
    }
    if (header->e_shoff == 0) return true;
    if (header->e_shnum && header->e_shentsize != sizeof(Elf64_Shdr)) {
        return MOLT__NO_MODULE(elf, "the section table is damaged");
    }
    /* It is the last thing a linker writes: a file cut anywhere lacks part of it. */
    if (!molt__inside(header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr), elf->length)) {
        return MOLT__NO_MODULE(elf, "truncated: the section table lies beyond the end (%zu bytes)", elf->length);
    }
    return true;
}

Elf64_Phdr molt__elf_segment(const molt__elf *elf, size_t i)
{
    Elf64_Phdr segment;
    memcpy(&segment, elf->bytes + elf->header.e_phoff + i * sizeof segment, sizeof segment);
    return segment;
}

static bool check_load(molt__elf *elf, const Elf64_Phdr *segment, size_t i)
{
    bool sized = segment->p_filesz <= segment->p_memsz && segment->p_memsz <= UINT64_MAX - segment->p_vaddr;
    bool ordered = elf->high == 0 || segment->p_vaddr >= elf->high;
    bool aligned = segment->p_align == 0 || (segment->p_offset - segment->p_vaddr) % segment->p_align == 0;
    if (!sized || !ordered || !aligned) return MOLT__NO_MODULE(elf, "segment %zu is damaged", i);
    if (elf->high == 0) elf->low = segment->p_vaddr;
    elf->high = segment->p_vaddr + segment->p_memsz;
    return true;
}

static bool check_segments(molt__elf *elf)
{
    for (size_t i = 0; i < elf->header.e_phnum; i++) {
        Elf64_Phdr segment = molt__elf_segment(elf, i);
        if (!molt__inside(segment.p_offset, segment.p_filesz, elf->length)) {
            return MOLT__NO_MODULE(elf, "truncated: segment %zu reaches beyond the end (%zu bytes)", i, elf->length);
        }
        if (segment.p_type == PT_LOAD && !check_load(elf, &segment, i)) return false;
    }
    if (elf->high == 0) return MOLT__NO_MODULE(elf, "nothing in it can be mapped");
    return true;
}

bool molt__elf_read(molt_world *world, const unsigned char *bytes, size_t length, molt__reasons *reasons,
                    molt__elf *elf)
{
    *elf = (molt__elf){ .world = world, .reasons = reasons, .bytes = bytes, .length = length };
    return check_magic(elf) && check_header(elf) && check_tables(elf) && check_segments(elf);
}

const unsigned char *molt__elf_at(const molt__elf *elf, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < elf->header.e_phnum; i++) {
        Elf64_Phdr segment = molt__elf_segment(elf, i);
        if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
        uint64_t offset = address - segment.p_vaddr;
        if (molt__inside(offset, size, segment.p_filesz)) return elf->bytes + segment.p_offset + offset;
    }
    return NULL;
}

bool molt__elf_mapped(const molt__elf *elf, uint64_t address, uint64_t size, uint32_t flags)
{
    for (size_t i = 0; i < elf->header.e_phnum; i++) {
        Elf64_Phdr segment = molt__elf_segment(elf, i);
        if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
        if ((segment.p_flags & flags) != flags) continue;
        if (molt__inside(address - segment.p_vaddr, size, segment.p_memsz)) return true;
    }
    return false;
}
