/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_RULE_H
#define LAB_ORACLE_RULE_H

#include <stdint.h>

/* The invariants; their ids are printed in findings and never renumbered. docs/invariants.md has each formula. */
enum lab_rule {
	LAB_R00_CRASH,
	LAB_R01_EXCLUSIVE_OWNERSHIP,
	LAB_R02_MISUSE,
	LAB_R03_RESERVE_FLOOR,
	LAB_R04_CONSERVATION,
	LAB_R05_PLACEMENT,
	LAB_R06_COALESCING,
	LAB_R07_ATOMIC_SLEEP,
	LAB_R08_INTERRUPT_SAFETY,
	LAB_R09_PROGRESS,
	LAB_R10_SPURIOUS_FAILURE,
	LAB_R11_ISOLATION,
	LAB_R12_RELEASE,
	LAB_R13_RECLAIM,
	LAB_R14_ACCOUNTING,
	LAB_R15_EXCLUSIVE_VIEW,
	LAB_R16_OWNER_DEATH,
	LAB_R17_DETERMINISM,
	LAB_R18_LINEARIZABILITY,
	LAB_RULE_COUNT
};

struct lab_rule_info {
	char id[4];          /* "R01" */
	const char *slug;    /* "double-ownership" */
	const char *summary; /* one line */
	uint64_t caps;       /* applies when the target claims one of these; 0: always */
	int judged;          /* 0: the id is reserved, no engine of this version judges it */
};

const struct lab_rule_info *lab_rule_info(enum lab_rule rule);
/* The rule with that id ("R01"), or LAB_RULE_COUNT. */
enum lab_rule lab_rule_by_id(const char *id);

#endif
