/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STRESS_PLUG_BACKING_H
#define LAB_STRESS_PLUG_BACKING_H

#include <labyrinth/present.h>

#include "stress/workload.h"

/*
 * What `plug` is run over: a machine whose spans' backing goes and comes (<labyrinth/present.h>). A span that is not
 * there is unreadable, so a look without a grace period, and a frame handed out of it, is a crash.
 */
LAB_MUST_USE enum lab_status lab_plug_open(const struct lab_machine *machine, struct lab_workload_shared *shared);
void lab_plug_close(struct lab_workload_shared *shared);
/* As struct lab_live_config's memory; arg: the shared words. */
void lab_plug_move(void *arg, unsigned span, bool comes);

/* Reads a word of each frame that is there. The number is of no use but to be used. */
uint64_t lab_plug_walk(struct lab_workload_shared *shared, unsigned page_shift);

#endif
