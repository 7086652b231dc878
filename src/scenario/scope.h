/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_SCOPE_H
#define LAB_SCENARIO_SCOPE_H

#include "scenario/scenario.h"

/*
 * What a target has a use for. What it does not offer makes scenarios longer and says nothing; what it promises beyond
 * the usual is a theme, which some scenarios turn on.
 */
struct lab_theme {
	uint32_t ops; /* a bit for each kind of operation */
	lab_gfp flags;
};
#define LAB_THEME_MAX 9u

struct lab_scope {
	uint32_t ops; /* that are done at all */
	struct lab_theme themes[LAB_THEME_MAX];
	unsigned theme_count;
	bool interrupts, nmi; /* come in while its calls are under way */
	bool marks;           /* it heeds watermarks */
	bool deaths;          /* its processes may be killed */
	bool reclaims;        /* there is a reclaimer beside the scenario's contexts */
};

/* Of a target's promises and its table; NULL: of one that offers everything. */
struct lab_scope lab_scope_of(const struct lab_target *target);

#endif
