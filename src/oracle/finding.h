/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_FINDING_H
#define LAB_ORACLE_FINDING_H

#include <stdint.h>

#include "oracle/rule.h"

#define LAB_FINDING_NO_ACTOR UINT32_MAX /* found at quiescence, by nobody's call */

/* A rule that was broken: a value. The caller decides whether to stop, shrink or go on. */
struct lab_finding {
	enum lab_rule rule;
	unsigned actor; /* context index of the one that ran into it, or LAB_FINDING_NO_ACTOR */
	uint64_t frame; /* of the block, as lab_oracle_finding_frame has it; or UINT64_MAX */
	unsigned order;
	char detail[256]; /* "block=frame 64 order 0 owners=task stack, hardirq rx"; one line, no trailing dot */
};

#endif
