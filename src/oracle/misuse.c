/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/bits.h"
#include "oracle/state.h"

#define BIT(status) (1u << (status))

/* What a free of a frame of the census may be answered, whatever its state. */
#define ANY_STATE (BIT(LAB_NOT_ALLOCATED) | BIT(LAB_NOT_HEAD) | BIT(LAB_WRONG_OWNER))

static const char *const misuse_names[] = {"double-free", "foreign-free", "wrong-order", "wild-free", "second-view"};

_Static_assert(LAB_ARRAY_COUNT(misuse_names) == LAB_MISUSE_COUNT, "every misuse has a name");

void lab_oracle_misuse_begin(struct lab_oracle *oracle, struct lab_call *call, unsigned actor, void *self,
			     const struct lab_request *shown)
{
	lab_oracle_call_begin(oracle, call, LAB_CALL_MISUSE, actor, shown);
	call->free_before = oracle->target->free_frames ? oracle->target->free_frames(self) : 0;
}

/*
 * The answers that are right for a free of an address with a token that owns nothing there. Calls that overlap may
 * change the frame's state meanwhile, and so any of its states may be told; the address itself stays good or bad.
 */
static unsigned expected_of_address(const struct lab_oracle *oracle, const struct lab_call *call, const void *block,
				    bool alone)
{
	uint64_t frame = lab_shadow_frame(&oracle->shadow, block);
	struct lab_cell *cell = lab_shadow_find(&oracle->shadow, frame);

	if (!oracle->arena)
		return ANY_STATE | BIT(LAB_BAD_ADDRESS);
	if (!cell || !lab_shadow_is_frame_aligned(&oracle->shadow, block) || !lab_oracle_span(oracle, frame))
		return BIT(LAB_BAD_ADDRESS);
	if (!oracle->census[frame]) /* the target's own frame: no longer memory that it hands out */
		return ANY_STATE | BIT(LAB_BAD_ADDRESS);
	/* A span that goes or comes meanwhile is one thing and the other. */
	if (lab_load_relaxed(&oracle->memory_version) != call->memory_at_start || call->memory_at_start % 2)
		return ANY_STATE | BIT(LAB_BAD_ADDRESS);
	if (lab_oracle_is_absent(oracle, frame))
		return BIT(LAB_BAD_ADDRESS);
	if (!alone)
		return ANY_STATE;
	if (lab_load_relaxed(&cell->owner) == LAB_OWNER_NONE)
		return BIT(LAB_NOT_ALLOCATED);
	return lab_load_relaxed(&cell->facts) & LAB_CELL_HEAD ? BIT(LAB_WRONG_OWNER) : BIT(LAB_NOT_HEAD);
}

static unsigned expected_of(const struct lab_oracle *oracle, const struct lab_call *call, enum lab_misuse misuse,
			    const void *block, bool alone)
{
	switch (misuse) {
	case LAB_MISUSE_FOREIGN:
		return BIT(LAB_WRONG_OWNER);
	case LAB_MISUSE_WRONG_ORDER:
		return BIT(LAB_WRONG_ORDER);
	case LAB_MISUSE_SECOND_VIEW:
		return BIT(LAB_BUSY);
	default:
		return expected_of_address(oracle, call, block, alone);
	}
}

static void report_status(struct lab_oracle *oracle, const struct lab_call *call, enum lab_misuse misuse,
			  const void *block, enum lab_status status, unsigned expected)
{
	struct lab_cell *cell = lab_shadow_find(&oracle->shadow, lab_shadow_frame(&oracle->shadow, block));
	lab_owner owner = cell ? lab_load_relaxed(&cell->owner) : LAB_OWNER_NONE;
	char statuses[64] = "";
	size_t used = 0;

	for (unsigned i = 0; i < LAB_STATUS_COUNT && used < sizeof(statuses); i++)
		if (expected & BIT(i))
			used += (size_t)snprintf(statuses + used, sizeof(statuses) - used, "%s%s", used ? "|" : "",
						 lab_status_name(i));
	lab_oracle_report(
		oracle, misuse == LAB_MISUSE_SECOND_VIEW && status == LAB_OK ? LAB_R15_EXCLUSIVE_VIEW : LAB_R02_MISUSE,
		call->actor, lab_oracle_finding_frame(oracle, block), call->request.order,
		"block=%s %s answered %s, expected %s owners=%s, %s",
		lab_oracle_block_text(oracle, block, call->request.order).text, misuse_names[misuse],
		lab_status_name(status), statuses, lab_oracle_owner_name(oracle, owner),
		oracle->config.actor_name(oracle->config.arg, call->actor));
}

void lab_oracle_misuse_end(struct lab_oracle *oracle, struct lab_call *call, void *self, enum lab_misuse misuse,
			   void *block, enum lab_status status)
{
	enum lab_rule rule = misuse == LAB_MISUSE_SECOND_VIEW ? LAB_R15_EXCLUSIVE_VIEW : LAB_R02_MISUSE;
	bool alone = lab_oracle_call_alone(oracle, call);
	unsigned expected = expected_of(oracle, call, misuse, block, alone);
	uint64_t free_now;

	/* Asked again: a call that began since, in an interrupt just here, may have changed what was looked at. */
	if (alone && !lab_oracle_call_alone(oracle, call)) {
		alone = false;
		expected = expected_of(oracle, call, misuse, block, alone);
	}
	if (lab_oracle_applies(oracle, rule)) {
		free_now = oracle->target->free_frames ? oracle->target->free_frames(self) : 0;
		if (!((unsigned)status < LAB_STATUS_COUNT && expected & BIT(status)))
			report_status(oracle, call, misuse, block, status, expected);
		/* Asked again, since the count itself took time. */
		else if (free_now != call->free_before && alone && lab_oracle_call_alone(oracle, call))
			lab_oracle_report(oracle, LAB_R02_MISUSE, call->actor, lab_oracle_finding_frame(oracle, block),
					  call->request.order,
					  "block=%s %s was refused but changed free_frames from %llu to %llu owners=%s",
					  lab_oracle_block_text(oracle, block, call->request.order).text,
					  misuse_names[misuse], (unsigned long long)call->free_before,
					  (unsigned long long)free_now,
					  oracle->config.actor_name(oracle->config.arg, call->actor));
	}
	lab_oracle_order_stray(oracle, call,
			       misuse == LAB_MISUSE_DOUBLE_FREE || misuse == LAB_MISUSE_WILD ? block : NULL, status);
	lab_oracle_call_end(oracle, call);
}
