/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

/*
 * One byte a choice, read only where there is more than one: 0 goes on with the present context, k takes the
 * ((k - 1) modulo n)-th of the n others that may run: tasks in id order, handlers left in their middle
 * on an idle CPU, then handlers that may fire, in id order. Where the present context
 * cannot go on, k takes the (k modulo n)-th. Bytes that have run out count as 0. Corpora depend on this: it stays.
 */

bool lab_sim_bytes_ended(const struct lab_sim *sim)
{
	return sim->next_byte >= sim->scenario->schedule_bytes && sim->next_directive >= sim->scenario->directive_count;
}

static unsigned next_byte(struct lab_sim *sim)
{
	return sim->next_byte < sim->scenario->schedule_bytes ? sim->scenario->schedule[sim->next_byte++] : 0;
}

static bool choose(struct lab_sim *sim, const struct lab_sim_ask *ask, struct lab_sim_choice *ret_choice)
{
	const struct lab_sim_others *others = &sim->others;
	unsigned byte = next_byte(sim);

	if (!byte && !ask->usual)
		return false;
	*ret_choice = byte ? others->list[(byte - 1) % others->count] : *ask->usual;
	return true;
}

bool lab_sim_bytes_choose(struct lab_sim *sim, const struct lab_sim_ask *ask, struct lab_sim_choice *ret_choice)
{
	const struct lab_sim_others *others = &sim->others;

	if (lab_sim_directed(sim, ask->current, ret_choice))
		return ret_choice->fire || ret_choice->strand != ask->current;
	if (!others->count)
		return false;
	if (ask->current)
		return choose(sim, ask, ret_choice);
	if (!others->strands)
		*ret_choice = others->list[0];
	else
		*ret_choice = others->list[others->count > 1 ? next_byte(sim) % others->count : 0];
	return true;
}
