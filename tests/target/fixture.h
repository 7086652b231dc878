/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_FIXTURE_H
#define LAB_TESTS_FIXTURE_H

#include <labyrinth/target.h>

#define LAB_FIXTURE_SPAN_MAX 8u

/* A machine over memory of its own, with a host that is enough for one thread, or for several without interrupts. */
struct lab_fixture {
	struct lab_machine machine;
	struct lab_span spans[LAB_FIXTURE_SPAN_MAX];
	struct lab_zone_marks zones[LAB_ZONE_COUNT];
	uint64_t mapped_bytes;
};

extern const struct lab_host lab_fixture_host;

/* Spans ascending; the machine ends with the last one. Marks are all 0 and may be set before a target is created. */
void lab_fixture_init(struct lab_fixture *fixture, unsigned page_shift, unsigned order_max,
		      const struct lab_span *spans, size_t span_count);
void lab_fixture_fini(struct lab_fixture *fixture);

/* The frame number of a block, and the other way. */
uint64_t lab_fixture_frame(const struct lab_fixture *fixture, const void *block);
void *lab_fixture_block(const struct lab_fixture *fixture, uint64_t frame);

#endif
