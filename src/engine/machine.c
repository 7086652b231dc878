/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/machine.h"

#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "plat/vm.h"

#define PAGE_SHIFT_MIN_UNSAID 12u

static unsigned page_shift_for(const struct lab_scenario_machine *from, const struct lab_target *target)
{
	unsigned least = target->page_shift_min ? target->page_shift_min : PAGE_SHIFT_MIN_UNSAID;

	return LAB_MAX(from->page_shift, least);
}

enum lab_status lab_machine_build(struct lab_machine_store *store, const struct lab_scenario_machine *from,
				  const struct lab_target *target, const struct lab_host *host)
{
	unsigned shift = page_shift_for(from, target);
	size_t bytes = (size_t)from->frame_count << shift;
	void *base = store->machine.base;

	lab_assert_cmp(from->span_count, <=, LAB_SPAN_MAX);
	if (!base || bytes > store->mapped_bytes) {
		enum lab_status status = lab_vm_map(bytes, &base);

		if (status != LAB_OK)
			return status;
		lab_machine_free(store);
		store->mapped_bytes = bytes;
	}
	memcpy(store->spans, from->spans, sizeof(store->spans));
	memcpy(store->zones, from->zones, sizeof(store->zones));
	for (size_t zone = 0; zone < LAB_ZONE_COUNT; zone++)
		store->zones[zone].frames = 0;
	for (size_t i = 0; i < from->span_count; i++)
		store->zones[from->spans[i].zone].frames += from->spans[i].frame_count;
	store->machine = (struct lab_machine){
		.base = base,
		.frame_count = from->frame_count,
		.page_shift = shift,
		.order_max = from->order_max,
		.cpu_count = from->cpu_count,
		.spans = store->spans,
		.span_count = from->span_count,
		.zones = store->zones,
		.zone_count = LAB_ZONE_COUNT,
		.host = host,
	};
	return LAB_OK;
}

void lab_machine_wipe(struct lab_machine_store *store)
{
	lab_vm_zero(store->machine.base, (size_t)store->machine.frame_count << store->machine.page_shift);
}

void lab_machine_free(struct lab_machine_store *store)
{
	if (store->machine.base)
		lab_vm_unmap(store->machine.base, store->mapped_bytes);
	store->machine.base = NULL;
	store->mapped_bytes = 0;
}
