/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "oracle/state.h"

/*
 * Writes of the target's own code into the arena, told at each. Legitimate are those into frames that nobody owns: what
 * it keeps in free memory, zeroing before alloc returns, shredding after free began. The shadow calls a frame owned
 * only while it is, so that a write there changes what the owner was promised. Reads are not judged: a lock-free list
 * looks into frames that another took meanwhile, and throws away what it saw.
 */

/* The first frame written that is not the target's to write. */
static bool is_trespass(const struct lab_oracle *oracle, uint64_t frame, struct lab_trespass *ret_trespass)
{
	struct lab_cell *cell = lab_shadow_find(&oracle->shadow, frame);
	lab_owner owner = cell ? lab_load_relaxed(&cell->owner) : LAB_OWNER_NONE;

	if (!cell || (owner == LAB_OWNER_NONE && (oracle->census[frame] || lab_oracle_span(oracle, frame))))
		return false;
	*ret_trespass = (struct lab_trespass){.is = true, .frame = frame, .owner = owner};
	return true;
}

static void report(struct lab_oracle *oracle, const struct lab_call *call, unsigned actor,
		   const struct lab_trespass *trespass)
{
	bool refused = call && call->kind == LAB_CALL_MISUSE;
	char code[40] = "";

	if (trespass->code)
		snprintf(code, sizeof(code), " by code 0x%" PRIxPTR, trespass->code);
	if (trespass->owner == LAB_OWNER_NONE)
		lab_oracle_report(oracle, LAB_R11_ISOLATION, actor, trespass->frame, 0,
				  "block=frame %" PRIu64 " order 0 lies in a hole and was written%s owners=nobody, %s",
				  trespass->frame, code, oracle->config.actor_name(oracle->config.arg, actor));
	else
		lab_oracle_report(oracle, refused ? LAB_R02_MISUSE : LAB_R11_ISOLATION, actor, trespass->frame, 0,
				  "block=frame %" PRIu64 " order 0 was written%s%s owners=%s, %s", trespass->frame,
				  code, refused ? " in a call that must change nothing" : " while owned",
				  lab_oracle_owner_name(oracle, trespass->owner),
				  oracle->config.actor_name(oracle->config.arg, actor));
}

void lab_oracle_written(struct lab_oracle *oracle, unsigned actor, const void *address, size_t bytes, uintptr_t code)
{
	const char *last = (const char *)address + bytes - 1;
	struct lab_call *call = oracle->open;
	struct lab_trespass trespass;

	if (!is_trespass(oracle, lab_shadow_frame(&oracle->shadow, address), &trespass) &&
	    !is_trespass(oracle, lab_shadow_frame(&oracle->shadow, last), &trespass))
		return;
	while (call && actor != LAB_FINDING_NO_ACTOR && call->actor != actor)
		call = call->outer;
	if (!call && actor == LAB_FINDING_NO_ACTOR)
		return; /* the oracle's own calls: the rules of quiescence tell more */
	trespass.code = code;
	if (!call || call->kind != LAB_CALL_ALLOC)
		report(oracle, call, call ? call->actor : actor, &trespass);
	else if (!call->trespass.is)
		call->trespass = trespass;
}

void lab_oracle_judge_trespass(struct lab_oracle *oracle, const struct lab_call *call, const void *block)
{
	uint64_t first = lab_shadow_frame(&oracle->shadow, block);

	/* Its own block: that others own a frame of it, or that it lies in a hole, was told as R01 or R05. */
	if (block && call->trespass.frame - first < UINT64_C(1) << call->request.order)
		return;
	report(oracle, call, call->actor, &call->trespass);
}
