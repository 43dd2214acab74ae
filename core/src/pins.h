/* pins.h: why the dynamic loader keeps an image that was closed. */
#ifndef MOLT_SRC_PINS_H
#define MOLT_SRC_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

enum { MOLT__PIN_TEXT = 256 };

/* Is the image of that name gone, from the loader's list and from the memory map?
 * Then `taken` says whether its stretch is now ours, to be released. */
bool molt__pins_gone(const char *copy, molt__span span, bool *taken);

/* Says why, and what it costs. False: that may pass, and the image with it; true:
 * it stays for good. */
bool molt__pins_explain(const char *copy, molt__span span, char *text, size_t size);

#endif
