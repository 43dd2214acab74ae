/* checksum.h: 64 bits that say whether two files have the same bytes. Not a secret
 * one: it is against accidents. A change inside one word of eight bytes never goes
 * unseen. cmake/stamp.lua computes the same. */
#ifndef MOLT_SRC_CHECKSUM_H
#define MOLT_SRC_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* `hole_size` bytes at `hole` count as zeroes: where the checksum itself is kept. */
uint64_t molt__checksum(const unsigned char *bytes, size_t length, size_t hole, size_t hole_size);

#endif
