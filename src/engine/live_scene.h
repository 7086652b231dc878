/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_LIVE_SCENE_H
#define LAB_ENGINE_LIVE_SCENE_H

#include "engine/live.h"

#define LAB_LIVE_SCENE_CPUS 8u

/*
 * The last events of a stopped run as a scenario, for a search on the deterministic engine: at most LAB_LIVE_SCENE_CPUS
 * threads, CPU 0 the one that ran into the finding, then those that had the same block in hand, then those that were
 * last at work. A thread is a task and a handler for each firing that its events know of, the oldest first. A block
 * that one of them has in hand from before its first event is an allocation at its start; what was given from outside
 * the events is an allocation too. Operations that met nothing (an empty slot, an empty mailbox) are left out. May
 * sleep.
 */
void lab_live_scene(const struct lab_live *live, struct lab_scenario *ret_scenario);

#endif
