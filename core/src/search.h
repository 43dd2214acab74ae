/* search.h: from a module's name to its file. */
#ifndef MOLT_SRC_SEARCH_H
#define MOLT_SRC_SEARCH_H

#include <molt/base.h>

/* The path a world begins with: "." and $MOLT_PATH. */
char *molt__search_default(molt_world *world);

/* The absolute path of the file that `name` stands for. A name without a slash is
 * searched along the world's path. NULL: the error says where it was looked for.
 * The last part is kept as it is: a symbolic link may lead elsewhere tomorrow. */
char *molt__search(molt_world *world, const char *name);

#endif
