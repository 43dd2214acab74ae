/* span.h: a stretch of address space, and what the process has mapped there. */
#ifndef MOLT_SRC_SPAN_H
#define MOLT_SRC_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct molt__span {          /* whole pages; low == high: nothing */
    uintptr_t low, high;
} molt__span;

static inline bool molt__span_holds(molt__span span, uintptr_t address)
{
    return address >= span.low && address < span.high;
}

/* The pages that `low` up to `high` lie in. */
molt__span molt__span_pages(uintptr_t low, uintptr_t high);

/* Takes the stretch so that nobody gets it, and any access to it faults. False,
 * and nothing is taken, where any of it is mapped: to take it is to look. */
bool molt__span_take(molt__span span);
void molt__span_release(molt__span span);

/* How many mappings of that file lie in the stretch, and of how many bytes. */
size_t molt__span_mappings(molt__span span, const char *file, size_t *bytes);

#endif
