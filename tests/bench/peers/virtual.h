/* virtual.h: the peers of a call from C: a C++ virtual method, a GObject interface. */
#ifndef MOLT_BENCH_VIRTUAL_H
#define MOLT_BENCH_VIRTUAL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `count` objects, and one call of each of them; the sum of what they answered. */
void *virtual_objects(size_t count);
double virtual_round(void *objects, size_t count, double dt);

void *gobject_objects(size_t count);
double gobject_round(void *objects, size_t count, double dt);

#ifdef __cplusplus
}
#endif

#endif
