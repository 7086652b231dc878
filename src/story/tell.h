/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_TELL_H
#define LAB_STORY_TELL_H

#include "engine/sim.h"
#include "symbols/symbols.h"

/* What a step says in words. symbols: of the target's file, or NULL. Texts are cut to fit and always terminated. */

/* "zone normal budget", "heap+0x40" */
void lab_tell_word(const struct lab_sim_step *step, struct lab_symbols *symbols, char *text, size_t room);
/* A value as people read that kind of word: "33", "0xff00", "hardirq rx #2". */
void lab_tell_value(const struct lab_scenario *scenario, enum lab_word kind, uint64_t value, char *text, size_t room);
/* "reads zone normal budget: 33", "writes zone normal budget: 33 → 32" */
void lab_tell_access(const struct lab_scenario *scenario, const struct lab_sim_step *step, struct lab_symbols *symbols,
		     char *text, size_t room);
/* "takes the lock (spin_lock)"; false: a service that means nothing to other contexts. */
bool lab_tell_service(const struct lab_sim_step *step, struct lab_symbols *symbols, char *text, size_t room);
/* "hardirq rx" */
void lab_tell_context(const struct lab_scenario *scenario, unsigned context, char *text, size_t room);

#endif
