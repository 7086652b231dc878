/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "plat/atomic.h"
#include "target/buddy.h"
#include "target/holding.h"
#include "target/registry.h"

/*
 * The plainest allocator that keeps every promise which one lock can keep: a buddy, an owner a block, and one
 * interrupt-saving spinlock around each call from its first look to its last. Nothing is cached, so `drain` has
 * nothing to do and a failure always means that the frames are not there. It is the model of differential runs: read
 * it to learn what an answer must be. It does not claim NMI, since an NMI could find the lock taken by what it stopped.
 *
 * The tables are the C library's and made at create; the arena holds blocks only.
 */

#define IDLE_ROUNDS 16u /* without progress, after which a request that waits gives up */

struct locked {
	lab_atomic32 returns;     /* how often frames came back while somebody waited: what sleepers sleep on */
	bool awaited;             /* somebody sleeps, or is about to */
	bool returned;            /* a request may be possible that was not: to be told to who sleeps */
	unsigned short_zones;     /* to be told to the reclaimer, as a mask */
	struct lab_spinlock lock; /* guards everything below */
	const struct lab_machine *machine;
	struct lab_buddy buddy;
	struct lab_zone_marks marks[LAB_ZONE_COUNT];
	struct lab_holding *holdings; /* by frame */
	bool offline[];               /* by CPU */
};

static unsigned long enter(struct locked *locked)
{
	unsigned long flags = locked->machine->host->irq_save();

	locked->machine->host->spin_lock(&locked->lock);
	return flags;
}

/* What a call found out under the lock is told when it is open again. */
static void leave(struct locked *locked, unsigned long flags)
{
	const struct lab_host *host = locked->machine->host;
	bool wakes = locked->awaited && locked->returned;
	unsigned zones = locked->short_zones;

	locked->awaited &= !wakes;
	locked->returned = false;
	locked->short_zones = 0;
	if (wakes)
		/* Read without the lock by who is about to sleep; what that goes by is its look under the lock. */
		lab_fetch_add_release(&locked->returns, 1);
	host->spin_unlock(&locked->lock);
	host->irq_restore(flags);
	if (wakes)
		host->wake((const uint32_t *)&locked->returns);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		if (zones & 1u << zone)
			host->reclaim_wake(zone);
}

static enum lab_status locked_create(const struct lab_machine *machine, void **ret_self)
{
	struct locked *locked = calloc(1, sizeof(*locked) + machine->cpu_count * sizeof(locked->offline[0]));

	if (!locked)
		return LAB_SYSTEM;
	locked->machine = machine;
	for (size_t zone = 0; zone < LAB_ZONE_COUNT; zone++)
		locked->marks[zone] = machine->zones[zone];
	locked->holdings = calloc(LAB_MAX(machine->frame_count, UINT64_C(1)), sizeof(*locked->holdings));
	if (!locked->holdings || lab_buddy_init(&locked->buddy, machine) != LAB_OK) {
		free(locked->holdings);
		free(locked);
		return LAB_SYSTEM;
	}
	*ret_self = locked;
	return LAB_OK;
}

static void locked_destroy(void *self)
{
	struct locked *locked = self;

	lab_buddy_fini(&locked->buddy);
	free(locked->holdings);
	free(locked);
}

static void *address_of(const struct locked *locked, uint64_t frame)
{
	return (char *)locked->machine->base + (frame << locked->machine->page_shift);
}

/* A request with the right to wakes the reclaimer of those zones under their low mark that it may use. */
static void note_short(struct locked *locked, lab_gfp gfp)
{
	enum lab_zone class_zone = gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL;

	for (unsigned zone = 0; gfp & LAB_GFP_KSWAPD_RECLAIM && zone <= class_zone; zone++)
		if (locked->machine->zones[zone].frames && locked->buddy.free_frames[zone] < locked->marks[zone].low)
			locked->short_zones |= 1u << zone;
}

/* The frames that must stay free in a zone after this request was served from it. */
static uint64_t floor_of(const struct locked *locked, enum lab_zone zone, lab_gfp gfp)
{
	const struct lab_zone_marks *marks = &locked->marks[zone];
	enum lab_class class = lab_gfp_class(gfp);
	enum lab_zone class_zone = gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL;

	if (class == LAB_CLASS_MEMALLOC)
		return 0;
	return lab_add_saturated(lab_class_floor(class, marks->min), marks->lowmem_reserve[class_zone]);
}

static bool take_from_zone(struct locked *locked, enum lab_zone zone, const struct lab_request *request,
			   uint64_t *ret_frame)
{
	uint64_t need = lab_add_saturated(floor_of(locked, zone, request->gfp), UINT64_C(1) << request->order);

	return locked->buddy.free_frames[zone] >= need &&
	       lab_buddy_take(&locked->buddy, zone, request->order, ret_frame);
}

static enum lab_status locked_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct locked *locked = self;
	bool dma_only = request->gfp & LAB_GFP_DMA, found;
	unsigned long flags;
	uint64_t frame = 0;

	if (request->order > locked->machine->order_max || lab_owner_context(request->owner) > LAB_OWNER_CONTEXT_MAX ||
	    request->owner == LAB_OWNER_NONE)
		return LAB_INVALID;
	if (lab_gfp_contradicts(request->gfp))
		return LAB_BAD_FLAGS;

	flags = enter(locked);
	found = (!dma_only && take_from_zone(locked, LAB_ZONE_NORMAL, request, &frame)) ||
		take_from_zone(locked, LAB_ZONE_DMA, request, &frame);
	if (found)
		locked->holdings[frame] = (struct lab_holding){.owner = request->owner, .gfp = request->gfp};
	note_short(locked, request->gfp);
	leave(locked, flags);

	if (!found)
		return LAB_NO_MEMORY;
	/* The block is the caller's alone by now, so this needs no lock. */
	if (request->gfp & LAB_GFP_ZERO)
		memset(address_of(locked, frame), 0, (size_t)1 << (locked->machine->page_shift + request->order));
	*ret_block = address_of(locked, frame);
	return LAB_OK;
}

/* Finds the block that starts at an address, if it is the owner's. The checks stand in their documented precedence. */
static enum lab_status find(const struct locked *locked, const void *block, lab_owner owner, uint64_t *ret_frame)
{
	const struct lab_machine *machine = locked->machine;
	uintptr_t offset = (uintptr_t)block - (uintptr_t)machine->base; /* below base: wraps to beyond the end */
	uint64_t frame = (uint64_t)offset >> machine->page_shift;

	if (frame >= machine->frame_count || (uint64_t)offset & lab_bits_low(machine->page_shift))
		return LAB_BAD_ADDRESS;
	switch ((enum lab_buddy_state)locked->buddy.frames[frame].state) {
	case LAB_BUDDY_HOLE:
		return LAB_BAD_ADDRESS;
	case LAB_BUDDY_FREE_HEAD:
	case LAB_BUDDY_FREE_BODY:
		return LAB_NOT_ALLOCATED;
	case LAB_BUDDY_USED_BODY:
		return LAB_NOT_HEAD;
	case LAB_BUDDY_USED_HEAD:
		break;
	}
	if (locked->holdings[frame].owner != owner)
		return LAB_WRONG_OWNER;
	*ret_frame = frame;
	return LAB_OK;
}

/*
 * Shredded under the lock, before the frames are free: nobody may get them half done. The host's random bytes serve
 * as the keystream; a keystream of our own would only be faster, and holding the lock that long is the model's right.
 */
static enum lab_status locked_free(void *self, void *block, const struct lab_request *request)
{
	struct locked *locked = self;
	unsigned long flags = enter(locked);
	uint64_t frame = 0;
	enum lab_status status = find(locked, block, request->owner, &frame);

	if (status == LAB_OK && locked->buddy.frames[frame].order != request->order)
		status = LAB_WRONG_ORDER;
	if (status == LAB_OK) {
		if (locked->holdings[frame].gfp & LAB_GFP_SHRED)
			locked->machine->host->random_fill(block,
							   (size_t)1 << (locked->machine->page_shift + request->order));
		lab_buddy_give(&locked->buddy, frame); /* and its views are gone with it */
		locked->returned = true;
	}
	leave(locked, flags);
	return status;
}

static enum lab_status locked_transfer(void *self, void *block, lab_owner from, lab_owner to)
{
	struct locked *locked = self;
	unsigned long flags = enter(locked);
	uint64_t frame = 0;
	enum lab_status status = find(locked, block, from, &frame);

	if (status == LAB_OK && (to == LAB_OWNER_NONE || lab_owner_context(to) > LAB_OWNER_CONTEXT_MAX))
		status = LAB_INVALID;
	if (status == LAB_OK && locked->holdings[frame].views)
		status = LAB_BUSY;
	if (status == LAB_OK)
		locked->holdings[frame].owner = to;
	leave(locked, flags);
	return status;
}

static enum lab_status locked_map(void *self, void *block, lab_owner owner)
{
	struct locked *locked = self;
	unsigned long flags = enter(locked);
	uint64_t frame = 0;
	enum lab_status status = find(locked, block, owner, &frame);

	if (status == LAB_OK) {
		struct lab_holding *holding = &locked->holdings[frame];

		if (holding->gfp & LAB_GFP_EXCLUSIVE && holding->views)
			status = LAB_BUSY;
		else
			holding->views++;
	}
	leave(locked, flags);
	return status;
}

static enum lab_status locked_unmap(void *self, void *block, lab_owner owner)
{
	struct locked *locked = self;
	unsigned long flags = enter(locked);
	uint64_t frame = 0;
	enum lab_status status = find(locked, block, owner, &frame);

	if (status == LAB_OK) {
		if (locked->holdings[frame].views)
			locked->holdings[frame].views--;
		else
			status = LAB_NOT_MAPPED;
	}
	leave(locked, flags);
	return status;
}

/* Nothing is kept for a CPU, so there is nothing to give back. */
static enum lab_status plug(struct locked *locked, unsigned cpu, bool offline)
{
	unsigned long flags;
	enum lab_status status;

	if (cpu >= locked->machine->cpu_count)
		return LAB_INVALID;
	flags = enter(locked);
	status = locked->offline[cpu] == offline ? LAB_UNCHANGED : LAB_OK;
	locked->offline[cpu] = offline;
	leave(locked, flags);
	return status;
}

static enum lab_status locked_cpu_offline(void *self, unsigned cpu)
{
	return plug(self, cpu, true);
}

static enum lab_status locked_cpu_online(void *self, unsigned cpu)
{
	return plug(self, cpu, false);
}

static enum lab_status locked_memory_remove(void *self, unsigned span, unsigned patience)
{
	struct locked *locked = self;
	unsigned long flags = enter(locked);
	enum lab_status status = lab_buddy_remove_span(&locked->buddy, span, locked->marks);

	leave(locked, flags);
	return status;
}

static enum lab_status locked_memory_add(void *self, unsigned span)
{
	struct locked *locked = self;
	unsigned long flags = enter(locked);
	enum lab_status status = lab_buddy_add_span(&locked->buddy, span);

	locked->returned = true;
	leave(locked, flags);
	return status;
}

static enum lab_status locked_set_marks(void *self, unsigned zone, const struct lab_zone_marks *marks)
{
	struct locked *locked = self;
	unsigned long flags;

	if (zone >= LAB_ZONE_COUNT)
		return LAB_INVALID;
	flags = enter(locked);
	locked->marks[zone] = *marks;
	locked->returned = true; /* lower floors let requests through as frames do */
	leave(locked, flags);
	return LAB_OK;
}

static uint64_t locked_free_frames(void *self)
{
	struct locked *locked = self;
	unsigned long flags = enter(locked);
	uint64_t frames = locked->buddy.free_frames[LAB_ZONE_DMA] + locked->buddy.free_frames[LAB_ZONE_NORMAL];

	leave(locked, flags);
	return frames;
}

static enum lab_status locked_check(void *self)
{
	struct locked *locked = self;
	unsigned long flags = enter(locked);
	bool sound = lab_buddy_check(&locked->buddy);

	leave(locked, flags);
	return sound ? LAB_OK : LAB_INVALID;
}

static enum lab_word locked_describe(void *self, const void *address, char *text, size_t room)
{
	const struct locked *locked = self;
	size_t in_marks = (size_t)((uintptr_t)address - (uintptr_t)locked->marks);
	size_t in_holdings = (size_t)((uintptr_t)address - (uintptr_t)locked->holdings);
	size_t frame = in_holdings / sizeof(*locked->holdings), member = in_holdings % sizeof(*locked->holdings);
	bool is_lock = (size_t)((uintptr_t)address - (uintptr_t)&locked->lock) < sizeof(locked->lock);

	if (is_lock || address == (const void *)&locked->returns || address == (const void *)&locked->awaited) {
		snprintf(text, room, is_lock ? "the lock" : "who waits");
		return LAB_WORD_NUMBER;
	}
	if (in_marks < sizeof(locked->marks)) {
		snprintf(text, room, "zone %s watermarks", in_marks < sizeof(locked->marks[0]) ? "dma" : "normal");
		return LAB_WORD_NUMBER;
	}
	if (frame >= locked->machine->frame_count)
		return lab_buddy_describe(&locked->buddy, address, text, room);
	return lab_holding_describe(frame, member, text, room);
}

/* From here on whoever makes a request possible wakes: the caller looks again, then sleeps on what this answers. */
static uint32_t announce(struct locked *locked)
{
	unsigned long flags = enter(locked);
	uint32_t seen;

	locked->awaited = true;
	seen = lab_load_relaxed(&locked->returns); /* ordered by the lock */
	leave(locked, flags);
	return seen;
}

/* In rounds: the shrinkers, a look, and sleep until frames return. */
static enum lab_status wait_for(struct locked *locked, const struct lab_request *request, void **ret_block)
{
	const struct lab_host *host = locked->machine->host;
	unsigned idle = 0;

	host->might_sleep();
	for (;;) {
		uint64_t freed = host->shrink(UINT64_C(1) << request->order);
		uint32_t seen = announce(locked);
		enum lab_status status = locked_alloc(locked, request, ret_block);

		idle = freed ? 0 : idle + 1;
		if (status != LAB_NO_MEMORY || request->gfp & LAB_GFP_NORETRY ||
		    (idle == IDLE_ROUNDS && !(request->gfp & LAB_GFP_NOFAIL)))
			return status;
		host->wait((const uint32_t *)&locked->returns, seen);
	}
}

static enum lab_status waiting_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	enum lab_status status = locked_alloc(self, request, ret_block);

	if (status == LAB_NO_MEMORY && !lab_gfp_is_atomic(request->gfp))
		status = wait_for(self, request, ret_block);
	return status;
}

/* Nothing is cached here, so the shrinkers are all that can help. */
static enum lab_reclaim locked_reclaim(void *self, unsigned zone)
{
	struct locked *locked = self;
	uint64_t free_frames, high;
	unsigned long flags;

	if (zone >= LAB_ZONE_COUNT || !locked->machine->zones[zone].frames)
		return LAB_RECLAIM_REST;
	flags = enter(locked);
	free_frames = locked->buddy.free_frames[zone];
	high = locked->marks[zone].high;
	leave(locked, flags);
	if (free_frames >= high || !locked->machine->host->shrink(high - free_frames))
		return LAB_RECLAIM_REST;
	return LAB_RECLAIM_MORE;
}

const struct lab_target lab_target_locked = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_target),
	.name = "locked",
	.summary = "the plainest buddy, under one interrupt-saving lock: the model",
	.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_RESERVE | LAB_CAP_OWNERSHIP | LAB_CAP_EXCLUSIVE_MAP |
		LAB_CAP_SHRED | LAB_CAP_ZERO | LAB_CAP_COALESCE | LAB_CAP_EXACT | LAB_CAP_BLOCKING | LAB_CAP_RECLAIM |
		LAB_CAP_HOTPLUG | LAB_CAP_MEMORY,
	.create = locked_create,
	.destroy = locked_destroy,
	.alloc = waiting_alloc,
	.free = locked_free,
	.transfer = locked_transfer,
	.map = locked_map,
	.unmap = locked_unmap,
	.cpu_offline = locked_cpu_offline,
	.cpu_online = locked_cpu_online,
	.set_marks = locked_set_marks,
	.reclaim = locked_reclaim,
	.page_shift_min = 6,
	.free_frames = locked_free_frames,
	.check = locked_check,
	.describe = locked_describe,
	.memory_remove = locked_memory_remove,
	.memory_add = locked_memory_add,
};
