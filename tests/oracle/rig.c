/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bits.h"

static const struct lab_span spans[] = {{0, 16, LAB_ZONE_DMA}, {16, 40, LAB_ZONE_NORMAL}, {60, 20, LAB_ZONE_NORMAL}};

static const char *actor_name(void *arg, unsigned actor)
{
	static const char *const names[LAB_RIG_ACTORS] = {"task a", "task b", "hardirq rx"};

	assert_true(actor < LAB_RIG_ACTORS);
	return names[actor];
}

static void note(void *arg, const struct lab_finding *finding)
{
	struct lab_rig *rig = arg;

	if (rig->finding_count < LAB_RIG_FINDINGS)
		rig->findings[rig->finding_count] = *finding;
	rig->finding_count++;
}

static void start(struct lab_rig *rig, const struct lab_target *target, bool one_thread)
{
	struct lab_oracle_config config = {
		.machine = &rig->fixture.machine,
		.target = target,
		.actor_count = LAB_RIG_ACTORS,
		.actor_name = actor_name,
		.report = note,
		.arg = rig,
		.one_thread = one_thread,
	};

	*rig = (struct lab_rig){.target = target};
	lab_fixture_init(&rig->fixture, 6, LAB_ORDER_MAX, spans, LAB_ARRAY_COUNT(spans));
	rig->fixture.zones[LAB_ZONE_NORMAL].min = 8;
	rig->fixture.zones[LAB_ZONE_DMA].min = 4;
	rig->fixture.zones[LAB_ZONE_DMA].lowmem_reserve[LAB_ZONE_NORMAL] = 2;
	assert_int_equal(lab_oracle_create(&config, &rig->oracle), LAB_OK);
	lab_oracle_census(rig->oracle);
	assert_int_equal(target->create(&rig->fixture.machine, &rig->self), LAB_OK);
}

void lab_rig_start(struct lab_rig *rig, const struct lab_target *target)
{
	start(rig, target, false);
}

void lab_rig_start_alone(struct lab_rig *rig, const struct lab_target *target)
{
	start(rig, target, true);
}

void lab_rig_stop(struct lab_rig *rig)
{
	rig->target->destroy(rig->self);
	lab_oracle_destroy(rig->oracle);
	lab_fixture_fini(&rig->fixture);
}

static lab_owner fresh_owner(struct lab_rig *rig, unsigned actor)
{
	return lab_owner_make(actor + 1, ++rig->generation);
}

enum lab_status lab_rig_alloc(struct lab_rig *rig, unsigned actor, lab_gfp gfp, unsigned order,
			      struct lab_rig_block *ret_block)
{
	struct lab_request request = {.gfp = gfp, .order = order, .owner = fresh_owner(rig, actor)};
	struct lab_call call;
	void *block = NULL;
	enum lab_status status;

	lab_oracle_alloc_begin(rig->oracle, &call, actor, &request);
	status = rig->target->alloc(rig->self, &request, &block);
	lab_oracle_alloc_end(rig->oracle, &call, status, block);
	if (status == LAB_OK)
		*ret_block = (struct lab_rig_block){block, request};
	return status;
}

enum lab_status lab_rig_free(struct lab_rig *rig, unsigned actor, const struct lab_rig_block *block)
{
	struct lab_call call;
	enum lab_status status;

	lab_oracle_free_begin(rig->oracle, &call, actor, block->block, &block->request);
	status = rig->target->free(rig->self, block->block, &block->request);
	lab_oracle_free_end(rig->oracle, &call, block->block, status);
	return status;
}

enum lab_status lab_rig_misuse(struct lab_rig *rig, unsigned actor, enum lab_misuse misuse, void *block,
			       const struct lab_request *shown)
{
	struct lab_call call;
	enum lab_status status;

	lab_oracle_misuse_begin(rig->oracle, &call, actor, rig->self, shown);
	status = misuse == LAB_MISUSE_SECOND_VIEW ? rig->target->map(rig->self, block, shown->owner)
						  : rig->target->free(rig->self, block, shown);
	lab_oracle_misuse_end(rig->oracle, &call, rig->self, misuse, block, status);
	return status;
}

enum lab_status lab_rig_map(struct lab_rig *rig, unsigned actor, const struct lab_rig_block *block)
{
	enum lab_status status = rig->target->map(rig->self, block->block, block->request.owner);

	lab_oracle_mapped(rig->oracle, actor, block->block, &block->request, status);
	return status;
}

enum lab_status lab_rig_unmap(struct lab_rig *rig, unsigned actor, const struct lab_rig_block *block)
{
	enum lab_status status = rig->target->unmap(rig->self, block->block, block->request.owner);

	lab_oracle_unmapped(rig->oracle, actor, block->block, &block->request, status);
	return status;
}

enum lab_status lab_rig_give(struct lab_rig *rig, unsigned actor, unsigned receiver, struct lab_rig_block *block)
{
	lab_owner to = rig->target->transfer ? fresh_owner(rig, receiver) : block->request.owner;
	enum lab_status status = LAB_OK;

	unsigned number = lab_oracle_transfer_begin(rig->oracle);

	if (rig->target->transfer)
		status = rig->target->transfer(rig->self, block->block, block->request.owner, to);
	lab_oracle_transferred(rig->oracle, number, actor, block->block, &block->request, to, status);
	if (status == LAB_OK)
		block->request.owner = to;
	return status;
}

void lab_rig_touch(struct lab_rig *rig, unsigned actor, const struct lab_rig_block *block)
{
	lab_oracle_touch(rig->oracle, actor, block->block, &block->request);
}
