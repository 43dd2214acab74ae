/*
 * offer.h: what a module's setup says that it provides.
 *
 * Setup only collects. Nothing that it offers reaches the world before the whole
 * of it has been looked at; the traits that it declares are the exception, and
 * harmless: nothing uses a trait that nobody knows.
 */
#ifndef MOLT_SRC_OFFER_H
#define MOLT_SRC_OFFER_H

#include <molt/handshake.h>

#include "reasons.h"
#include "trait.h"

typedef struct molt__offer_impl {
    const char *name;                /* interned */
    molt_trait *trait;               /* NULL: refused, and the reason is noted */
    uint64_t leaf;
    molt_function functions[MOLT__MAX_METHODS];
} molt__offer_impl;

typedef struct molt__offer {
    molt_setup setup;                /* first: it is what the module sees of this */
    molt_world *world;
    molt__offer_impl *impl;
    size_t count;
    size_t capacity;
    bool complete;                   /* setup ran to its end: what is not here is not there */
    molt__reasons *reasons;          /* what speaks against it */
} molt__offer;

/* Lets the module say what it provides, and adds what is unacceptable in itself to
 * the reasons. To be freed in either case. */
void molt__offer_collect(molt_world *world, const molt_module_info *info, const char *file, uint32_t generation,
                         molt__reasons *reasons, molt__offer *offer);

const molt__offer_impl *molt__offer_find(const molt__offer *offer, const char *name);

void molt__offer_free(molt__offer *offer);

#endif
