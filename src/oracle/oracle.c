/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/bits.h"
#include "oracle/state.h"

static enum lab_status allocate(struct lab_oracle *oracle)
{
	uint64_t frame_room = oracle->machine->frame_count + 1; /* calloc(0) may answer NULL */

	oracle->census = calloc(frame_room, sizeof(*oracle->census));
	oracle->swept = calloc(frame_room, sizeof(*oracle->swept));
	oracle->spans = calloc(oracle->machine->span_count + 1, sizeof(*oracle->spans));
	if (!oracle->census || !oracle->swept || !oracle->spans)
		return LAB_SYSTEM;
	if (oracle->config.one_thread && oracle->arena && lab_history_create(oracle, &oracle->history) != LAB_OK)
		return LAB_SYSTEM;
	return lab_shadow_init(&oracle->shadow, oracle->machine, oracle->arena);
}

enum lab_status lab_oracle_create(const struct lab_oracle_config *config, struct lab_oracle **ret_oracle)
{
	struct lab_oracle *oracle = calloc(1, sizeof(*oracle));

	if (!oracle)
		return LAB_SYSTEM;
	oracle->config = *config;
	oracle->machine = config->machine;
	oracle->target = config->target;
	oracle->arena = config->target->caps & LAB_CAP_ARENA;
	if (allocate(oracle) != LAB_OK) {
		lab_oracle_destroy(oracle);
		return LAB_SYSTEM;
	}
	lab_oracle_reset(oracle, false);
	*ret_oracle = oracle;
	return LAB_OK;
}

void lab_oracle_destroy(struct lab_oracle *oracle)
{
	if (!oracle)
		return;
	lab_shadow_fini(&oracle->shadow);
	lab_history_destroy(oracle->history);
	free(oracle->census);
	free(oracle->swept);
	free(oracle->spans);
	free(oracle);
}

void lab_oracle_reset(struct lab_oracle *oracle, bool keep_census)
{
	lab_shadow_clear(&oracle->shadow);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		lab_marks_init(&oracle->marks[zone], &oracle->machine->zones[zone]);
		lab_store_relaxed(&oracle->taken[zone], 0);
		lab_store_relaxed(&oracle->given[zone], 0);
		lab_store_relaxed(&oracle->absent[zone], 0);
		for (unsigned class = 0; class < LAB_CLASS_COUNT; class ++)
			lab_store_relaxed(&oracle->low_water[zone][class], UINT64_MAX);
	}
	for (size_t span = 0; span < oracle->machine->span_count; span++)
		lab_store_relaxed(&oracle->spans[span], LAB_SPAN_PRESENT);
	lab_store_relaxed(&oracle->calls_begun, 0);
	lab_store_relaxed(&oracle->calls_ended, 0);
	lab_store_relaxed(&oracle->unjudged, 0);
	lab_store_relaxed(&oracle->unwatched, 0);
	oracle->open = NULL;
	oracle->died = false;
	oracle->reclaim = NULL;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		lab_store_relaxed(&oracle->reclaim_wanted[zone], 0);
		lab_store_relaxed(&oracle->reclaim_works[zone], 0);
	}
	if (oracle->history)
		lab_history_reset(oracle->history);
	oracle->own_generation = 0;
	if (!keep_census)
		lab_oracle_assume_census(oracle);
}

const struct lab_span *lab_oracle_span(const struct lab_oracle *oracle, uint64_t frame)
{
	for (size_t i = 0; i < oracle->machine->span_count; i++) {
		const struct lab_span *span = &oracle->machine->spans[i];

		if (frame >= span->first_frame && frame - span->first_frame < span->frame_count)
			return span;
	}
	return NULL;
}

enum lab_zone lab_oracle_zone(const struct lab_oracle *oracle, uint64_t frame)
{
	const struct lab_span *span = oracle->arena ? lab_oracle_span(oracle, frame) : NULL;

	return span ? span->zone : LAB_ZONE_NORMAL;
}

bool lab_oracle_applies(const struct lab_oracle *oracle, enum lab_rule rule)
{
	uint64_t caps = lab_rule_info(rule)->caps;

	return !caps || oracle->target->caps & caps;
}

void lab_oracle_call_begin(struct lab_oracle *oracle, struct lab_call *call, enum lab_call_kind kind, unsigned actor,
			   const struct lab_request *request)
{
	lab_oracle_bracket(oracle, true);
	*call = (struct lab_call){.kind = kind, .actor = actor, .request = *request};
	/* Relaxed, as all of the oracle's; a count that is seen late only makes a failure unjudged. */
	call->ticket = lab_fetch_add_relaxed(&oracle->calls_begun, 1);
	call->alone_at_start = lab_load_relaxed(&oracle->calls_ended) == call->ticket;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		call->marks_at_start[zone] = lab_marks_version(&oracle->marks[zone]);
		call->taken_at_start[zone] = lab_load_relaxed(&oracle->taken[zone]);
	}
	call->memory_at_start = lab_load_relaxed(&oracle->memory_version);
	if (!oracle->config.one_thread)
		return;
	call->history = lab_history_begin(oracle->history);
	call->outer = oracle->open;
	oracle->open = call;
}

bool lab_oracle_call_alone(const struct lab_oracle *oracle, const struct lab_call *call)
{
	return call->alone_at_start && lab_load_relaxed(&oracle->calls_begun) == call->ticket + 1;
}

void lab_oracle_call_end(struct lab_oracle *oracle, struct lab_call *call)
{
	lab_oracle_bracket(oracle, false);
	lab_fetch_add_relaxed(&oracle->calls_ended, 1);
	if (!oracle->config.one_thread)
		return;
	for (struct lab_call **at = &oracle->open; *at; at = &(*at)->outer)
		if (*at == call) {
			*at = call->outer;
			return;
		}
}

void lab_oracle_other_begin(struct lab_oracle *oracle)
{
	lab_oracle_bracket(oracle, true);
	lab_fetch_add_relaxed(&oracle->calls_begun, 1);
}

void lab_oracle_other_end(struct lab_oracle *oracle)
{
	lab_oracle_bracket(oracle, false);
	lab_fetch_add_relaxed(&oracle->calls_ended, 1);
}

void lab_oracle_marks_begin(struct lab_oracle *oracle, unsigned zone, const struct lab_zone_marks *marks)
{
	lab_oracle_bracket(oracle, true);
	lab_marks_begin(&oracle->marks[zone], marks);
	if (oracle->config.one_thread)
		lab_oracle_instant(oracle, NULL);
}

void lab_oracle_marks_end(struct lab_oracle *oracle, unsigned zone, const struct lab_zone_marks *marks)
{
	lab_oracle_bracket(oracle, false);
	lab_marks_end(&oracle->marks[zone], marks);
	if (oracle->config.one_thread)
		lab_oracle_instant(oracle, NULL);
}

uint64_t lab_oracle_owned(const struct lab_oracle *oracle, enum lab_zone zone)
{
	uint64_t given = lab_load_relaxed(&oracle->given[zone]); /* first: a block is taken before it is given */

	return lab_load_relaxed(&oracle->taken[zone]) - given;
}

uint64_t lab_oracle_total(const struct lab_oracle *oracle, enum lab_zone zone)
{
	return oracle->total[zone];
}

uint64_t lab_oracle_low_water(const struct lab_oracle *oracle, enum lab_zone zone, enum lab_class class)
{
	return lab_load_relaxed(&oracle->low_water[zone][class]);
}

uint64_t lab_oracle_unjudged(const struct lab_oracle *oracle)
{
	return lab_load_relaxed(&oracle->unjudged);
}

uint64_t lab_oracle_windows(const struct lab_oracle *oracle)
{
	return oracle->history ? oracle->history->windows : 0;
}

uint64_t lab_oracle_windows_unjudged(const struct lab_oracle *oracle)
{
	return oracle->history ? oracle->history->unjudged : 0;
}

uint64_t lab_oracle_unwatched(const struct lab_oracle *oracle)
{
	return lab_load_relaxed(&oracle->unwatched);
}
