/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "oracle/state.h"
#include "scenario/words.h"

/*
 * Spans that go and come. T is the frames of those that are there. While a change is under way its span is in doubt: a
 * block may lie in it, and R03 counts its frames, since they may be free; but no failure is judged, and a span that is
 * absent for sure has nobody's block. Who has a block in hand keeps its span from going, so a block that is answered
 * and lies in an absent span is no matter of when anybody looked.
 */

static void set(struct lab_oracle *oracle, unsigned span, enum lab_span_memory memory)
{
	/* Relaxed, as all of the oracle's. */
	lab_store_relaxed(&oracle->spans[span], memory);
}

/* The span's frames of the census. */
static uint64_t frames_of(const struct lab_oracle *oracle, const struct lab_span *span)
{
	uint64_t frames = 0;

	for (uint64_t i = 0; i < span->frame_count; i++)
		frames += oracle->census[span->first_frame + i];
	return frames;
}

/* A frame of the span that somebody owns, or NULL. */
static const struct lab_cell *owned_in(const struct lab_oracle *oracle, const struct lab_span *span)
{
	for (uint64_t i = 0; i < span->frame_count; i++) {
		const struct lab_cell *cell = &oracle->shadow.cells[span->first_frame + i];

		if (lab_load_relaxed(&cell->owner) != LAB_OWNER_NONE)
			return cell;
	}
	return NULL;
}

static uint64_t frame_of(const struct lab_oracle *oracle, const struct lab_cell *cell)
{
	return (uint64_t)(cell - oracle->shadow.cells);
}

bool lab_oracle_is_absent(const struct lab_oracle *oracle, uint64_t frame)
{
	const struct lab_span *span = lab_oracle_span(oracle, frame);

	return span && lab_load_relaxed(&oracle->spans[span - oracle->machine->spans]) == LAB_SPAN_ABSENT;
}

bool lab_oracle_is_present(const struct lab_oracle *oracle, uint64_t frame)
{
	const struct lab_span *span = lab_oracle_span(oracle, frame);

	return span && lab_load_relaxed(&oracle->spans[span - oracle->machine->spans]) == LAB_SPAN_PRESENT;
}

uint64_t lab_oracle_there(const struct lab_oracle *oracle, unsigned zone)
{
	return oracle->total[zone] - lab_load_relaxed(&oracle->absent[zone]);
}

void lab_oracle_memory_begin(struct lab_oracle *oracle, struct lab_memory_change *change, unsigned actor, unsigned span,
			     bool comes)
{
	const struct lab_span *it = &oracle->machine->spans[span];

	lab_oracle_bracket(oracle, true);
	*change = (struct lab_memory_change){.actor = actor, .span = span, .comes = comes};
	/* As of a request: it is judged if it ran alone. */
	change->ticket = lab_fetch_add_relaxed(&oracle->calls_begun, 1);
	change->alone = lab_load_relaxed(&oracle->calls_ended) == change->ticket;
	change->marks = lab_marks_version(&oracle->marks[it->zone]);
	change->was_absent = lab_load_relaxed(&oracle->spans[span]) == LAB_SPAN_ABSENT;
	if (oracle->history)
		oracle->history->lost = true; /* the model knows of no memory that goes */
	lab_fetch_add_relaxed(&oracle->memory_version, 1);
	set(oracle, span, LAB_SPAN_IN_DOUBT);
	if (!change->was_absent)
		return;
	lab_fetch_sub_relaxed(&oracle->absent[it->zone], frames_of(oracle, it));
	if (oracle->config.one_thread)
		lab_oracle_instant(oracle, NULL);
}

/* Nobody else was at work from the begin until now, and nobody moved the marks. */
static bool ran_alone(const struct lab_oracle *oracle, const struct lab_memory_change *change)
{
	return change->alone && lab_load_relaxed(&oracle->calls_begun) == change->ticket + 1 &&
	       lab_marks_stable(&oracle->marks[oracle->machine->spans[change->span].zone], change->marks);
}

/* R10: nobody had a frame of it, and enough would have been left. */
static void judge_refusal(struct lab_oracle *oracle, const struct lab_memory_change *change, enum lab_status status)
{
	const struct lab_span *span = &oracle->machine->spans[change->span];
	const struct lab_marks *marks = &oracle->marks[span->zone];
	uint64_t free_frames = lab_oracle_there(oracle, span->zone) - lab_oracle_owned(oracle, span->zone);

	if (!(oracle->target->caps & LAB_CAP_EXACT) || owned_in(oracle, span) ||
	    frames_of(oracle, span) != span->frame_count || free_frames - span->frame_count < lab_marks_high_now(marks))
		return;
	/* Asked last: then all that was read above stood still. */
	if (!ran_alone(oracle, change))
		return;
	lab_oracle_report(oracle, LAB_R10_SPURIOUS_FAILURE, change->actor, span->first_frame, 0,
			  "span %u is free, and its removal answered %s owners=nobody", change->span,
			  lab_status_name(status));
}

/* R01: who has a block goes on using it. R03: what must be left, as of a request. */
static void judge_removal(struct lab_oracle *oracle, const struct lab_memory_change *change)
{
	const struct lab_span *span = &oracle->machine->spans[change->span];
	const struct lab_cell *owned = owned_in(oracle, span);
	uint64_t free_frames = lab_oracle_there(oracle, span->zone) - lab_oracle_owned(oracle, span->zone);
	uint64_t left = free_frames - frames_of(oracle, span), high = lab_marks_high_now(&oracle->marks[span->zone]);

	if (!owned && (int64_t)left < (int64_t)high && lab_oracle_applies(oracle, LAB_R03_RESERVE_FLOOR) &&
	    ran_alone(oracle, change))
		lab_oracle_report(oracle, LAB_R03_RESERVE_FLOOR, change->actor, span->first_frame, 0,
				  "span %u went, zone=%s left=%" PRIu64 " high=%" PRIu64 " owners=nobody", change->span,
				  lab_zone_name(span->zone), left, high);
	if (owned)
		lab_oracle_report(oracle, LAB_R01_EXCLUSIVE_OWNERSHIP, change->actor, frame_of(oracle, owned), 0,
				  "frame %" PRIu64 " went with span %u, and somebody has it owners=%s",
				  frame_of(oracle, owned), change->span,
				  lab_oracle_owner_name(oracle, lab_load_relaxed(&owned->owner)));
}

/* What was asked of the frames' content no longer holds: the memory itself may have been exchanged. */
static void forget_content(struct lab_oracle *oracle, const struct lab_span *span)
{
	for (uint64_t i = 0; i < span->frame_count; i++) {
		struct lab_cell *cell = &oracle->shadow.cells[span->first_frame + i];

		if (lab_load_relaxed(&cell->owner) == LAB_OWNER_NONE)
			lab_store_relaxed(&cell->facts, lab_load_relaxed(&cell->facts) & ~LAB_CELL_SHREDDED);
	}
}

static bool is_right(const struct lab_memory_change *change, enum lab_status status)
{
	if (change->comes != change->was_absent)
		return status == LAB_UNCHANGED;
	return status == LAB_OK || (!change->comes && (status == LAB_BUSY || status == LAB_NO_MEMORY));
}

void lab_oracle_memory_end(struct lab_oracle *oracle, struct lab_memory_change *change, enum lab_status status)
{
	const struct lab_span *span = &oracle->machine->spans[change->span];
	bool absent = status == LAB_OK ? !change->comes : change->was_absent;

	if (!is_right(change, status))
		lab_oracle_report(oracle, change->comes ? LAB_R04_CONSERVATION : LAB_R14_ACCOUNTING, change->actor,
				  span->first_frame, 0, "span %u is %s, and %s it answered %s owners=nobody",
				  change->span, change->was_absent ? "absent" : "present",
				  change->comes ? "adding" : "removing", lab_status_name(status));
	else if (!change->comes && status == LAB_OK)
		judge_removal(oracle, change);
	else if (!change->comes && !change->was_absent)
		judge_refusal(oracle, change, status);
	if (absent) {
		lab_fetch_add_relaxed(&oracle->absent[span->zone], frames_of(oracle, span));
		forget_content(oracle, span);
	}
	set(oracle, change->span, absent ? LAB_SPAN_ABSENT : LAB_SPAN_PRESENT);
	lab_fetch_add_relaxed(&oracle->memory_version, 1);
	lab_oracle_bracket(oracle, false);
	lab_fetch_add_relaxed(&oracle->calls_ended, 1);
}

bool lab_oracle_bring_back(struct lab_oracle *oracle, void *self)
{
	for (unsigned span = 0; span < oracle->machine->span_count; span++) {
		const struct lab_span *it = &oracle->machine->spans[span];
		enum lab_status status;

		if (lab_load_relaxed(&oracle->spans[span]) != LAB_SPAN_ABSENT)
			continue;
		status = oracle->target->memory_add(self, span);
		lab_fetch_sub_relaxed(&oracle->absent[it->zone], frames_of(oracle, it));
		set(oracle, span, LAB_SPAN_PRESENT);
		if (status == LAB_OK)
			continue;
		lab_oracle_report(oracle, LAB_R04_CONSERVATION, LAB_FINDING_NO_ACTOR, it->first_frame, 0,
				  "span %u is absent, and adding it answered %s owners=nobody", span,
				  lab_status_name(status));
		return false;
	}
	return true;
}
