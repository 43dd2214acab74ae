/*
 * probe.h: code that may crash, exit or loop runs in a child first.
 *
 *   world                         child: a fork, with a private copy of everything
 *     fork ─────────────────────▶ opens the copy, runs its constructors     ┐ a byte
 *     reads the pipe, with a      its entry function, its setup,            │ for each
 *     time limit                  its destructors                          ┘ step
 *     ◀──────────────────────────  ends by _exit
 *
 * A child that ends before its last byte says by the missing step and by its
 * status what went wrong, and the module is refused before it ran here. What it
 * did shows nowhere: its descriptors are closed, its memory is a copy, its log is
 * silent, and the host's atexit functions never run in it. What setup returns does
 * not count; it is asked again in earnest.
 *
 * Other threads do not exist in the child. The C library hands its own locks over
 * in a forked child; a lock of the host's that another thread held at that moment
 * stays held. A child that hangs before it has touched the module is tried again.
 *
 * A probe shows crashes. Code that only overwrites what is not its own goes unseen.
 */
#ifndef MOLT_SRC_PROBE_H
#define MOLT_SRC_PROBE_H

#include "generation.h"

/* Does this world, or this reload, want probes? `flags` are molt_reload_flag. */
bool molt__probe_wanted(const molt_world *world, uint32_t flags);

/* MOLT_ERR_MODULE: "crashed with SIGSEGV in a constructor" and the like. MOLT_OK
 * too when the child could not open it: the loader's own words are wanted for that. */
int molt__probe(const molt__opening *opening, const char *copy);

/* ---- Between the two halves ----------------------------------------------- */

enum molt__probe_step {              /* as they are written to the pipe, in this order */
    MOLT__PROBE_NONE = 0,
    MOLT__PROBE_READY = 'r',         /* nothing of the module has run */
    MOLT__PROBE_OPENED = 'o',        /* its constructors have returned */
    MOLT__PROBE_ENTERED = 'e',
    MOLT__PROBE_SET_UP = 's',
    MOLT__PROBE_DONE = 'd',          /* its destructors have returned; or it cannot be opened */
    MOLT__PROBE_EXIT = 'x'           /* it called exit(); the status is in the next byte */
};

/* What the child does; never returns. */
_Noreturn void molt__probe_child(const molt__opening *opening, const char *copy, int out);

#endif
