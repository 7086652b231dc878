/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_EVENT_H
#define LAB_ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a context of the sim engine is about to do when it asks who moves next. */
enum lab_sim_event {
	LAB_SIM_START,   /* its first step */
	LAB_SIM_OP_END,  /* to go on after an operation */
	LAB_SIM_SERVICE, /* a host service */
	LAB_SIM_RELAX,   /* a host service that says: I spin, let others go first */
	LAB_SIM_READ,
	LAB_SIM_WRITE,
	LAB_SIM_UPDATE, /* an atomic read and write in one step, whether it stores or not */
	LAB_SIM_EVENT_COUNT
};

/* A context is parked at one of these: it was not done yet. */
struct lab_sim_pending {
	enum lab_sim_event kind;
	uint32_t bytes;
	uintptr_t address; /* of what is accessed; 0: nothing that others see */
	uintptr_t code;    /* where in the target's code; 0: not known */
};

/* True when the order of the two could matter: they overlap and one of them writes. */
static inline bool lab_sim_conflict(const struct lab_sim_pending *a, const struct lab_sim_pending *b)
{
	if (!a->address || !b->address || (a->kind == LAB_SIM_READ && b->kind == LAB_SIM_READ))
		return false;
	return a->address < b->address + b->bytes && b->address < a->address + a->bytes;
}

const char *lab_sim_event_name(enum lab_sim_event kind); /* "read", "operation end", ... */

#endif
