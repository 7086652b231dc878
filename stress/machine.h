/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STRESS_MACHINE_H
#define LAB_STRESS_MACHINE_H

#include "scenario/scenario.h"

#define LAB_STRESS_FRAMES_MIN 1024u
#define LAB_STRESS_FRAMES_MAX (1u << 24)

/* The min watermark that Linux gives a machine of so many 4 KiB frames: min_free_kbytes, in frames. */
uint64_t lab_stress_default_min(uint64_t frames);

/*
 * A maze of `frames` frames: an eighth in the DMA zone, the rest NORMAL, each in three spans with holes of an odd size
 * between. min, low and high are shared out by the zones' size; DMA frames are reserved against NORMAL requests at
 * Linux's ratio.
 */
void lab_stress_machine(uint64_t frames, uint64_t min, unsigned cpus, struct lab_scenario_machine *ret_machine);

#endif
