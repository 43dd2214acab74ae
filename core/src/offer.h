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

#include "clash.h"
#include "persist.h"
#include "reasons.h"
#include "wording.h"
#include "trait.h"

typedef struct molt__offer_impl {
    const char *name;                /* interned */
    molt_trait *trait;               /* NULL: refused, and the reason is noted */
    bool gone;                       /* not offered: the module had it, the plan says what that means */
    bool clashes;                    /* its trait is declared otherwise */
    uint64_t leaf;
    uint64_t buried;                 /* bit i: entry i is a tombstone, put there by the plan */
    molt_function functions[MOLT__MAX_METHODS];  /* by the slots of its trait, or of the draft of that */
    const char *other[MOLT__MAX_METHODS];    /* the signature that it has instead of the slot's; or NULL */
} molt__offer_impl;

/* A trait that the module declares with other fields or slots: see amend.h. */
typedef struct molt__amendment {
    molt_trait *current, *draft;
    molt_migrate *migrate;           /* or NULL */
} molt__amendment;

typedef struct molt__offer {
    molt_setup setup;                /* first: it is what the module sees of this */
    molt_world *world;
    const molt_module *module;
    const molt_module_info *info;
    molt__persist *states;           /* that it takes up, in force from the commit on */
    molt__offer_impl *impl;
    size_t count;
    size_t capacity;
    molt__wordings wordings;
    molt__amendment *amendments;
    size_t amendment_count;
    size_t amendment_capacity;
    bool bury;                       /* methods in use that are gone become tombstones */
    bool complete;                   /* setup ran to its end: what is not here is not there */
    molt__reasons *reasons;          /* what speaks against it */
} molt__offer;

/* Lets the module say what it provides, and adds what is unacceptable in itself to
 * the reasons. `flags` are molt_reload_flag. To be freed in either case. */
void molt__offer_collect(const molt_module *module, const molt_module_info *info, uint32_t generation, uint32_t flags,
                         molt__reasons *reasons, molt__offer *offer);

/* The implementation of that name, added, as one that is gone, when there is none.
 * NULL: no memory. */
molt__offer_impl *molt__offer_impl_of(molt__offer *offer, molt_trait *trait, const char *name);

void molt__offer_free(molt__offer *offer);

#endif
