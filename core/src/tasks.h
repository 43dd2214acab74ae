/*
 * tasks.h: threads that nobody registered, seen from outside.
 *
 * A thread that a module started and did not join runs in its image, or will return
 * into it. The kernel tells where each thread that sleeps does so; its stack, from
 * there up, holds every address that it will return to. A word that only looks like
 * one holds the image until the next tick, no more. A thread that never sleeps is
 * not seen: it has to be joined, or registered.
 */
#ifndef MOLT_SRC_TASKS_H
#define MOLT_SRC_TASKS_H

#include <molt/base.h>

#include "span.h"

/* Has another thread of the process, no worker of the world, an address of the
 * stretch on its stack? Then `text` names it. Without other threads this is one
 * look at a folder. */
bool molt__tasks_inside(molt_world *world, molt__span span, char *text, size_t size);

#endif
