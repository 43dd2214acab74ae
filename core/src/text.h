/*
 * text.h: the memory behind string fields.
 *
 *   block                          text
 *   ┌──────────────┐               ┌────────────────┬──────────────┬───┐
 *   │ text, length │ ────────────▶ │ list of texts  │ bytes …      │ 0 │
 *   └──────────────┘               └────────────────┴──────────────┴───┘
 *
 * A text that was written into a field belongs to that one field, wherever a
 * change of layout takes it. A default's is shared by every block that shows it,
 * and lasts as long as the world: so making an object, which copies an image,
 * counts nothing. The empty text is nobody's.
 */
#ifndef MOLT_SRC_TEXT_H
#define MOLT_SRC_TEXT_H

#include <molt/base.h>

typedef struct molt__text molt__text;

/* Puts a copy of the bytes into a molt_string, whose former content is not looked
 * at. MOLT_ERR_MEMORY, and nothing has changed. */
int molt__text_own(molt_world *world, const char *bytes, size_t length, void *string);
int molt__text_share(molt_world *world, const char *bytes, size_t length, void *string);

/* The field lets its text go: C may look at it until the tick. */
void molt__text_release(molt_world *world, const void *string);

/* What was let go by now leaves: it is to be freed next. */
void molt__texts_leave(molt_world *world);

/* Frees what C may look at no more; at the end of the world, all. */
void molt__texts_flush(molt_world *world);
void molt__texts_free(molt_world *world);

#endif
