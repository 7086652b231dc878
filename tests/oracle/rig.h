/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_RIG_H
#define LAB_TESTS_RIG_H

#include "oracle/oracle.h"
#include "tests/target/fixture.h"

#define LAB_RIG_FINDINGS 16u

/* What an engine does, in small: calls into a target with the oracle around them, and the findings that came of it. */
struct lab_rig {
	struct lab_fixture fixture;
	const struct lab_target *target;
	void *self;
	struct lab_oracle *oracle;
	struct lab_finding findings[LAB_RIG_FINDINGS];
	unsigned finding_count;
	uint64_t generation;
};

struct lab_rig_block {
	void *block;
	struct lab_request request;
};

#define LAB_RIG_ACTORS 3u /* "task a", "task b", "hardirq rx" */

/* A machine of a DMA span 0+16 and NORMAL spans 16+40 and 60+20; min 8 in NORMAL, 4 in DMA, lowmem reserve 2. */
void lab_rig_start(struct lab_rig *rig, const struct lab_target *target);
/* The same with an oracle that knows that there is one thread. */
void lab_rig_start_alone(struct lab_rig *rig, const struct lab_target *target);
void lab_rig_stop(struct lab_rig *rig);

/* As the context of that index. */
enum lab_status lab_rig_alloc(struct lab_rig *rig, unsigned actor, lab_gfp gfp, unsigned order,
			      struct lab_rig_block *ret_block);
enum lab_status lab_rig_free(struct lab_rig *rig, unsigned actor, const struct lab_rig_block *block);
enum lab_status lab_rig_misuse(struct lab_rig *rig, unsigned actor, enum lab_misuse misuse, void *block,
			       const struct lab_request *shown);
enum lab_status lab_rig_map(struct lab_rig *rig, unsigned actor, const struct lab_rig_block *block);
enum lab_status lab_rig_unmap(struct lab_rig *rig, unsigned actor, const struct lab_rig_block *block);
enum lab_status lab_rig_give(struct lab_rig *rig, unsigned actor, unsigned receiver, struct lab_rig_block *block);
void lab_rig_touch(struct lab_rig *rig, unsigned actor, const struct lab_rig_block *block);

#endif
