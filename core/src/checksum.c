#include "checksum.h"

#include <stdbool.h>
#include <string.h>

/* Four lanes, since each step waits for the multiplication of the one before:
 * word i of the file goes to lane i % 4. */
enum { LANES = 4, WORD = sizeof(uint64_t), BLOCK = LANES * WORD };

static const uint64_t factor = 0x9E3779B97F4A7C15u;

static inline uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * factor;
    return sum ^ sum >> 32;
}

static void mix_block(uint64_t *lanes, const unsigned char *bytes)
{
    for (size_t i = 0; i < LANES; i++) {
        uint64_t word;
        memcpy(&word, bytes + i * WORD, WORD);
        lanes[i] = mix(lanes[i], word);
    }
}

/* A block that the file's end or the hole cuts into. */
static void mix_part(uint64_t *lanes, const unsigned char *bytes, size_t at, size_t length, size_t hole,
                     size_t hole_size)
{
    unsigned char block[BLOCK] = { 0 };
    size_t size = length - at < BLOCK ? length - at : BLOCK;
    for (size_t i = 0; i < size; i++) {
        bool in_hole = at + i >= hole && at + i - hole < hole_size;
        if (!in_hole) block[i] = bytes[at + i];
    }
    mix_block(lanes, block);
}

uint64_t molt__checksum(const unsigned char *bytes, size_t length, size_t hole, size_t hole_size)
{
    uint64_t lanes[LANES] = { 1, 2, 3, 4 };
    for (size_t at = 0; at < length; at += BLOCK) {
        bool touches = hole_size && at < hole + hole_size && at + BLOCK > hole;
        if (touches || length - at < BLOCK) mix_part(lanes, bytes, at, length, hole, hole_size);
        else mix_block(lanes, bytes + at);
    }
    uint64_t sum = length * factor;
    for (size_t i = 0; i < LANES; i++) sum = mix(sum, lanes[i]);
    return sum;
}
