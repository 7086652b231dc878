/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trace_set.h"

#include <stdlib.h>
#include <string.h>

#include "plat/child.h"

#define ROOM_FIRST 1024u
#define ROOM_MOST  (UINT64_C(1) << 24) /* 128 MiB */
#define TWICE      (UINT64_C(1) << 63)

static uint64_t *find(uint64_t *keys, size_t room, uint64_t key)
{
	size_t at = key % room;

	while (keys[at] && (keys[at] & ~TWICE) != key)
		at = (at + 1) % room;
	return &keys[at];
}

void lab_trace_set_init(struct lab_trace_set *set)
{
	set->keys = lab_child_share(ROOM_MOST * sizeof(*set->keys));
	set->full = !set->keys;
	set->room = ROOM_FIRST;
}

/* In its place: the memory was asked for in its greatest size, of which untouched pages cost nothing. */
static bool grow(struct lab_trace_set *set)
{
	size_t room = set->room;
	uint64_t *before = 2 * room > ROOM_MOST ? NULL : malloc(room * sizeof(*before));

	if (!before)
		return false;
	memcpy(before, set->keys, room * sizeof(*before));
	memset(set->keys, 0, room * sizeof(*before));
	set->room = 2 * room;
	for (size_t i = 0; i < room; i++)
		if (before[i])
			*find(set->keys, set->room, before[i] & ~TWICE) = before[i];
	free(before);
	return true;
}

void lab_trace_set_add(struct lab_trace_set *set, uint64_t hash)
{
	uint64_t key = hash & ~TWICE, *place;

	set->total++;
	if (set->full || (set->count * 2 >= set->room && !grow(set))) {
		set->full = true;
		return;
	}
	place = find(set->keys, set->room, key ? key : 1);
	if (!*place) {
		*place = key ? key : 1;
		set->count++;
		set->once++;
	} else if (!(*place & TWICE)) {
		*place |= TWICE;
		set->once--;
	}
}

void lab_trace_set_free(struct lab_trace_set *set)
{
	if (set->keys)
		lab_child_unshare(set->keys, ROOM_MOST * sizeof(*set->keys));
	*set = (struct lab_trace_set){0};
}

double lab_trace_set_unseen(const struct lab_trace_set *set)
{
	return set->total ? (double)set->once / (double)set->total : 1;
}
