/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "scenario/parser.h"
#include "scenario/words.h"

/* FIRST+COUNT, inside the machine. */
static bool parse_range(struct lab_parser *parser, uint64_t *ret_first, uint64_t *ret_count)
{
	uint64_t frames = parser->scenario->machine.frame_count;
	size_t place = lab_parse_peek(parser).offset;

	if (!lab_parse_number(parser, UINT64_MAX, "FIRST+COUNT", ret_first) || !lab_parse_sign(parser, "+") ||
	    !lab_parse_number(parser, UINT64_MAX, "the count of frames", ret_count))
		return false;
	if (!*ret_count || *ret_first >= frames || *ret_count > frames - *ret_first)
		return lab_parse_fail_at(parser, place, "FIRST+COUNT inside the machine's %llu frames",
					 (unsigned long long)frames);
	return true;
}

/* A number in its range, said at once: later numbers are judged by it. */
static bool parse_bounded(struct lab_parser *parser, uint64_t least, uint64_t most, uint64_t *ret_number)
{
	struct lab_token token = lab_parse_peek(parser);

	if (!lab_token_number(&parser->text, &token, ret_number) || *ret_number < least || *ret_number > most)
		return lab_parse_fail(parser, "a number, %llu..%llu", (unsigned long long)least,
				      (unsigned long long)most);
	lab_parse_advance(parser);
	return true;
}

/* NAME= where `name` is one of the names; answers its index, or -1 after an error. */
static int parse_key(struct lab_parser *parser, const char *const *names, int count, const char *expected)
{
	for (int i = 0; i < count; i++) {
		if (!lab_parse_at(parser, names[i]))
			continue;
		lab_parse_advance(parser);
		return lab_parse_sign(parser, "=") ? i : -1;
	}
	lab_parse_fail(parser, "%s", expected);
	return -1;
}

static bool parse_hole(struct lab_parser *parser)
{
	size_t place = lab_parse_peek(parser).offset;
	uint64_t first, count;

	if (!parse_range(parser, &first, &count))
		return false;
	if (!lab_spans_paint(&parser->holes, first, count, LAB_ZONE_DMA))
		return lab_parse_fail_at(parser, place, "at most %u holes", LAB_SPAN_LIST_ROOM);
	return true;
}

bool lab_parse_machine(struct lab_parser *parser)
{
	static const char *const keys[] = {"frames", "hole", "cpus", "order-max", "page-shift"};
	static const uint64_t least[] = {1, 0, 1, 0, LAB_PAGE_SHIFT_MIN},
			      most[] = {LAB_FRAME_MAX, 0, LAB_CPU_MAX, LAB_ORDER_MAX, LAB_PAGE_SHIFT_MAX};
	uint64_t values[] = {0, 0, 1, LAB_ORDER_MAX, LAB_PAGE_SHIFT_MIN};
	struct lab_scenario_machine *machine = &parser->scenario->machine;

	if (parser->machine_seen)
		return lab_parse_fail(parser, "one machine only");
	parser->machine_place = parser->token.offset;
	lab_parse_line(parser);
	if (!lab_parse_at(parser, "frames"))
		return lab_parse_fail(parser, "frames=");
	while (lab_parse_peek(parser).kind != LAB_TOKEN_END) {
		int key = parse_key(parser, keys, LAB_ARRAY_COUNT(keys), "hole=, cpus=, order-max= or page-shift=");

		if (key < 0)
			return false;
		if (key == 1 ? !parse_hole(parser) : !parse_bounded(parser, least[key], most[key], &values[key]))
			return false;
		machine->frame_count = values[0];
	}
	machine->cpu_count = (unsigned)values[2];
	machine->order_max = (unsigned)values[3];
	machine->page_shift = (unsigned)values[4];
	parser->machine_seen = true;
	return true;
}

static bool parse_zone_frames(struct lab_parser *parser, enum lab_zone zone)
{
	size_t place = lab_parse_peek(parser).offset;
	uint64_t first, count;

	if (!parse_range(parser, &first, &count))
		return false;
	for (size_t i = 0; i < parser->spans.count; i++) {
		const struct lab_span *span = &parser->spans.at[i];

		if (first < span->first_frame + span->frame_count && span->first_frame < first + count)
			return lab_parse_fail_at(parser, place, "frames that no range before holds");
	}
	if (!lab_spans_paint(&parser->spans, first, count, zone))
		return lab_parse_fail_at(parser, place, "at most %u ranges", LAB_SPAN_LIST_ROOM);
	return true;
}

bool lab_parse_zone(struct lab_parser *parser)
{
	static const char *const keys[] = {"frames", "min", "low", "high", "reserve"};
	uint64_t values[] = {0, 0, UINT64_MAX, UINT64_MAX, 0};
	enum lab_zone zone = LAB_ZONE_DMA;
	struct lab_zone_marks *marks;

	lab_parse_line(parser);
	while (zone < LAB_ZONE_COUNT && !lab_parse_at(parser, lab_zone_name(zone)))
		zone++;
	if (zone == LAB_ZONE_COUNT)
		return lab_parse_fail(parser, "dma or normal");
	if (parser->zone_seen[zone])
		return lab_parse_fail(parser, "each zone once only");
	parser->zone_seen[zone] = true;
	lab_parse_advance(parser);
	if (!lab_parse_at(parser, "frames"))
		return lab_parse_fail(parser, "frames=");
	while (lab_parse_peek(parser).kind != LAB_TOKEN_END) {
		int key = parse_key(parser, keys, LAB_ARRAY_COUNT(keys), "frames=, min=, low=, high= or reserve=");

		if (key < 0)
			return false;
		parser->zone_place[zone][key ? LAB_FIELD_MIN + key - 1 : LAB_FIELD_FRAMES] =
			lab_parse_peek(parser).offset;
		if (key ? !lab_parse_number(parser, UINT64_MAX - 1, "frames", &values[key])
			: !parse_zone_frames(parser, zone))
			return false;
	}
	marks = &parser->scenario->machine.zones[zone];
	*marks = (struct lab_zone_marks){.min = values[1], .low = values[2], .high = values[3]};
	marks->lowmem_reserve[LAB_ZONE_NORMAL] = values[4];
	return true;
}
