/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scope.h"

#include "base/bits.h"

#define BIT(kind) (UINT32_C(1) << (kind))
#define EVERY_OP  (BIT(LAB_OP_KIND_COUNT) - 1)
#define MISUSE                                                                                                         \
	(BIT(LAB_OP_FREE_TWICE) | BIT(LAB_OP_FREE_FOREIGN) | BIT(LAB_OP_FREE_WRONG_ORDER) | BIT(LAB_OP_FREE_WILD))
#define VIEWS   (BIT(LAB_OP_MAP) | BIT(LAB_OP_UNMAP))
#define DEATH   (BIT(LAB_OP_DIE) | BIT(LAB_OP_REAP))
#define MEMORY  BIT(LAB_OP_MEMORY)
#define HOTPLUG (BIT(LAB_OP_OFFLINE) | BIT(LAB_OP_ONLINE))
#define MASKED  (BIT(LAB_OP_IRQ_OFF) | BIT(LAB_OP_IRQ_ON) | BIT(LAB_OP_LOCK) | BIT(LAB_OP_UNLOCK))

/* As the engine has it (src/engine/exec.c): what is not offered is passed over there. */
static uint32_t ops_of(const struct lab_target *target)
{
	uint32_t ops = EVERY_OP;

	if (!target->map || !target->unmap)
		ops &= ~VIEWS;
	if (!(target->caps & LAB_CAP_OWNERSHIP))
		ops &= ~MISUSE;
	if (!(target->caps & LAB_CAP_IRQ))
		ops &= ~MASKED;
	if (!target->drain)
		ops &= ~BIT(LAB_OP_DRAIN);
	if (!(target->caps & LAB_CAP_HOTPLUG) || !target->cpu_offline || !target->cpu_online)
		ops &= ~HOTPLUG;
	if (!(target->caps & LAB_CAP_MEMORY) || target->caps & LAB_CAP_DEATH || !target->memory_remove ||
	    !target->memory_add)
		ops &= ~MEMORY;
	if (!(target->caps & LAB_CAP_DEATH) || !target->reap)
		ops &= ~DEATH;
	if (!target->set_marks)
		ops &= ~BIT(LAB_OP_WATERMARK);
	return ops;
}

static void add_themes(struct lab_scope *scope, uint64_t caps)
{
	static const struct {
		uint64_t cap; /* 0: that the operations are offered is enough */
		struct lab_theme theme;
	} all[] = {
		{LAB_CAP_OWNERSHIP, {MISUSE, 0}},
		{LAB_CAP_EXCLUSIVE_MAP, {VIEWS, LAB_GFP_EXCLUSIVE}},
		{LAB_CAP_HOTPLUG, {HOTPLUG, 0}},
		{LAB_CAP_MEMORY, {MEMORY, 0}},
		{0, {BIT(LAB_OP_DRAIN), 0}},
		{0, {BIT(LAB_OP_WATERMARK), 0}},
		{LAB_CAP_ZERO, {BIT(LAB_OP_TOUCH), LAB_GFP_ZERO}}, /* what was written must be gone */
		{LAB_CAP_SHRED, {BIT(LAB_OP_TOUCH), LAB_GFP_SHRED}},
		{LAB_CAP_RECLAIM, {BIT(LAB_OP_RECLAIM), 0}},
	};

	_Static_assert(LAB_ARRAY_COUNT(all) <= LAB_THEME_MAX, "themes have room");
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(all); i++)
		if ((caps & all[i].cap) == all[i].cap && !(all[i].theme.ops & ~scope->ops))
			scope->themes[scope->theme_count++] = all[i].theme;
}

struct lab_scope lab_scope_of(const struct lab_target *target)
{
	const uint64_t marks = LAB_CAP_RESERVE | LAB_CAP_RECLAIM | LAB_CAP_BLOCKING;
	const uint64_t nmi = LAB_CAP_IRQ | LAB_CAP_NMI;
	uint64_t caps = target ? target->caps : ~UINT64_C(0);
	struct lab_scope scope = {
		.ops = target ? ops_of(target) : EVERY_OP,
		.interrupts = caps & LAB_CAP_IRQ,
		.nmi = (caps & nmi) == nmi,
		.marks = caps & marks,
		.reclaims = caps & LAB_CAP_RECLAIM,
		.deaths = caps & LAB_CAP_DEATH,
	};

	scope.ops &= ~DEATH; /* a plot of its own: what dies early shows little else */

	add_themes(&scope, caps);
	return scope;
}
