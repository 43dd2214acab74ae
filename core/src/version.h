/* version.h: versions as modules name them: "1.10.2", "2", "1.0.0-beta". */
#ifndef MOLT_SRC_VERSION_H
#define MOLT_SRC_VERSION_H

/* Below, equal to or above zero, as `a` is older than `b`, the same, or newer: number
 * by number, what is left out being zero; "1.0-beta" is older than "1.0". */
int molt__version_compare(const char *a, const char *b);

#endif
