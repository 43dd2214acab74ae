#include "image.h"

#include "error.h"
#include "linkage.h"
#include "stamp.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* An inspection under way. */
typedef struct inspection {
    molt__elf elf;
    molt__dynamic dynamic;
    molt__image *image;
    size_t note;                     /* offset of its content; 0: not found */
} inspection;

#define NO_MATCH(in, ...) molt__elf_refuse(&(in)->elf, MOLT_ERR_VERSION, __VA_ARGS__)

/* A note's head, and where in the file its parts are. */
typedef struct elf_note {
    Elf64_Nhdr head;
    uint64_t owner, content;
} elf_note;

static bool is_note(const inspection *in, const elf_note *note, const char *wanted, uint32_t type)
{
    return note->head.n_type == type && note->head.n_namesz == strlen(wanted) + 1 &&
           memcmp(in->elf.bytes + note->owner, wanted, note->head.n_namesz) == 0;
}

static bool take_note(inspection *in, const elf_note *note, uint64_t address)
{
    molt__image *image = in->image;
    const unsigned char *content = in->elf.bytes + note->content;
    bool build_id = is_note(in, note, "GNU", NT_GNU_BUILD_ID);
    bool module = is_note(in, note, "Molt", MOLT_NOTE_TYPE);
    if (build_id || (module && !image->proof)) {
        image->proof = content;
        image->proof_size = note->head.n_descsz;
        image->proof_address = address;
    }
    if (!module) return true;
    if (in->note) return MOLT__NO_MODULE(&in->elf, "holds more than one module");
    in->note = note->content;
    /* A note of another length is compared as far as it goes: its ABI comes first. */
    size_t kept = sizeof image->note - MOLT_NOTE_HEAD;
    image->note.content_size = note->head.n_descsz;
    memcpy(&image->note.abi, content, note->head.n_descsz < kept ? note->head.n_descsz : kept);
    return true;
}

static bool read_notes(inspection *in, const Elf64_Phdr *segment)
{
    uint64_t align = segment->p_align == 8 ? 8 : 4;
    uint64_t at = 0;
    while (molt__inside(at, sizeof(Elf64_Nhdr), segment->p_filesz)) {
        elf_note note = { .owner = segment->p_offset + at + sizeof note.head };
        memcpy(&note.head, in->elf.bytes + segment->p_offset + at, sizeof note.head);
        uint64_t content = (sizeof note.head + note.head.n_namesz + align - 1) / align * align;
        uint64_t end = (content + note.head.n_descsz + align - 1) / align * align;
        if (!molt__inside(at, content + note.head.n_descsz, segment->p_filesz)) {
            return MOLT__NO_MODULE(&in->elf, "its notes are damaged");
        }
        note.content = segment->p_offset + at + content;
        uint64_t address = segment->p_vaddr + at + content;
        /* Only what is mapped as it is in the file can be proof later. */
        bool mapped = molt__elf_at(&in->elf, address, note.head.n_descsz) == in->elf.bytes + note.content;
        if (mapped && !take_note(in, &note, address)) return false;
        at += end;
    }
    return true;
}

static bool find_note(inspection *in)
{
    for (size_t i = 0; i < in->elf.header.e_phnum; i++) {
        Elf64_Phdr segment = molt__elf_segment(&in->elf, i);
        if (segment.p_type == PT_NOTE && !read_notes(in, &segment)) return false;
    }
    return true;
}

/* The table of functions may have grown since the module was built. */
static bool size_fits(const char *type, uint32_t theirs, uint32_t ours)
{
    return strcmp(type, "molt_api") == 0 ? theirs <= ours : theirs == ours;
}

/* Of another ABI the rest of the note means something else. */
static bool check_abi(const inspection *in)
{
    const molt_note *note = &in->image->note;
    if (note->abi == MOLT_ABI) return true;
    return NO_MATCH(in, "built for ABI %u of molt/native.h, expected %u", (unsigned)note->abi, MOLT_ABI);
}

static bool check_version(const inspection *in)
{
    const uint32_t *header = in->image->note.header;
    if (header[0] == MOLT_VERSION_MAJOR && header[1] == MOLT_VERSION_MINOR) return true;
    return NO_MATCH(in, "built for version %u.%u.%u of molt/native.h, expected " MOLT_VERSION, (unsigned)header[0],
                    (unsigned)header[1], (unsigned)header[2]);
}

static void check_sizes(const inspection *in)
{
    const molt_note *note = &in->image->note;
    bool fits = true;
#define X(type)                                                                                            \
    if (!size_fits(#type, note->sizes.type, sizeof(type))) {                                               \
        fits = NO_MATCH(in, "built with a " #type " of %u bytes, expected %zu", (unsigned)note->sizes.type, \
                        sizeof(type));                                                                     \
    }
    MOLT_HANDSHAKE(X)
#undef X
    if (fits && note->content_size != sizeof *note - MOLT_NOTE_HEAD) NO_MATCH(in, "the module's note is damaged");
}

/* The name becomes a symbol and part of a file's name. */
static bool check_name(const inspection *in)
{
    const molt_note *note = &in->image->note;
    bool ends = memchr(note->name, 0, sizeof note->name) && memchr(note->version, 0, sizeof note->version) &&
                memchr(note->compatible, 0, sizeof note->compatible);
    bool good = ends && note->name[0] && !isdigit((unsigned char)note->name[0]);
    for (const char *at = note->name; good && *at; at++) good = isalnum((unsigned char)*at) || *at == '_';
    return good || MOLT__NO_MODULE(&in->elf, "the name in the module's note is damaged");
}

/* Nothing else leads into it. */
static void check_entry(const inspection *in)
{
    char wanted[sizeof "molt_module_" + MOLT_NOTE_NAME];
    snprintf(wanted, sizeof wanted, "molt_module_%s", in->image->note.name);
    for (size_t i = 1; i < in->dynamic.symbols.count; i++) {
        Elf64_Sym symbol = molt__dynamic_symbol(&in->dynamic, i);
        if (symbol.st_shndx == SHN_UNDEF || strcmp(molt__dynamic_text(&in->dynamic, symbol.st_name), wanted) != 0) {
            continue;
        }
        if (molt__elf_mapped(&in->elf, symbol.st_value, 1, PF_X)) return;
    }
    MOLT__NO_MODULE(&in->elf, "does not export %s", wanted);
}

/* The note comes first: where its stamp says that the file is not what was built,
 * everything else would only be a consequence. */
static bool check_note(inspection *in)
{
    if (!find_note(in)) return false;
    if (!in->note) return true;
    return check_abi(in) && molt__stamp_check(&in->elf, &in->image->note, in->note);
}

static void inspect(inspection *in)
{
    if (!check_note(in) || !molt__dynamic_read(&in->elf, &in->dynamic)) return;
    if (!in->note) {
        MOLT__NO_MODULE(&in->elf, "a shared object, but no native module: it has no MOLT_MODULE");
        return;
    }
    if (check_version(in)) check_sizes(in);
    molt__stays_explain(&in->dynamic, in->image->stays);
    if (check_name(in)) check_entry(in);
    molt__linkage_check(&in->dynamic);
}

int molt__image_inspect(molt_world *world, const char *file, const unsigned char *bytes, size_t length,
                        molt__image *image, molt__reasons *reasons)
{
    memset(image, 0, sizeof *image);
    inspection in = { .image = image };
    size_t lost = reasons->lost, before = reasons->count;
    if (molt__elf_read(world, bytes, length, reasons, &in.elf)) inspect(&in);
    image->low = in.elf.low;
    image->high = in.elf.high;
    if (reasons->lost > lost) return MOLT_ERR_MEMORY;
    if (reasons->count == before) return MOLT_OK;
    const molt_reason *first = &reasons->item[before];
    if (reasons->count > before + 1) return molt__reasons_fail(world, reasons, file, "");
    return molt__fail(world, first->code, "%s: %s", file, first->message);
}
