/* litter.h: folders of copies that processes left behind when they were killed. */
#ifndef MOLT_SRC_LITTER_H
#define MOLT_SRC_LITTER_H

/* What the name of a stage's folder begins with; the process's number follows. */
#define MOLT__LITTER_PREFIX "molt-"

/* Removes from a temp folder every folder of ours (this user's) whose lock
 * nobody holds. Never fails: what cannot be removed stays. */
void molt__litter_clear(const char *parent);

#endif
