/* SPDX-License-Identifier: Apache-2.0 */
#include "target/core_tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "core/process.h"
#include "core/trace.h"

struct table {
	const void *at; /* NULL: the arena has none */
	size_t bytes;
};

enum { STATE, STATES, WORDS, INFOS, REGIONS, CPUS, SLOTS, PAGES, VIEWS, TRACES, PROCESSES, SPANS, TABLES };

_Static_assert(TABLES == LAB_ARRAY_COUNT(((struct lab_core_tables *)0)->blocks), "a block for each table");

static bool copy(const struct table *table, void **ret_block)
{
	*ret_block = NULL;
	if (!table->at)
		return true;
	if (posix_memalign(ret_block, LAB_CACHE_LINE, table->bytes) != 0)
		return false;
	memcpy(*ret_block, table->at, table->bytes);
	return true;
}

enum lab_status lab_core_tables_part(struct lab_arena *arena, struct lab_core_tables *ret_tables)
{
	const struct lab_state *state = arena->state;
	const struct table tables[TABLES] = {
		[STATE] = {state, sizeof(*state)},
		[STATES] = {arena->chunk_states, state->chunk_count * sizeof(lab_atomic64)},
		[WORDS] = {arena->chunk_words, state->chunk_count * LAB_CHUNK_WORDS * sizeof(lab_atomic64)},
		[INFOS] = {arena->chunk_infos, (state->chunk_count + 1) * sizeof(struct lab_chunk_info)},
		[REGIONS] = {arena->regions, state->region_count * sizeof(uint32_t)},
		[CPUS] = {arena->cpus, (size_t)state->cpu_count * LAB_ZONE_COUNT * sizeof(struct lab_cpu_zone)},
		[SLOTS] = {arena->slots,
			   ((size_t)state->cpu_count * LAB_ZONE_COUNT << arena->slot_shift) * sizeof(lab_atomic64)},
		[PAGES] = {arena->pages, (state->frame_count + 1) * sizeof(struct lab_page)},
		[VIEWS] = {arena->views, state->frame_count * sizeof(lab_atomic8)},
		[TRACES] = {arena->traces, state->frame_count * sizeof(struct lab_trace)},
		[PROCESSES] = {arena->processes,
			       (size_t)state->process_count * (state->cpu_count + 1) * sizeof(struct lab_process_line)},
		[SPANS] = {arena->spans, (state->span_count + (size_t)1) * sizeof(struct lab_memory_span)},
	};
	struct lab_core_tables copies = {{NULL}};

	for (unsigned i = 0; i < TABLES; i++) {
		if (!copy(&tables[i], &copies.blocks[i])) {
			lab_core_tables_free(&copies);
			return LAB_SYSTEM;
		}
	}
	arena->state = copies.blocks[STATE];
	arena->chunk_states = copies.blocks[STATES];
	arena->chunk_words = copies.blocks[WORDS];
	arena->chunk_infos = copies.blocks[INFOS];
	arena->regions = copies.blocks[REGIONS];
	arena->cpus = copies.blocks[CPUS];
	arena->slots = copies.blocks[SLOTS];
	arena->pages = copies.blocks[PAGES];
	arena->views = copies.blocks[VIEWS];
	arena->traces = copies.blocks[TRACES];
	arena->processes = copies.blocks[PROCESSES];
	arena->spans = copies.blocks[SPANS];
	*ret_tables = copies;
	return LAB_OK;
}

void lab_core_tables_free(struct lab_core_tables *tables)
{
	for (unsigned i = 0; i < TABLES; i++)
		free(tables->blocks[i]);
}
