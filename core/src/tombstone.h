/*
 * tombstone.h: what stands in a slot whose native method is gone.
 *
 *   slot ─▶ tombstone ─▶ pending error "motorcycle.Vehicle:range was double
 *                        range(double load) and is gone since generation 8"; zero
 *
 * It is a native function like any other, so that Lua, C, traces compiled before
 * and threads meet it by the ways that they have anyway. An implementation keeps
 * one for each method that ever needed it: a call may be on its way to it.
 */
#ifndef MOLT_SRC_TOMBSTONE_H
#define MOLT_SRC_TOMBSTONE_H

#include "impl.h"

struct molt__method;

/* The tombstone of a method, which generation `since` puts into its slot; 0: it is
 * there already. NULL: no memory. */
molt_function molt__tombstone(molt_impl *impl, struct molt__method *method, uint32_t since);

/* Where such a definition comes from: "motorcycle, gone since generation 8". */
void molt__tombstone_where(const molt_impl *impl, const struct molt__method *method, char *text, size_t size);

/* "double range(double load)": with the names that canonical texts leave out. */
void molt__tombstone_signature(const struct molt__method *method, char *text, size_t size);

void molt__tombstones_free(molt_impl *impl);

#endif
