/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: interrupt
 * rule:  R08
 * found: explore stress
 *
 * First fit under a lock of the host's. The bug: releases of 8 frames and more take it with interrupts open.
 */
#include "blind.h"

struct fit {
	const struct lab_machine *machine;
	struct lab_spinlock lock;
	uint8_t used[];
};

static enum lab_status fit_create(const struct lab_machine *machine, void **ret_self)
{
	struct fit *fit = calloc(1, sizeof(*fit) + machine->frame_count);

	if (!fit)
		return LAB_SYSTEM;
	fit->machine = machine;
	*ret_self = fit;
	return LAB_OK;
}

static void fit_destroy(void *self)
{
	free(self);
}

static enum lab_status fit_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct fit *fit = self;
	const struct lab_host *host = fit->machine->host;
	unsigned long flags = host->irq_save();
	uint64_t frame;

	host->spin_lock(&fit->lock);
	frame = blind_fit(fit->used, fit->machine, request->gfp, request->order);
	host->spin_unlock(&fit->lock);
	host->irq_restore(flags);
	return blind_answer(fit->machine, frame, ret_block);
}

static enum lab_status fit_free(void *self, void *block, const struct lab_request *request)
{
	struct fit *fit = self;
	const struct lab_host *host = fit->machine->host;
	bool open = BUG && request->order >= 3;
	unsigned long flags = open ? 0 : host->irq_save();

	host->spin_lock(&fit->lock);
	memset(fit->used + blind_frame(fit->machine, block), 0, UINT64_C(1) << request->order);
	host->spin_unlock(&fit->lock);
	if (!open)
		host->irq_restore(flags);
	return LAB_OK;
}

BLIND_TARGET("lock-open", fit, LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_COALESCE | LAB_CAP_EXACT)
