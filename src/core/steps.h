/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_STEPS_H
#define LAB_CORE_STEPS_H

/* What bounds the loops of an atomic request that go neither over CPUs nor over chunks or slots: see steps.c. */

/* How many chunks are compared before one is broken: their states lie on two or three lines. */
#define LAB_SEARCH_WINDOW 16u
/* Frames of an admitted request that are not found are on their way: an overlapping call holds them. */
#define LAB_SEARCH_ROUNDS 3u
/* Looks at a closed gate, and one more for each chunk: longer than a reaper that is let run needs for one of its own.
 */
#define LAB_GATE_LOOKS 512u

#endif
