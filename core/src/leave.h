/* leave.h: a generation's last words: the function that it wants run before it is unmapped. */
#ifndef MOLT_SRC_LEAVE_H
#define MOLT_SRC_LEAVE_H

#include "generation.h"

/* Runs it, if there is one that has not run. False: it says that the image has to
 * stay, generation->reason says why, and it is to be asked again. */
bool molt__leave_run(molt_world *world, molt__generation *generation);

#endif
