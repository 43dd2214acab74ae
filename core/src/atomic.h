/*
 * atomic.h: words that workers read while the owner of the world writes them.
 *
 * The owner, who alone writes, may read them plainly. On x86 either is a plain move.
 */
#ifndef MOLT_SRC_ATOMIC_H
#define MOLT_SRC_ATOMIC_H

/* Sees what was stored before the word was. */
#define MOLT__LOAD(place) __atomic_load_n((place), __ATOMIC_ACQUIRE)

/* Shows what was stored before. */
#define MOLT__STORE(place, value) __atomic_store_n((place), (value), __ATOMIC_RELEASE)

#endif
