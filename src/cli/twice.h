/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_TWICE_H
#define LAB_CLI_TWICE_H

#include "engine/isolate.h"

/* R17: a test case whose runs differ, though nothing of ours does. */
struct lab_twice {
	struct lab_isolate *isolate;
	struct lab_sim *sim;
	const struct lab_scenario *scenario;
	const struct lab_choices *choices; /* NULL: the scenario's own schedule */
	bool sequential;
};

/*
 * Runs it a few times more in a child, each event told, until one run differs from the first: the finding's detail is
 * the first event that does. Where none differs any more it has the two event hashes that did.
 */
void lab_twice_tell(const struct lab_twice *twice, uint64_t first_hash, uint64_t other_hash,
		    struct lab_finding *ret_finding);

#endif
