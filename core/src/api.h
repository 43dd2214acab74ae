/* api.h: the functions that native modules are given. */
#ifndef MOLT_SRC_API_H
#define MOLT_SRC_API_H

#include <molt/handshake.h>

/* The same for every world: each function finds the world by its argument. */
extern const molt_api molt__api_table;

#endif
