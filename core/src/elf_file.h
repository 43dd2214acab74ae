/*
 * elf_file.h: the bytes of an ELF shared object, read without trusting any of them.
 *
 *   header ──▶ program headers ──▶ segments: what is mapped, and where
 *                                  PT_DYNAMIC ──▶ dynamic.h
 *                                  PT_NOTE    ──▶ image.c
 *   Addresses are those in the file, before relocation; molt__elf_at leads from
 *   an address to the bytes that will be there.
 */
#ifndef MOLT_SRC_ELF_FILE_H
#define MOLT_SRC_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reasons.h"

typedef struct molt__elf {
    molt_world *world;
    molt__reasons *reasons;          /* what is wrong with it */
    const unsigned char *bytes;
    size_t length;
    Elf64_Ehdr header;
    uint64_t low, high;              /* addresses that it will occupy */
} molt__elf;

/* Is [offset, offset + size) inside of [0, length)? No overflow deceives it. */
static inline bool molt__inside(uint64_t offset, uint64_t size, uint64_t length)
{
    return offset <= length && size <= length - offset;
}

/* Is this a whole shared object for this machine? False: why not is in the reasons. */
bool molt__elf_read(molt_world *world, const unsigned char *bytes, size_t length, molt__reasons *reasons,
                    molt__elf *elf);

/* Adds a reason; always false. */
bool molt__elf_refuse(const molt__elf *elf, int code, const char *format, ...) MOLT_PRINTF(3, 4);
#define MOLT__NO_MODULE(elf, ...) molt__elf_refuse((elf), MOLT_ERR_IMAGE, __VA_ARGS__)

Elf64_Phdr molt__elf_segment(const molt__elf *elf, size_t i);

/* The bytes that will be mapped at this address, or NULL where the file has not
 * `size` of them in one segment. */
const unsigned char *molt__elf_at(const molt__elf *elf, uint64_t address, uint64_t size);

/* Will all of this be mapped, by one segment that has these PF_ flags? */
bool molt__elf_mapped(const molt__elf *elf, uint64_t address, uint64_t size, uint32_t flags);

#endif
