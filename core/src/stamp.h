/*
 * stamp.h: the length and checksum of a module's file, written into its note after
 * linking by cmake/stamp.lua. A note of zeroes is no stamp: the module was linked
 * by hand, and there is nothing to compare.
 */
#ifndef MOLT_SRC_STAMP_H
#define MOLT_SRC_STAMP_H

#include <molt/handshake.h>

#include "elf_file.h"

/* `offset` is where in the file the note's content begins, with its `abi`. False,
 * with a reason, when the file is not as it was stamped. */
bool molt__stamp_check(const molt__elf *elf, const molt_note *note, size_t offset);

#endif
