/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "scenario/edit.h"
#include "scenario/fuzz_form.h"
#include "scenario/mend.h"
#include "scenario/mutate.h"
#include "scenario/words.h"

/*
 * The child has as many tasks and lines as the parent with more of them, tasks first. The n-th task of a parent is the
 * n-th task of the child, and so with lines, so that numbers of contexts are told by rank.
 */
struct family {
	size_t tasks, lines; /* of the child */
};

static size_t count_lines(const struct lab_scenario *scenario)
{
	size_t lines = 0;

	for (size_t i = 0; i < scenario->context_count; i++)
		lines += lab_is_handler(&scenario->contexts[i]);
	return lines;
}

/* The parent's n-th task or line, or NULL. */
static const struct lab_scenario_context *ranked(const struct lab_scenario *parent, bool line, size_t rank)
{
	for (size_t i = 0; i < parent->context_count; i++)
		if (lab_is_handler(&parent->contexts[i]) == line && !rank--)
			return &parent->contexts[i];
	return NULL;
}

/* The child's number of a parent's context. */
static uint16_t number_of(const struct family *family, const struct lab_scenario *parent, size_t index)
{
	bool line = lab_is_handler(&parent->contexts[index]);
	size_t rank = 0;

	for (size_t i = 0; i < index; i++)
		rank += lab_is_handler(&parent->contexts[i]) == line;
	return (uint16_t)(line ? family->tasks + rank : rank);
}

static void add_ops(struct lab_scenario *child, const struct family *family, const struct lab_scenario *parent,
		    const struct lab_scenario_context *context, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct lab_op op = parent->ops[context->first_op + i];
		enum lab_peer peer = lab_op_infos[op.kind].peer;

		if (peer == LAB_PEER_CONTEXT || peer == LAB_PEER_HANDLER)
			op.peer = number_of(family, parent, op.peer);
		lab_scenario_add_op(child, op);
	}
}

/* The beginning of one parent's operations, the end of the other's; at times all of one. */
static void add_context(struct lab_prng *prng, struct lab_scenario *child, const struct family *family,
			const struct lab_scenario *const parents[2], bool line, size_t rank)
{
	const struct lab_scenario_context *both[2] = {ranked(parents[0], line, rank), ranked(parents[1], line, rank)};
	unsigned first = !both[0] || (both[1] && lab_prng_chance(prng, 1, 2));
	struct lab_scenario_context *made = lab_scenario_add_context(child);
	size_t first_op = made->first_op, cut;

	*made = *both[first];
	made->first_op = first_op;
	made->op_count = 0;
	if (!both[!first] || lab_prng_chance(prng, 1, 2)) {
		add_ops(child, family, parents[first], both[first], 0, both[first]->op_count);
		return;
	}
	cut = lab_prng_below(prng, both[first]->op_count + 1);
	add_ops(child, family, parents[first], both[first], 0, cut);
	cut = lab_prng_below(prng, both[!first]->op_count + 1);
	add_ops(child, family, parents[!first], both[!first], cut, both[!first]->op_count);
}

static void add_directives(struct lab_scenario *child, const struct family *family, const struct lab_scenario *parent,
			   size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct lab_directive directive = parent->directives[i];

		directive.context = number_of(family, parent, directive.context);
		if (directive.kind == LAB_DIRECTIVE_FIRE_AT)
			directive.host = number_of(family, parent, directive.host);
		lab_scenario_add_directive(child, directive);
	}
}

static void cross_schedule(struct lab_prng *prng, const struct family *family,
			   const struct lab_scenario *const parents[2], struct lab_scenario *child)
{
	unsigned first = (unsigned)lab_prng_below(prng, 2);
	const struct lab_scenario *head = parents[first], *tail = parents[!first];
	size_t cut = lab_prng_below(prng, head->directive_count + 1), from;

	add_directives(child, family, head, 0, cut);
	add_directives(child, family, tail, LAB_MIN(cut, tail->directive_count), tail->directive_count);
	cut = lab_prng_below(prng, head->schedule_bytes + 1);
	from = LAB_MIN(cut, tail->schedule_bytes);
	lab_scenario_add_schedule(child, head->schedule, cut);
	lab_scenario_add_schedule(child, from < tail->schedule_bytes ? tail->schedule + from : NULL,
				  tail->schedule_bytes - from);
}

void lab_scenario_cross(struct lab_prng *prng, const struct lab_scenario *a, const struct lab_scenario *b,
			struct lab_scenario *ret_child)
{
	const struct lab_scenario *const parents[2] = {a, b};
	bool small = lab_fuzz_form_fits(a) && lab_fuzz_form_fits(b);
	size_t lines_a = count_lines(a), lines_b = count_lines(b);
	struct family family = {.tasks = LAB_MAX(a->context_count - lines_a, b->context_count - lines_b),
				.lines = LAB_MAX(lines_a, lines_b)};

	lab_scenario_clear(ret_child);
	ret_child->machine = parents[lab_prng_below(prng, 2)]->machine;
	for (size_t rank = 0; rank < family.tasks; rank++)
		add_context(prng, ret_child, &family, parents, false, rank);
	for (size_t rank = 0; rank < family.lines; rank++)
		add_context(prng, ret_child, &family, parents, true, rank);
	cross_schedule(prng, &family, parents, ret_child);
	lab_scenario_mend(ret_child, small ? LAB_FUZZ_OP_MAX : SIZE_MAX / 4, NULL);
}
