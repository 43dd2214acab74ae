/*
 * stays.h: why an image, once mapped, would never be unmapped. Known before it is
 * opened, so that nobody waits for it:
 *
 *   -z nodelete            a flag in its dynamic section
 *   STB_GNU_UNIQUE         a symbol that the loader keeps one of, for the process
 *   TLS destructors        it asks the C library to run them when a thread ends:
 *                          the image stays as long as one waits to run
 */
#ifndef MOLT_SRC_STAYS_H
#define MOLT_SRC_STAYS_H

#include "dynamic.h"

enum { MOLT__STAYS_TEXT = 256 };

/* All that holds of it, separated by "; ", or "". */
void molt__stays_explain(const molt__dynamic *dynamic, char text[MOLT__STAYS_TEXT]);

#endif
