/*
 * amend.h: a module that is reloaded declares its traits with other fields or methods.
 *
 *   offer ── amendments[] ──▶ { trait, draft, migrate }     noted while setup runs
 *   plan                      what speaks against each       nothing has changed
 *   transaction ─▶ evolution (evolve.h) of all of them, native functions included
 *
 * A method in use that the text does not declare, or not as it was, keeps a slot where a
 * tombstone is to stand: the draft declares what the text does, and that one as it was.
 *
 *   the trait    double range(double)    int32_t wheels()
 *   the text     int32_t wheels()        double bell()
 *   the draft    int32_t wheels()        double bell()     double range(double)
 *
 * The text's own slots are the draft's first, so that its handles are the draft's.
 *
 * A trait that Lua declared first is Lua's to change. One that several modules
 * declare changes when all of them change in one batch.
 */
#ifndef MOLT_SRC_AMEND_H
#define MOLT_SRC_AMEND_H

#include "evolve.h"
#include "offer.h"

/* The draft that the offer has for a trait; NULL: the trait stays as it is. */
molt_trait *molt__amend_draft(const molt__offer *offer, const molt_trait *trait);

/* Would the text move memory under C code, in a trait that is native code's own? Or does
 * the trait keep a slot for a tombstone that nobody meets any more? */
bool molt__amend_wanted(const molt__offer *offer, molt_trait *trait, molt_trait_text *text);

/* Notes that the trait is to be what the text says; `clash` is how the text differs
 * from the draft. NULL with a reason noted. */
molt_trait *molt__amend_note(molt__offer *offer, molt_trait *trait, molt_trait_text *text, molt__clash *clash);

/* What speaks against the offer's amendments. */
void molt__amend_reasons(const molt__offer *offer);

/* One list of the amendments of several offers, for an evolution; made by the world's
 * allocator, `*count` of them. NULL with an error: no memory, or one module declares
 * otherwise than another. */
molt__rewriting *molt__amend_gather(molt_world *world, molt__offer *const *offers, size_t offer_count, size_t *count);

/* Drops the drafts, too, that have not become what counts. */
void molt__amend_free(molt__offer *offer);

#endif
