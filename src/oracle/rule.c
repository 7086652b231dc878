/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/rule.h"

#include <stddef.h>
#include <string.h>

#include <labyrinth/target.h>

#include "base/bits.h"

static const struct lab_rule_info rules[] = {
	{"R00", "crash", "no crash, no sanitizer report other than a race", 0, 1},
	{"R01", "double-ownership", "a frame has one owner at a time", 0, 1},
	{"R02", "misuse", "misuse is refused with its status and changes nothing", LAB_CAP_OWNERSHIP, 1},
	{"R03", "reserve-floor", "a request leaves its class's floor free", LAB_CAP_RESERVE, 1},
	{"R04", "conservation", "at quiescence every frame can be had again, once", LAB_CAP_ARENA, 1},
	{"R05", "placement", "a block lies in one span of an allowed zone, aligned to its size", 0, 1},
	{"R06", "coalescing", "at quiescence the greatest blocks can be had again", LAB_CAP_COALESCE, 1},
	{"R07", "atomic-sleep", "an atomic request or an interrupt never sleeps", LAB_CAP_IRQ, 1},
	{"R08", "interrupt-safety", "no deadlock with what was interrupted", 0, 1},
	{"R09", "progress", "every call ends and some context always moves", 0, 1},
	{"R10", "spurious-failure", "no failure while enough frames are free; nofail never fails",
	 LAB_CAP_EXACT | LAB_CAP_BLOCKING, 1},
	{"R11", "isolation", "an owner's bytes are its own, and every hand-over is ordered", 0, 1},
	{"R12", "release", "what was shredded or is asked zeroed holds nothing of the last owner",
	 LAB_CAP_SHRED | LAB_CAP_ZERO, 1},
	{"R13", "reclaim", "the reclaimer wakes and rests at its marks", LAB_CAP_RECLAIM, 1},
	{"R14", "accounting", "at quiescence the target's own counts agree", 0, 1},
	{"R15", "exclusive-view", "an exclusive block has at most one view, and none after release",
	 LAB_CAP_EXCLUSIVE_MAP, 1},
	{"R16", "owner-death", "a killed owner blocks no one and loses no frame", LAB_CAP_DEATH, 1},
	{"R17", "determinism", "the same test case is the same run, twice", 0, 1},
	{"R18", "linearizability", "calls that overlap have an order in which each is right", LAB_CAP_ARENA, 1},
};

_Static_assert(LAB_ARRAY_COUNT(rules) == LAB_RULE_COUNT, "every rule is in the table");

const struct lab_rule_info *lab_rule_info(enum lab_rule rule)
{
	return &rules[rule];
}

enum lab_rule lab_rule_by_id(const char *id)
{
	for (unsigned rule = 0; rule < LAB_RULE_COUNT; rule++)
		if (strcmp(rules[rule].id, id) == 0)
			return rule;
	return LAB_RULE_COUNT;
}
