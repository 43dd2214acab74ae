/*
 * transaction.h: one module or several from one generation to the next: all or nothing.
 *
 *   stage ─ inspect ─ open ─ handshake ─ plan     for each module; every reason is noted
 *                                          │
 *                          any reason? ────┤
 *                              │           ▼
 *                              │        prepare   for all: everything that can fail
 *                              ▼           ▼
 *                           cancel      commit    for all: stores
 *                                          ▼
 *                                        retire   the images that served before
 *
 * What takes part in preparing and committing has three functions, called here:
 * prepare, which changes nothing that anyone sees and may fail; then commit, which
 * stores and cannot, or cancel, which gives back what was prepared.
 */
#ifndef MOLT_SRC_TRANSACTION_H
#define MOLT_SRC_TRANSACTION_H

#include "amend.h"
#include "module.h"
#include "plan.h"

typedef enum molt__step_kind {
    MOLT__STEP_LOAD,                 /* the first generation; `info` is there, and the image is open */
    MOLT__STEP_RELOAD,               /* what the file holds now */
    MOLT__STEP_ROLLBACK              /* what served before; `content` is there */
} molt__step_kind;

typedef struct molt__step {
    molt__step_kind kind;
    molt_module *module;
    const molt_module_info *info;
    molt__content content;
    molt__image image;
    molt__generation *next;          /* open; NULL for a module that is linked into the program */
    molt__generation *old;           /* served before */
    molt_image_fate fate;            /* of its image; module->fate says why it stays */
    molt__offer offer;
    molt__plan plan;
    size_t impls;                    /* of the module, before */
    molt__impl_change *changes;      /* in the transaction's list */
    char *version;
    bool unchanged;                  /* there is nothing to do */
    uint32_t from, slots, instances, objects, restored;
    double start, mark;
    double phase[MOLT_PHASES];
} molt__step;

typedef struct molt__transaction {
    molt_world *world;
    molt__step *step;
    size_t count;
    uint32_t flags;                  /* molt_reload_flag */
    double timeout;                  /* seconds; 0: the default */
    bool may_wait;                   /* for a quiescent point, if bodies change under native methods … */
    bool waits;                      /* … and does: nothing has changed */
    size_t traits, records;          /* of the world, before */
    molt__impl_change *changes;      /* of all steps */
    size_t change_count;
    molt__rewriting *rewritings;     /* traits that get another layout */
    size_t rewriting_room;
    molt__evolution evolution;       /* of those; `count` 0: there are none */
} molt__transaction;

/* Carries it out, or leaves everything as it was, with world->refusal for why; or
 * without an error, where it `waits`. */
int molt__transaction_run(molt__transaction *t);

/* Frees what belongs to the steps. */
void molt__transaction_free(molt__transaction *t);

#endif
