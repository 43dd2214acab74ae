#include "stamp.h"

#include "checksum.h"

#include <inttypes.h>

static uint64_t whole(const uint32_t *words)
{
    return words[0] | (uint64_t)words[1] << 32;
}

bool molt__stamp_check(const molt__elf *elf, const molt_note *note, size_t offset)
{
    enum { SIZE = sizeof note->length + sizeof note->checksum };
    uint64_t length = whole(note->length), checksum = whole(note->checksum);
    if (!length && !checksum) return true;
    if (length != elf->length) {
        return MOLT__NO_MODULE(elf, "its note says that the file has %" PRIu64 " bytes, found %zu", length,
                               elf->length);
    }
    size_t stamp = offset + offsetof(molt_note, length) - MOLT_NOTE_HEAD;
    uint64_t found = molt__checksum(elf->bytes, elf->length, stamp, SIZE);
    if (found == checksum) return true;
    return MOLT__NO_MODULE(elf, "damaged: its note has the checksum %016" PRIx64 ", the file has %016" PRIx64,
                           checksum, found);
}
