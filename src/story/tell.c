/* SPDX-License-Identifier: Apache-2.0 */
#include "story/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

#define NEARLY_FULL 0xffffu /* the complement of a mask that is read more easily than the mask */
#define DECIMAL_MAX 99999u  /* of a word without a name; greater ones are addresses or masks more often than counts */

void lab_tell_context(const struct lab_scenario *scenario, unsigned context, char *text, size_t room)
{
	const struct lab_scenario_context actor = lab_scenario_actor(scenario, context);

	if (context <= scenario->context_count)
		snprintf(text, room, "%s %s", lab_context_kind_name(actor.kind), actor.name);
	else
		snprintf(text, room, "nobody");
}

void lab_tell_word(const struct lab_sim_step *step, struct lab_symbols *symbols, char *text, size_t room)
{
	enum { ANYWHERE, FRAMES, HEAP, DATA };
	uint64_t offset = step->place / 4;

	if (step->word[0])
		snprintf(text, room, "%s", step->word);
	else if (step->place % 4 == HEAP)
		snprintf(text, room, "heap+0x%" PRIx64, offset);
	else if (step->place % 4 == DATA && symbols && lab_symbols_variable(symbols, offset, text, room))
		return;
	else if (step->place % 4 == DATA)
		snprintf(text, room, "data+0x%" PRIx64, offset);
	else
		snprintf(text, room, "address 0x%" PRIxPTR, step->pending.address);
}

static void tell_owner(const struct lab_scenario *scenario, lab_owner owner, char *text, size_t room)
{
	unsigned context = lab_owner_context(owner); /* its index plus one */

	if (owner == LAB_OWNER_NONE)
		snprintf(text, room, "nobody");
	else if (context && context <= scenario->context_count)
		/* the engine counts in the low half, and says in the high one who made it */
		snprintf(text, room, "%s #%" PRIu32, scenario->contexts[context - 1].name, (uint32_t)owner);
	else
		snprintf(text, room, "0x%" PRIx64, owner);
}

void lab_tell_value(const struct lab_scenario *scenario, enum lab_word kind, uint64_t value, char *text, size_t room)
{
	if (kind == LAB_WORD_OWNER)
		tell_owner(scenario, value, text, room);
	else if ((kind == LAB_WORD_NUMBER || kind == LAB_WORD_HINT) && value == UINT64_MAX)
		snprintf(text, room, "-1");
	else if (kind == LAB_WORD_NUMBER || kind == LAB_WORD_HINT || !value ||
		 (kind == LAB_WORD_NONE && value <= DECIMAL_MAX))
		snprintf(text, room, "%" PRIu64, value);
	else if (~value <= NEARLY_FULL)
		snprintf(text, room, ~value ? "~0x%" PRIx64 : "~%" PRIx64, ~value);
	else
		snprintf(text, room, "0x%" PRIx64, value);
}

/* " (bit 3 set)" where that is all that happened to a mask. */
static void tell_bit(const struct lab_sim_step *step, char *text, size_t room)
{
	uint64_t other = step->before ^ step->after;

	text[0] = '\0';
	if (step->kind == LAB_WORD_BITS && lab_bits_is_pow2(other))
		snprintf(text, room, " (bit %u %s)", lab_bits_first(other), step->after & other ? "set" : "cleared");
}

/* A load of an older value: whose, and what it missed. */
static void tell_older(const struct lab_scenario *scenario, const struct lab_sim_step *step,
		       struct lab_symbols *symbols, char *text, size_t room)
{
	char by[112] = "nobody in this run", newest[48];
	const struct lab_source *source;
	size_t used = strlen(text);

	if (step->older_context != LAB_NOBODY)
		lab_tell_context(scenario, step->older_context, by, sizeof(by));
	lab_tell_value(scenario, step->kind, step->newest, newest, sizeof(newest));
	if (step->older_code && symbols && lab_symbols_source(symbols, step->older_code, &source) && source->line)
		snprintf(by + strlen(by), sizeof(by) - strlen(by), " in %s", source->function);
	snprintf(text + used, room - used, ", an older value, stored by %s; the newest is %s", by, newest);
}

void lab_tell_access(const struct lab_scenario *scenario, const struct lab_sim_step *step, struct lab_symbols *symbols,
		     char *text, size_t room)
{
	static const char *const verbs[] = {
		[LAB_SIM_READ] = "reads", [LAB_SIM_WRITE] = "writes", [LAB_SIM_UPDATE] = "updates"};
	const char *verb = verbs[step->pending.kind];
	char word[64], before[48], after[48], bit[24];

	lab_tell_word(step, symbols, word, sizeof(word));
	lab_tell_value(scenario, step->kind, step->before, before, sizeof(before));
	lab_tell_value(scenario, step->kind, step->after, after, sizeof(after));
	if (!step->has_values)
		snprintf(text, room, "%s %s: %" PRIu32 " bytes", verb, word, step->pending.bytes);
	else if (step->pending.kind == LAB_SIM_READ || !step->ended)
		snprintf(text, room, "%s %s: %s", verb, word, before);
	else if (step->before == step->after)
		snprintf(text, room, "%s %s: %s stays", verb, word, after);
	else {
		tell_bit(step, bit, sizeof(bit));
		snprintf(text, room, "%s %s: %s → %s%s", verb, word, before, after, bit);
	}
	if (step->older)
		tell_older(scenario, step, symbols, text, room);
}

bool lab_tell_service(const struct lab_sim_step *step, struct lab_symbols *symbols, char *text, size_t room)
{
	static const struct {
		const char *service, *says;
		bool matters;
	} services[] = {
		{"irq_save", "masks interrupts", true},
		{"irq_restore", "restored the interrupt mask", true},
		{"spin_lock", "takes", true},
		{"spin_trylock", "tries to take", true},
		{"spin_unlock", "let go of its lock", true},
		{"cpu_relax", "spins", false},
		{"might_sleep", "says that it may sleep", true},
		{"wait", "sleeps until woken", true},
		{"wake", "woke who slept", true},
		{"reclaim_wake", "asked for reclaim", true},
		{"shrink", "asks for memory back", true},
	};
	char word[64] = "";

	for (size_t i = 0; step->service && i < LAB_ARRAY_COUNT(services); i++) {
		if (strcmp(services[i].service, step->service) != 0)
			continue;
		if (step->pending.address)
			lab_tell_word(step, symbols, word, sizeof(word));
		snprintf(text, room, "%s%s%s", services[i].says, word[0] ? " " : "", word);
		return services[i].matters;
	}
	snprintf(text, room, "calls the host");
	return false;
}
