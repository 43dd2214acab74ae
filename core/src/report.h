/* report.h: what became of a step of a transaction, for programs and in one line. */
#ifndef MOLT_SRC_REPORT_H
#define MOLT_SRC_REPORT_H

#include "transaction.h"

/* Refuses a report or options whose size is another library's. Each may be NULL. */
int molt__report_check(molt_world *world, const molt_reload_options *options, const molt_reload_report *report);

/* Tells what was done, in the log and in `report`, which may be NULL. */
void molt__report_done(molt__step *s, molt_reload_report *report);

/* Tells that nothing was done, and why. */
void molt__report_refused(const molt__step *s, molt_reload_report *report);

#endif
