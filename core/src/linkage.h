/*
 * linkage.h: what an image wants of others: libraries, and symbols that they have.
 *
 * Asked of the loader itself, which opens nothing for it. A library that is there
 * and not loaded yet is not loaded to look into it, since its constructors would
 * run: then only the loader can tell whether a symbol is missing, and does.
 */
#ifndef MOLT_SRC_LINKAGE_H
#define MOLT_SRC_LINKAGE_H

#include "dynamic.h"

/* Adds a reason for each library that is not to be found, and one that names every
 * symbol that nobody provides. Never refuses what dlopen would take. */
void molt__linkage_check(const molt__dynamic *dynamic);

#endif
