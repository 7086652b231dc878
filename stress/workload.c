/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

#include <string.h>

#include "base/bits.h"
#include "engine/live.h"

static const struct lab_workload *const workloads[] = {
	&lab_workload_nic_rx,  &lab_workload_storage_dma, &lab_workload_fragmenter, &lab_workload_exhaust,
	&lab_workload_handoff, &lab_workload_nested,      &lab_workload_reclaim,    &lab_workload_mixed,
	&lab_workload_hotplug, &lab_workload_strand,      &lab_workload_rt_control, &lab_workload_plug,
};

const struct lab_workload *const *lab_workloads(size_t *ret_count)
{
	*ret_count = LAB_ARRAY_COUNT(workloads);
	return workloads;
}

const struct lab_workload *lab_workload_by_name(const char *name)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(workloads); i++)
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
	return NULL;
}

void lab_workload_begin(const struct lab_workload_setting *setting, uint64_t stream, unsigned actor,
			struct lab_workload_state *ret_state)
{
	*ret_state = (struct lab_workload_state){0};
	lab_prng_seed(&ret_state->prng, setting->seed, stream << 16 | actor);
	ret_state->subset = lab_prng_u64(&ret_state->prng);
}

bool lab_workload_next(const struct lab_workload *workload, const struct lab_workload_setting *setting,
		       struct lab_workload_state *state, const struct lab_actor *actor, struct lab_op *ret_op)
{
	if (actor->kind != LAB_CONTEXT_TASK) {
		/* relaxed: the actor's own count */
		uint64_t run = lab_load_relaxed(&actor->counts.runs);

		if (run != state->run) {
			state->run = run;
			state->left = 1 + (unsigned)lab_prng_below(&state->prng, workload->burst_max);
		}
		if (!state->left)
			return false;
		state->left--;
	}
	*ret_op = workload->next(setting, state, actor);
	return true;
}

struct lab_op lab_workload_op(enum lab_op_kind kind, unsigned slot)
{
	return (struct lab_op){.kind = kind, .slot = (uint8_t)(slot % LAB_SLOT_COUNT)};
}

/* A flag that the target does not promise to keep would only be refused, or ignored and then missed. */
static lab_gfp offered(const struct lab_workload_setting *setting, lab_gfp gfp)
{
	if (!(setting->caps & LAB_CAP_EXCLUSIVE_MAP))
		gfp &= ~LAB_GFP_EXCLUSIVE;
	if (!(setting->caps & LAB_CAP_SHRED))
		gfp &= ~LAB_GFP_SHRED;
	if (!(setting->caps & LAB_CAP_ZERO))
		gfp &= ~LAB_GFP_ZERO;
	if (!setting->machine->zones[LAB_ZONE_DMA].frames)
		gfp &= ~LAB_GFP_DMA;
	return gfp;
}

struct lab_op lab_workload_alloc(const struct lab_workload_setting *setting, unsigned slot, lab_gfp gfp, unsigned order)
{
	struct lab_op op = lab_workload_op(LAB_OP_ALLOC, slot);

	op.gfp = offered(setting, gfp);
	op.order = (uint8_t)LAB_MIN(order, setting->machine->order_max);
	return op;
}

struct lab_op lab_workload_give(unsigned slot, unsigned peer)
{
	struct lab_op op = lab_workload_op(LAB_OP_GIVE, slot);

	op.peer = (uint16_t)peer;
	return op;
}

unsigned lab_workload_order(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			    unsigned least, unsigned most)
{
	unsigned order = least;

	most = LAB_MIN(most, setting->machine->order_max);
	while (order < most && lab_prng_chance(&state->prng, 1, 2))
		order++;
	return LAB_MIN(order, most);
}

unsigned lab_workload_peer(const struct lab_workload_setting *setting, unsigned thread, enum lab_context_kind kind)
{
	if (!(setting->levels & 1u << kind))
		kind = LAB_CONTEXT_TASK;
	return lab_live_actor_index(thread, kind);
}
