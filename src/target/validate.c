/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/bits.h"
#include "target/registry.h"

#define PAGE_SHIFT_TOP 21u /* a frame of 2 MiB */

/* Promises that are about the machine's memory, and so mean nothing for blocks that lie anywhere. */
#define ARENA_ONLY (LAB_CAP_RESERVE | LAB_CAP_COALESCE | LAB_CAP_EXACT | LAB_CAP_RECLAIM | LAB_CAP_MEMORY)

static const char *const cap_names[] = {"ARENA",         "OWN_MEMORY", "IRQ",   "NMI",      "RESERVE",  "OWNERSHIP",
					"EXCLUSIVE_MAP", "SHRED",      "ZERO",  "COALESCE", "BLOCKING", "RECLAIM",
					"EXACT",         "HOTPLUG",    "DEATH", "MEMORY"};

const char *lab_cap_name(unsigned bit)
{
	return bit < LAB_ARRAY_COUNT(cap_names) ? cap_names[bit] : NULL;
}

/* The first member that is NULL and may not be, with the reason in *ret_reason; NULL when all are there. */
static const char *missing_member(const struct lab_target *target, const char **ret_reason)
{
	const struct {
		bool missing;
		const char *member, *reason;
	} members[] = {
		{!target->name, "name", "expected a string"},
		{!target->summary, "summary", "expected a string"},
		{!target->create, "create", "expected a function"},
		{!target->alloc, "alloc", "expected a function"},
		{!target->free, "free", "expected a function"},
		{!target->map && target->caps & LAB_CAP_EXCLUSIVE_MAP, "map", "LAB_CAP_EXCLUSIVE_MAP expects it"},
		{!target->unmap && target->caps & LAB_CAP_EXCLUSIVE_MAP, "unmap", "LAB_CAP_EXCLUSIVE_MAP expects it"},
		{!target->reclaim && target->caps & LAB_CAP_RECLAIM, "reclaim", "LAB_CAP_RECLAIM expects it"},
		{!target->cpu_offline && target->caps & LAB_CAP_HOTPLUG, "cpu_offline", "LAB_CAP_HOTPLUG expects it"},
		{!target->reap && target->caps & LAB_CAP_DEATH, "reap", "LAB_CAP_DEATH expects it"},
		{!target->memory_remove && target->caps & LAB_CAP_MEMORY, "memory_remove", "LAB_CAP_MEMORY expects it"},
		{!target->memory_add && target->caps & LAB_CAP_MEMORY, "memory_add", "LAB_CAP_MEMORY expects it"},
		{!target->cpu_online && target->caps & LAB_CAP_HOTPLUG, "cpu_online", "LAB_CAP_HOTPLUG expects it"},
	};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(members); i++)
		if (members[i].missing) {
			*ret_reason = members[i].reason;
			return members[i].member;
		}
	return NULL;
}

static enum lab_status validate_caps(const struct lab_target *target, const char *name, char *message, size_t room)
{
	bool arena = target->caps & LAB_CAP_ARENA, own_memory = target->caps & LAB_CAP_OWN_MEMORY;
	uint64_t unknown = target->caps & ~lab_bits_low(LAB_ARRAY_COUNT(cap_names));

	if (arena == own_memory) {
		snprintf(message, room, "%s: caps has %s, expected one of LAB_CAP_ARENA and LAB_CAP_OWN_MEMORY", name,
			 arena ? "both" : "neither");
		return LAB_INVALID;
	}
	if (unknown) {
		snprintf(message, room, "%s: caps has unknown bit %u, expected LAB_CAP_ bits of ABI %u", name,
			 lab_bits_first(unknown), LAB_TARGET_ABI);
		return LAB_INVALID;
	}
	if (own_memory && target->caps & ARENA_ONLY) {
		snprintf(message, room, "%s: caps has LAB_CAP_%s with LAB_CAP_OWN_MEMORY, expected LAB_CAP_ARENA", name,
			 cap_names[lab_bits_first(target->caps & ARENA_ONLY)]);
		return LAB_INVALID;
	}
	return LAB_OK;
}

enum lab_status lab_target_validate(const struct lab_target *target, const char *name, char *message, size_t room)
{
	const char *member, *reason = NULL;

	if (!target) {
		snprintf(message, room, "%s: lab_target_entry answered NULL, expected a table", name);
		return LAB_INVALID;
	}
	/* Version and size first: a table of another ABI may end before the other members. */
	if (target->abi != LAB_TARGET_ABI) {
		snprintf(message, room, "%s: abi is %u, expected %u", name, target->abi, LAB_TARGET_ABI);
		return LAB_INVALID;
	}
	if (target->size < LAB_TARGET_SIZE_MIN || target->size > sizeof(struct lab_target)) {
		snprintf(message, room, "%s: size is %u, expected %zu, or down to %zu", name, target->size,
			 sizeof(struct lab_target), LAB_TARGET_SIZE_MIN);
		return LAB_INVALID;
	}
	member = missing_member(target, &reason);
	if (member) {
		snprintf(message, room, "%s: %s is NULL, %s", name, member, reason);
		return LAB_INVALID;
	}
	if (target->page_shift_min > PAGE_SHIFT_TOP) {
		snprintf(message, room, "%s: page_shift_min is %u, expected at most %u", name, target->page_shift_min,
			 PAGE_SHIFT_TOP);
		return LAB_INVALID;
	}
	return validate_caps(target, name, message, room);
}
