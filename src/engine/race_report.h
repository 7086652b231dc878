/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_RACE_REPORT_H
#define LAB_ENGINE_RACE_REPORT_H

#include <stdbool.h>

struct lab_sim;

/* What the runtime reports, as findings of R11: the first of a run. */

/* Reports what the last access was told of, if anything, and then does not return: the run is over. */
void lab_race_report_judge(struct lab_sim *sim);
/* At a run's end: true if there was a report. */
bool lab_race_report_forget(void);
/* An address that stands on the runtime's stack of calls for a context. */
void *lab_race_report_mark(unsigned context);

#endif
