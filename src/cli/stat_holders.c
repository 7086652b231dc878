/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "plat/clock.h"
#include "scenario/text.h"

#define NS_PER_S   UINT64_C(1000000000)
#define PLACE_ROOM 320u
#define FLAGS_ROOM 128u

/* The blocks that are held, as they were met. */
struct list {
	struct lab_holder *holders;
	size_t count, room;
};

/* Blocks that were taken at the same place in the same way. */
struct group {
	const struct lab_holder *oldest; /* the first of `blocks` neighbours in the sorted list */
	size_t blocks;
	uint64_t youngest;
};

static struct list gather(const struct lab_arena *arena)
{
	struct list list = {0};
	struct lab_holder holder;

	for (uint64_t cursor = 0; lab_arena_holder_next(arena, &cursor, &holder);) {
		if (list.count == list.room) {
			struct lab_holder *grown;

			list.room = list.room ? 2 * list.room : 256;
			grown = realloc(list.holders, list.room * sizeof(holder));
			lab_assert(grown);
			list.holders = grown;
		}
		list.holders[list.count++] = holder;
	}
	return list;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_age(const void *left, const void *right)
{
	const struct lab_holder *a = left, *b = right;
	int by_since = compare_u64(a->since, b->since);

	return by_since ? by_since : compare_u64(a->pfn, b->pfn);
}

static int by_place(const struct lab_holder *a, const struct lab_holder *b)
{
	int order = compare_u64(a->depth, b->depth);

	if (!order)
		order = compare_u64(a->order, b->order);
	if (!order)
		order = compare_u64(a->gfp, b->gfp);
	if (!order)
		order = compare_u64(a->process, b->process);
	return order ? order : memcmp(a->stack, b->stack, a->depth * sizeof(a->stack[0]));
}

static int by_place_and_age(const void *left, const void *right)
{
	int place = by_place(left, right);

	return place ? place : by_age(left, right);
}

static int by_frames(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	int frames = compare_u64(b->blocks << b->oldest->order, a->blocks << a->oldest->order);

	return frames ? frames : by_age(a->oldest, b->oldest);
}

static double age_s(uint64_t since, uint64_t now_ns)
{
	return now_ns > since ? (double)(now_ns - since) / 1e9 : 0;
}

static void tell_owner(struct lab_emit *emit, const char *name, lab_owner owner)
{
	lab_emit_group(emit, name);
	lab_emit_u64(emit, "context", lab_owner_context(owner));
	lab_emit_u64(emit, "generation", lab_owner_generation(owner));
	lab_emit_group_end(emit);
}

static void tell_stack(struct lab_emit *emit, const struct lab_holder *holder, struct lab_places *places)
{
	char texts[LAB_TRACE_DEPTH][PLACE_ROOM];
	const char *lines[LAB_TRACE_DEPTH];

	for (unsigned i = 0; i < holder->depth; i++) {
		lab_places_name(places, holder->stack[i], texts[i], sizeof(texts[i]));
		lines[i] = texts[i];
	}
	lab_emit_list(emit, "from", lines, holder->depth);
}

static void tell_flags(struct lab_emit *emit, lab_gfp gfp)
{
	char flags[FLAGS_ROOM];

	/* A file may hold any bits. */
	lab_gfp_format(gfp & LAB_GFP_ALL, flags, sizeof(flags));
	lab_emit_text(emit, "flags", flags);
}

static void tell_trace(struct lab_emit *emit, const struct lab_arena *arena, const struct lab_holder *holder,
		       uint64_t now_ns, struct lab_places *places)
{
	tell_owner(emit, "taken_by", holder->taken_by);
	tell_flags(emit, holder->gfp);
	lab_emit_u64(emit, "cpu", holder->cpu);
	if (lab_arena_trace_ticks(arena) == NS_PER_S)
		lab_emit_real(emit, "age_s", age_s(holder->since, now_ns), 6);
	else
		lab_emit_u64(emit, "since", holder->since);
	if (holder->process)
		lab_emit_u64(emit, "process", holder->process);
	tell_stack(emit, holder, places);
}

void lab_stat_tell_last(FILE *out, const struct lab_arena *arena, const struct lab_holder *holder, uint64_t frame,
			const char *who)
{
	struct lab_places *places = lab_places_open(NULL, holder->process);
	struct lab_emit *emit = lab_emit_open(out, LAB_FORMAT_TEXT);

	lab_emit_begin(emit, "last_holder");
	lab_emit_u64(emit, "of_frame", frame);
	lab_emit_u64(emit, "block", holder->pfn);
	lab_emit_u64(emit, "order", holder->order);
	lab_emit_bool(emit, "still_held", holder->owner != LAB_OWNER_NONE);
	lab_emit_text(emit, "who", who);
	tell_trace(emit, arena, holder, lab_clock_mono_ns(), places);
	lab_emit_end(emit);
	lab_emit_close(emit);
	lab_places_close(places);
	fputc('\n', out);
}

static void tell_holder(struct lab_emit *emit, const struct lab_stat_view *view, const struct lab_holder *holder,
			uint64_t now_ns)
{
	lab_emit_begin(emit, "holder");
	lab_emit_u64(emit, "frame", holder->pfn);
	lab_emit_u64(emit, "order", holder->order);
	tell_owner(emit, "owner", holder->owner);
	if (holder->traced)
		tell_trace(emit, view->arena, holder, now_ns, view->places);
	lab_emit_end(emit);
}

static void tell_group(struct lab_emit *emit, const struct lab_stat_view *view, const struct group *group,
		       uint64_t now_ns)
{
	const struct lab_holder *oldest = group->oldest;

	lab_emit_begin(emit, "holders");
	lab_emit_u64(emit, "blocks", group->blocks);
	lab_emit_u64(emit, "frames", (uint64_t)group->blocks << oldest->order);
	lab_emit_u64(emit, "order", oldest->order);
	tell_flags(emit, oldest->gfp);
	lab_emit_group(emit, "oldest");
	lab_emit_u64(emit, "frame", oldest->pfn);
	lab_emit_u64(emit, "context", lab_owner_context(oldest->owner));
	if (lab_arena_trace_ticks(view->arena) == NS_PER_S)
		lab_emit_real(emit, "age_s", age_s(oldest->since, now_ns), 6);
	else
		lab_emit_u64(emit, "since", oldest->since);
	lab_emit_group_end(emit);
	if (lab_arena_trace_ticks(view->arena) == NS_PER_S)
		lab_emit_real(emit, "youngest_s", age_s(group->youngest, now_ns), 6);
	tell_stack(emit, oldest, view->places);
	lab_emit_end(emit);
}

static void tell_each(struct lab_emit *emit, const struct lab_stat_view *view, struct list *list, uint64_t now_ns)
{
	qsort(list->holders, list->count, sizeof(*list->holders), by_age);
	for (size_t i = 0; i < list->count && i < view->holders; i++)
		tell_holder(emit, view, &list->holders[i], now_ns);
}

static void tell_groups(struct lab_emit *emit, const struct lab_stat_view *view, struct list *list, uint64_t now_ns)
{
	struct group *groups = calloc(list->count + 1, sizeof(*groups));
	size_t count = 0;

	lab_assert(groups);
	qsort(list->holders, list->count, sizeof(*list->holders), by_place_and_age);
	for (size_t i = 0; i < list->count; i++) {
		const struct lab_holder *holder = &list->holders[i];

		if (!count || by_place(groups[count - 1].oldest, holder) != 0)
			groups[count++] = (struct group){.oldest = holder};
		groups[count - 1].blocks++;
		groups[count - 1].youngest = holder->since;
	}
	qsort(groups, count, sizeof(*groups), by_frames);
	for (size_t i = 0; i < count && i < view->holders; i++)
		tell_group(emit, view, &groups[i], now_ns);
	free(groups);
}

void lab_stat_tell_holders(struct lab_emit *emit, struct lab_stat_view *view)
{
	struct list list;
	uint64_t frames = 0, exclusive = 0, now_ns;

	if (!view->holders)
		return;
	list = gather(view->arena);
	now_ns = lab_clock_mono_ns(); /* after the look: no block is younger than none */
	for (size_t i = 0; i < list.count; i++) {
		frames += UINT64_C(1) << list.holders[i].order;
		exclusive += list.holders[i].traced && list.holders[i].gfp & LAB_GFP_EXCLUSIVE;
	}
	lab_emit_begin(emit, "held");
	lab_emit_u64(emit, "blocks", list.count);
	lab_emit_u64(emit, "frames", frames);
	if (lab_arena_is_traced(view->arena))
		lab_emit_u64(emit, "exclusive_blocks", exclusive);
	lab_emit_end(emit);
	if (list.count && !view->places)
		view->places = lab_places_open(view->path, list.holders[0].process);
	/* Without traces nothing is known by which blocks would go together. */
	if (list.count && (view->each || !lab_arena_is_traced(view->arena)))
		tell_each(emit, view, &list, now_ns);
	else if (list.count)
		tell_groups(emit, view, &list, now_ns);
	free(list.holders);
}
