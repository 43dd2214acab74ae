/*
 * dynamic.h: what an image tells the dynamic loader, checked as far as the loader
 * would follow it blindly.
 *
 *   PT_DYNAMIC ─▶ strings   names of symbols and of libraries
 *                 symbols   [0, count): what it defines and what it wants
 *                 relocations: each writes inside the image, by a symbol that is there;
 *                 packed ones (DT_RELR) have no symbol
 *                 init, fini: functions inside the image
 */
#ifndef MOLT_SRC_DYNAMIC_H
#define MOLT_SRC_DYNAMIC_H

#include "elf_file.h"

enum { MOLT__MAX_NEEDED = 64 };

typedef struct molt__table {         /* of the file's bytes */
    const unsigned char *bytes;
    size_t count;
} molt__table;

typedef struct molt__dynamic {
    const molt__elf *elf;
    const char *strings;
    uint64_t strings_size;
    molt__table symbols;             /* of Elf64_Sym; the first means nothing; none where nothing is exported */
    molt__table relocations[2];      /* of Elf64_Rela: DT_RELA, DT_JMPREL */
    uint64_t needed[MOLT__MAX_NEEDED];  /* offsets into `strings` */
    size_t needed_count;             /* more than MOLT__MAX_NEEDED: not all are here */
    uint64_t flags_1;                /* DF_1_… */
    bool run_path;                   /* it says itself where its libraries are */
} molt__dynamic;

/* False, and the reasons say why, when the loader could be led astray. */
bool molt__dynamic_read(const molt__elf *elf, molt__dynamic *dynamic);

Elf64_Sym molt__dynamic_symbol(const molt__dynamic *dynamic, size_t i);

/* A text of the image; always one that ends. */
const char *molt__dynamic_text(const molt__dynamic *dynamic, uint64_t offset);

/* Does any relocation ask for this symbol? */
bool molt__dynamic_asks(const molt__dynamic *dynamic, size_t symbol);

#endif
