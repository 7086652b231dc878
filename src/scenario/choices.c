/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/choices.h"

#include <stdlib.h>

#include "scenario/arrays.h"

void lab_choices_add(struct lab_choices *choices, struct lab_choice choice)
{
	if (choices->pinned && choices->count == choices->room)
		return;
	choices->list = lab_array_grown(choices->list, &choices->room, choices->count + 1, sizeof(*choices->list));
	choices->list[choices->count++] = choice;
}

void lab_choices_copy(struct lab_choices *to, const struct lab_choices *from)
{
	to->count = 0;
	for (size_t i = 0; i < from->count; i++)
		lab_choices_add(to, from->list[i]);
}

void lab_choices_free(struct lab_choices *choices)
{
	free(choices->list);
	*choices = (struct lab_choices){0};
}

bool lab_choices_are_weak(const struct lab_choices *choices)
{
	for (size_t i = 0; i < choices->count; i++)
		if (choices->list[i].reads)
			return true;
	return false;
}

bool lab_choice_same_place(const struct lab_choice *a, const struct lab_choice *b)
{
	return a->asker == b->asker && a->event == b->event && a->ask == b->ask;
}

void lab_choices_write(const struct lab_choices *choices, struct lab_writer *out)
{
	for (size_t i = 0; i < choices->count; i++) {
		const struct lab_choice *choice = &choices->list[i];

		lab_write_uint(out, choice->asker, 2);
		lab_write_uint(out, choice->chosen, 2);
		lab_write_uint(out, choice->reads ? choice->reads + 1u : choice->fires, 1);
		lab_write_uint(out, choice->event, 4);
		lab_write_uint(out, choice->ask, 4);
		lab_write_uint(out, choice->signature, 4);
	}
}

enum lab_status lab_choices_read(const uint8_t *bytes, size_t count, size_t context_count, struct lab_choices *choices)
{
	struct lab_reader reader = lab_reader_make(bytes, count);

	if (count % LAB_CHOICE_BYTES)
		return LAB_INVALID;
	while (reader.offset < count) {
		struct lab_choice choice = {
			.asker = (uint16_t)lab_read_uint(&reader, 2),
			.chosen = (uint16_t)lab_read_uint(&reader, 2),
		};
		uint64_t kind = lab_read_uint(&reader, 1); /* 0 moves, 1 comes in, beyond: reads so many less 2 back */

		choice.fires = kind == 1;
		choice.reads = kind > 1 ? (uint8_t)(kind - 1) : 0;
		choice.event = (uint32_t)lab_read_uint(&reader, 4);
		choice.ask = (uint32_t)lab_read_uint(&reader, 4);
		choice.signature = (uint32_t)lab_read_uint(&reader, 4);
		/* one more than the scenario's: the reclaimer */
		if (choice.reads > LAB_CHOICE_READS_MAX || (choice.reads && choice.chosen != choice.asker) ||
		    choice.chosen > context_count ||
		    (choice.asker > context_count && choice.asker != LAB_CHOICE_ENGINE)) {
			lab_choices_free(choices);
			return LAB_INVALID;
		}
		lab_choices_add(choices, choice);
	}
	return LAB_OK;
}
