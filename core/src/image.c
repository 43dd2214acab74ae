#include "image.h"

#include "error.h"

#include <ctype.h>
#include <elf.h>
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
#error "image.c does not know this machine's ELF number"
#endif

/* An inspection under way. */
typedef struct inspection {
    molt_world *world;
    const char *file;
    const unsigned char *bytes;
    size_t length;
    Elf64_Ehdr header;
    molt__image *image;
    bool noted;                      /* the module's note was found */
} inspection;

MOLT_PRINTF(3, 4)
static int refuse(const inspection *in, int code, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return molt__fail(in->world, code, "%s: %s", in->file, text);
}

#define NO_MODULE(in, ...) refuse((in), MOLT_ERR_IMAGE, __VA_ARGS__)
#define NO_MATCH(in, ...) refuse((in), MOLT_ERR_VERSION, __VA_ARGS__)

static bool inside(uint64_t offset, uint64_t size, uint64_t length)
{
    return offset <= length && size <= length - offset;
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

static int check_header(inspection *in)
{
    if (in->length == 0) return NO_MODULE(in, "expected a native module, found an empty file");
    size_t magic = in->length < SELFMAG ? in->length : SELFMAG;
    if (memcmp(in->bytes, ELFMAG, magic) != 0) {
        return NO_MODULE(in, "expected a native module (an ELF shared object), found %s",
                         kind_of(in->bytes, in->length));
    }
    if (in->length < sizeof in->header) {
        return NO_MODULE(in, "truncated: %zu bytes, an ELF header has %zu", in->length, sizeof in->header);
    }
    Elf64_Ehdr *header = &in->header;
    memcpy(header, in->bytes, sizeof *header);
    if (header->e_ident[EI_CLASS] != ELFCLASS64) return NO_MODULE(in, "expected a 64-bit image, found a 32-bit one");
    if (header->e_ident[EI_DATA] != ELFDATA2LSB) return NO_MODULE(in, "expected a little-endian image, found another");
    if (header->e_machine != MACHINE) {
        return NO_MODULE(in, "built for another machine (ELF number %d, expected %d)", header->e_machine, MACHINE);
    }
    if (header->e_type != ET_DYN) {
        static const char *const kinds[] = { "a file of no type", "an object file (.o)", "an executable" };
        return NO_MODULE(in, "expected a shared object, found %s",
                         header->e_type <= ET_EXEC ? kinds[header->e_type] : "something else");
    }
    if (header->e_version != EV_CURRENT || header->e_ehsize != sizeof *header) {
        return NO_MODULE(in, "the ELF header is damaged");
    }
    return MOLT_OK;
}

static int check_tables(inspection *in)
{
    const Elf64_Ehdr *header = &in->header;
    if (header->e_phnum == 0 || header->e_phnum == PN_XNUM || header->e_phentsize != sizeof(Elf64_Phdr)) {
        return NO_MODULE(in, "the program header table is damaged");
    }
    if (!inside(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), in->length)) {
        return NO_MODULE(in, "truncated: the program headers lie beyond the end (%zu bytes)", in->length);
    }
    if (header->e_shoff == 0) return MOLT_OK;
    if (header->e_shnum && header->e_shentsize != sizeof(Elf64_Shdr)) {
        return NO_MODULE(in, "the section table is damaged");
    }
    /* It is the last thing a linker writes: a file cut anywhere lacks part of it. */
    if (!inside(header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr), in->length)) {
        return NO_MODULE(in, "truncated: the section table lies beyond the end (%zu bytes)", in->length);
    }
    return MOLT_OK;
}

static Elf64_Phdr segment_at(const inspection *in, size_t i)
{
    Elf64_Phdr segment;
    memcpy(&segment, in->bytes + in->header.e_phoff + i * sizeof segment, sizeof segment);
    return segment;
}

static int check_segments(inspection *in)
{
    molt__image *image = in->image;
    for (size_t i = 0; i < in->header.e_phnum; i++) {
        Elf64_Phdr segment = segment_at(in, i);
        if (!inside(segment.p_offset, segment.p_filesz, in->length)) {
            return NO_MODULE(in, "truncated: segment %zu reaches beyond the end (%zu bytes)", i, in->length);
        }
        if (segment.p_type != PT_LOAD) continue;
        bool sized = segment.p_filesz <= segment.p_memsz && segment.p_memsz <= UINT64_MAX - segment.p_vaddr;
        bool ordered = image->high == 0 || segment.p_vaddr >= image->high;
        bool aligned = segment.p_align == 0 || (segment.p_offset - segment.p_vaddr) % segment.p_align == 0;
        if (!sized || !ordered || !aligned) {
            return NO_MODULE(in, "segment %zu is damaged", i);
        }
        if (image->high == 0) image->low = segment.p_vaddr;
        image->high = segment.p_vaddr + segment.p_memsz;
    }
    if (image->high == 0) return NO_MODULE(in, "nothing in it can be mapped");
    return MOLT_OK;
}

/* Is a stretch of the file mapped as it is? */
static bool mapped(const inspection *in, uint64_t address, uint64_t offset, uint64_t size)
{
    for (size_t i = 0; i < in->header.e_phnum; i++) {
        Elf64_Phdr segment = segment_at(in, i);
        if (segment.p_type == PT_LOAD && offset >= segment.p_offset &&
            inside(offset - segment.p_offset, size, segment.p_filesz)) {
            return address - segment.p_vaddr == offset - segment.p_offset;
        }
    }
    return false;
}

static int check_dynamic(inspection *in)
{
    for (size_t i = 0; i < in->header.e_phnum; i++) {
        Elf64_Phdr segment = segment_at(in, i);
        if (segment.p_type != PT_DYNAMIC) continue;
        for (uint64_t at = 0; inside(at, sizeof(Elf64_Dyn), segment.p_filesz); at += sizeof(Elf64_Dyn)) {
            Elf64_Dyn entry;
            memcpy(&entry, in->bytes + segment.p_offset + at, sizeof entry);
            if (entry.d_tag == DT_NULL) return MOLT_OK;
            if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE)) {
                return NO_MODULE(in, "expected a shared object, found an executable");
            }
        }
        return NO_MODULE(in, "the dynamic segment has no end");
    }
    return NO_MODULE(in, "expected a shared object, found one without a dynamic segment");
}

static bool is_note(const Elf64_Nhdr *head, const unsigned char *owner, const char *wanted, uint32_t type)
{
    return head->n_type == type && head->n_namesz == strlen(wanted) + 1 && memcmp(owner, wanted, head->n_namesz) == 0;
}

static int take_note(inspection *in, const Elf64_Nhdr *head, const unsigned char *owner, const unsigned char *content,
                     uint64_t address)
{
    molt__image *image = in->image;
    bool build_id = is_note(head, owner, "GNU", NT_GNU_BUILD_ID);
    bool module = is_note(head, owner, "Molt", MOLT_NOTE_TYPE);
    if (build_id || (module && !image->proof)) {
        image->proof = content;
        image->proof_size = head->n_descsz;
        image->proof_address = address;
    }
    if (!module) return MOLT_OK;
    if (in->noted) return NO_MODULE(in, "holds more than one module");
    in->noted = true;
    /* A note of another length is compared as far as it goes: its ABI comes first. */
    size_t kept = sizeof image->note - MOLT_NOTE_HEAD;
    image->note.content_size = head->n_descsz;
    memcpy(&image->note.abi, content, head->n_descsz < kept ? head->n_descsz : kept);
    return MOLT_OK;
}

static int read_notes(inspection *in, const Elf64_Phdr *segment)
{
    uint64_t align = segment->p_align == 8 ? 8 : 4;
    uint64_t at = 0;
    while (inside(at, sizeof(Elf64_Nhdr), segment->p_filesz)) {
        const unsigned char *bytes = in->bytes + segment->p_offset + at;
        Elf64_Nhdr head;
        memcpy(&head, bytes, sizeof head);
        uint64_t owner = sizeof head;
        uint64_t content = (owner + head.n_namesz + align - 1) / align * align;
        uint64_t end = (content + head.n_descsz + align - 1) / align * align;
        if (!inside(at, content + head.n_descsz, segment->p_filesz)) return NO_MODULE(in, "its notes are damaged");
        uint64_t address = segment->p_vaddr + at + content;
        if (mapped(in, address, segment->p_offset + at + content, head.n_descsz)) {
            int err = take_note(in, &head, bytes + owner, bytes + content, address);
            if (err) return err;
        }
        at += end;
    }
    return MOLT_OK;
}

static int find_note(inspection *in)
{
    for (size_t i = 0; i < in->header.e_phnum; i++) {
        Elf64_Phdr segment = segment_at(in, i);
        int err = segment.p_type == PT_NOTE ? read_notes(in, &segment) : MOLT_OK;
        if (err) return err;
    }
    if (in->noted) return MOLT_OK;
    return NO_MODULE(in, "a shared object, but no native module: it has no MOLT_MODULE");
}

/* The table of functions may have grown since the module was built. */
static bool size_fits(const char *type, uint32_t theirs, uint32_t ours)
{
    return strcmp(type, "molt_api") == 0 ? theirs <= ours : theirs == ours;
}

static int check_note(inspection *in)
{
    const molt_note *note = &in->image->note;
    if (note->abi != MOLT_ABI) {
        return NO_MATCH(in, "built for ABI %u of molt/native.h, expected %u", (unsigned)note->abi, MOLT_ABI);
    }
    if (note->header[0] != MOLT_VERSION_MAJOR || note->header[1] != MOLT_VERSION_MINOR) {
        return NO_MATCH(in, "built for version %u.%u.%u of molt/native.h, expected " MOLT_VERSION,
                        (unsigned)note->header[0], (unsigned)note->header[1], (unsigned)note->header[2]);
    }
#define X(type)                                                                                          \
    if (!size_fits(#type, note->sizes.type, sizeof(type))) {                                             \
        return NO_MATCH(in, "built with a " #type " of %u bytes, expected %zu",                          \
                        (unsigned)note->sizes.type, sizeof(type));                                       \
    }
    MOLT_HANDSHAKE(X)
#undef X
    if (note->content_size != sizeof *note - MOLT_NOTE_HEAD) return NO_MATCH(in, "the module's note is damaged");
    return MOLT_OK;
}

/* The name becomes a symbol and part of a file's name. */
static int check_name(inspection *in)
{
    const molt_note *note = &in->image->note;
    bool ends = memchr(note->name, 0, sizeof note->name) && memchr(note->version, 0, sizeof note->version) &&
                memchr(note->compatible, 0, sizeof note->compatible);
    bool good = ends && note->name[0] && !isdigit((unsigned char)note->name[0]);
    for (const char *at = note->name; good && *at; at++) good = isalnum((unsigned char)*at) || *at == '_';
    return good ? MOLT_OK : NO_MODULE(in, "the name in the module's note is damaged");
}

int molt__image_inspect(molt_world *world, const char *file, const unsigned char *bytes, size_t length,
                        molt__image *image)
{
    memset(image, 0, sizeof *image);
    inspection in = { .world = world, .file = file, .bytes = bytes, .length = length, .image = image };
    int err = check_header(&in);
    if (!err) err = check_tables(&in);
    if (!err) err = check_segments(&in);
    if (!err) err = check_dynamic(&in);
    if (!err) err = find_note(&in);
    if (!err) err = check_note(&in);
    if (!err) err = check_name(&in);
    return err;
}
