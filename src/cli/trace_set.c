/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trace_set.h"

#include <stdlib.h>

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

static bool grow(struct lab_trace_set *set)
{
	size_t room = set->room ? 2 * set->room : ROOM_FIRST;
	uint64_t *keys = room > ROOM_MOST ? NULL : calloc(room, sizeof(*keys));

	if (!keys)
		return false;
	for (size_t i = 0; i < set->room; i++)
		if (set->keys[i])
			*find(keys, room, set->keys[i] & ~TWICE) = set->keys[i];
	free(set->keys);
	set->keys = keys;
	set->room = room;
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
	free(set->keys);
	*set = (struct lab_trace_set){0};
}

double lab_trace_set_unseen(const struct lab_trace_set *set)
{
	return set->total ? (double)set->once / (double)set->total : 1;
}
