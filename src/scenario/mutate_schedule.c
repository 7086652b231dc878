/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/mutate_schedule.h"

#include <string.h>

#include "base/bits.h"
#include "scenario/draw.h"
#include "scenario/fuzz_form.h"

/*
 * A schedule is mostly zeros, each of them a place where the present context goes on; a byte that is none is a switch.
 * Bytes that have run out are zeros as well, so that a switch may be placed behind the end.
 */
#define SWITCH_FURTHEST 512u /* of a scenario that need not fit the fuzz form */
#define MOVE_FURTHEST   64u

static size_t schedule_room(const struct lab_scenario *scenario)
{
	return lab_fuzz_form_fits(scenario) ? LAB_FUZZ_SCHEDULE_MAX : scenario->schedule_bytes + SWITCH_FURTHEST;
}

/* Sooner or later by a little, now and then by more; false: it would leave 0..most. */
static bool shifted(struct lab_prng *prng, uint64_t at, uint64_t most, uint64_t *ret_at)
{
	uint64_t by = lab_draw_log(prng, MOVE_FURTHEST);
	bool later = lab_prng_chance(prng, 1, 2);

	if (later ? at > most || by > most - at : by > at)
		return false;
	*ret_at = later ? at + by : at - by;
	return true;
}

static bool insert_choice(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t count = scenario->schedule_bytes, at = lab_prng_below(prng, count + 1);
	uint8_t choice = lab_draw_choice(prng);

	if (count >= schedule_room(scenario))
		return false;
	lab_scenario_add_schedule(scenario, &choice, 1);
	memmove(scenario->schedule + at + 1, scenario->schedule + at, count - at);
	scenario->schedule[at] = choice;
	return true;
}

static bool drop_choice(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t count = scenario->schedule_bytes, at;

	if (!count)
		return false;
	at = lab_prng_below(prng, count);
	memmove(scenario->schedule + at, scenario->schedule + at + 1, count - at - 1);
	scenario->schedule_bytes--;
	return true;
}

static void set_choice(struct lab_scenario *scenario, size_t at, uint8_t choice)
{
	const uint8_t zero = 0;

	while (scenario->schedule_bytes <= at)
		lab_scenario_add_schedule(scenario, &zero, 1);
	scenario->schedule[at] = choice;
	while (scenario->schedule_bytes && !scenario->schedule[scenario->schedule_bytes - 1])
		scenario->schedule_bytes--; /* they say nothing there */
}

static bool pick_switch(struct lab_prng *prng, const struct lab_scenario *scenario, size_t *ret_at)
{
	size_t switches = 0, nth;

	for (size_t i = 0; i < scenario->schedule_bytes; i++)
		switches += scenario->schedule[i] != 0;
	if (!switches)
		return false;
	nth = lab_prng_below(prng, switches);
	for (*ret_at = 0; !scenario->schedule[*ret_at] || nth--; (*ret_at)++)
		;
	return true;
}

static uint8_t draw_switch(struct lab_prng *prng)
{
	return (uint8_t)lab_draw_log(prng, LAB_FUZZ_TASK_MAX + LAB_FUZZ_LINE_MAX);
}

static bool place_switch(struct lab_prng *prng, struct lab_scenario *scenario)
{
	set_choice(scenario, lab_draw_log(prng, schedule_room(scenario)) - 1, draw_switch(prng));
	return true;
}

static bool drop_switch(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t at;

	if (!pick_switch(prng, scenario, &at))
		return false;
	set_choice(scenario, at, 0);
	return true;
}

static bool move_switch(struct lab_prng *prng, struct lab_scenario *scenario)
{
	uint64_t to;
	size_t at;
	uint8_t choice;

	if (!pick_switch(prng, scenario, &at) || !shifted(prng, at, schedule_room(scenario) - 1, &to))
		return false;
	choice = scenario->schedule[at];
	set_choice(scenario, at, 0);
	set_choice(scenario, to, choice);
	return true;
}

static bool turn_switch(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t at;

	if (!pick_switch(prng, scenario, &at))
		return false;
	scenario->schedule[at] = draw_switch(prng);
	return true;
}

bool lab_mutate_schedule(struct lab_prng *prng, struct lab_scenario *scenario)
{
	static bool (*const edits[])(struct lab_prng *, struct lab_scenario *) = {
		insert_choice, drop_choice, place_switch, place_switch,
		drop_switch,   move_switch, move_switch,  turn_switch,
	};

	return edits[lab_prng_below(prng, LAB_ARRAY_COUNT(edits))](prng, scenario);
}

static bool insert_directive(struct lab_prng *prng, struct lab_scenario *scenario)
{
	size_t count = scenario->directive_count, at = lab_prng_below(prng, count + 1);
	struct lab_directive drawn = lab_draw_directive(prng, scenario);

	if (lab_fuzz_form_fits(scenario) && count >= LAB_FUZZ_DIRECTIVE_MAX)
		return false;
	lab_scenario_add_directive(scenario, drawn);
	memmove(scenario->directives + at + 1, scenario->directives + at, (count - at) * sizeof(drawn));
	scenario->directives[at] = drawn;
	return true;
}

static void drop_directive(struct lab_scenario *scenario, size_t at)
{
	scenario->directive_count--;
	memmove(scenario->directives + at, scenario->directives + at + 1,
		(scenario->directive_count - at) * sizeof(*scenario->directives));
}

/* The neighbours of a firing point are the next to try; a run of operations grows or shrinks the same way. */
static bool move_directive(struct lab_prng *prng, struct lab_scenario *scenario, size_t at)
{
	uint64_t count;

	if (!shifted(prng, scenario->directives[at].count, UINT16_MAX, &count))
		return false;
	scenario->directives[at].count = (uint32_t)count;
	return true;
}

bool lab_mutate_directive(struct lab_prng *prng, struct lab_scenario *scenario)
{
	uint64_t kind = lab_prng_below(prng, 4);
	size_t at;

	if (kind == 0)
		return insert_directive(prng, scenario);
	if (!scenario->directive_count)
		return false;
	at = lab_prng_below(prng, scenario->directive_count);
	if (kind > 1)
		return move_directive(prng, scenario, at);
	drop_directive(scenario, at);
	return true;
}
