/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/plug_backing.h"

#include "base/assert.h"
#include "plat/sanitizer.h"

enum lab_status lab_plug_open(const struct lab_machine *machine, struct lab_workload_shared *shared)
{
	const struct lab_present_config config = {.base = machine->base,
						  .page_shift = machine->page_shift,
						  .spans = machine->spans,
						  .span_count = machine->span_count};

	return lab_present_create(&config, &shared->present);
}

void lab_plug_close(struct lab_workload_shared *shared)
{
	lab_present_destroy(shared->present);
	shared->present = NULL;
}

void lab_plug_move(void *arg, unsigned span, bool comes)
{
	struct lab_workload_shared *shared = arg;
	enum lab_status status = LAB_OK;

	/* Other workloads leave the backing alone, and so does the census, which comes before there is a list. */
	if (shared->present)
		status = comes ? lab_present_show(shared->present, span) : lab_present_hide(shared->present, span);
	lab_assert(status == LAB_OK || status == LAB_UNCHANGED);
}

/* Whoever has the frame writes it meanwhile, which is of no matter here: not for ThreadSanitizer either. */
LAB_NO_INSTRUMENTATION static uint64_t read_frames(const struct lab_present_span *span, unsigned page_shift)
{
	uint64_t sum = 0;

	for (size_t at = 0; at < span->bytes; at += (size_t)1 << page_shift)
		sum += *(const volatile uint64_t *)(span->start + at);
	return sum;
}

uint64_t lab_plug_walk(struct lab_workload_shared *shared, unsigned page_shift)
{
	const struct lab_present_list *list;
	uint64_t sum = 0;

	if (!shared->present)
		return 0;
	list = lab_present_enter(shared->present);
	for (size_t i = 0; i < list->count; i++)
		sum += read_frames(&list->spans[i], page_shift);
	lab_present_leave(shared->present);
	lab_fetch_add_relaxed(&shared->walks, 1); /* a statistic */
	return sum;
}
