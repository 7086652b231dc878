/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_weak.h"

#include "base/bits.h"
#include "engine/memory.h"
#include "engine/sim_state.h"
#include "plat/race.h"

/*
 * The engine's side of the memory model. Beside the target's own operations these order contexts: what orders them in
 * race mode (plat/race.h), the heap, and calls and operations: one that begins comes after all that ended, since the
 * oracle judges by that; so only calls that overlap may see one another's stores late.
 */

bool lab_sim_is_weak;

static const struct lab_race *below; /* who was told before; NULL: nobody */
static const char calls, heap;       /* tags */

/* The running context's CPU; NULL: the engine's own call, which sees everything and is seen by all. */
static const struct lab_sim_strand *here(void)
{
	const struct lab_sim_strand *strand = lab_sim_current ? lab_sim_current->running : NULL;

	return strand && strand->top ? strand : NULL;
}

static struct lab_memory_access access_of(const struct lab_sim_strand *strand, const void *object, size_t bytes,
					  int order, const void *code)
{
	return (struct lab_memory_access){
		.cpu = strand->cpu,
		.context = strand->top->actor->index,
		.order = order,
		.object = object,
		.bytes = bytes,
		.code = (uintptr_t)code,
		/* on somebody's stack, or got past malloc: of what use it was before is not known */
		.newest_only = !lab_sim_place(lab_sim_current, (uintptr_t)object),
	};
}

static unsigned choose(struct lab_sim *sim, const struct lab_memory_access *load, unsigned most)
{
	struct lab_strategy *strategy = sim->options.strategy;
	struct lab_sim_context *context = &sim->contexts[load->context];
	struct lab_choice place;
	struct lab_read question = {
		.context = load->context, .most = most, .usual = lab_memory_usual(sim->memory, load, most)};
	unsigned older;

	if (!most || !strategy->ops->reads)
		return question.usual;
	place = lab_sim_read_place(sim, context, load->bytes, load->code);
	question.place = &place;
	older = strategy->ops->reads(strategy, &question);
	lab_assert_cmp(older, <=, most);
	place.chosen = place.asker;
	place.reads = (uint8_t)(older + 1);
	if (older != question.usual && sim->options.record)
		lab_choices_add(sim->options.record, place);
	return older;
}

/* For who looks on, and for what tells runs apart. */
static void tell(struct lab_sim *sim, const struct lab_memory_access *load, const struct lab_memory_store *read,
		 unsigned older)
{
	struct lab_sim_step *step = &sim->step;
	uint64_t newest = lab_spin_value_at((uintptr_t)load->object, load->bytes);

	lab_sim_record(sim, load->context, LAB_OP_KIND_COUNT + 4, older, read->value);
	lab_order_step(&sim->order, load->context, sim->contexts[load->context].self.events ^ (uint64_t)older << 48,
		       (uintptr_t)load->object, false);
	lab_sim_trace(sim, "%s: reads 0x%llx, %u stores older than 0x%llx", lab_sim_name(sim, load->context),
		      (unsigned long long)read->value, older, (unsigned long long)newest);
	if (!sim->options.step || step->context != load->context || step->pending.address != (uintptr_t)load->object)
		return;
	step->older = older;
	step->newest = newest;
	step->before = step->after = read->value;
	step->older_context = read->code ? read->context : LAB_NOBODY;
	step->older_code = lab_sim_code_offset(sim, read->code);
}

uint64_t lab_sim_weak_read(const void *object, size_t bytes, int order, const void *code)
{
	const struct lab_sim_strand *strand = here();
	struct lab_sim *sim = lab_sim_current;
	struct lab_memory_access load;
	struct lab_memory_store read;
	unsigned older;

	if (!strand)
		return bytes > sizeof(uint64_t) ? 0 : lab_spin_value_at((uintptr_t)object, bytes);
	load = access_of(strand, object, bytes, order, code);
	older = choose(sim, &load, lab_memory_choices(sim->memory, &load));
	read = lab_memory_load(sim->memory, &load, older);
	if (older)
		tell(sim, &load, &read, older);
	return read.value;
}

void lab_sim_weak_store(const void *object, size_t bytes, int order, uint64_t value, const void *code)
{
	const struct lab_sim_strand *strand = here();
	struct lab_memory_access store;

	if (!strand)
		return;
	store = access_of(strand, object, bytes, order, code);
	lab_memory_store(lab_sim_current->memory, &store, value);
}

void lab_sim_weak_change(const void *object, size_t bytes, int order, bool done, const void *code)
{
	const struct lab_sim_strand *strand = here();
	struct lab_memory_access update;

	for (size_t at = 0; strand && at < bytes; at += sizeof(uint64_t)) {
		update = access_of(strand, (const char *)object + at, LAB_MIN(bytes, sizeof(uint64_t)), order, code);
		update.newest_only |= bytes > sizeof(uint64_t); /* in two halves, and so not one value */
		if (done)
			lab_memory_update(lab_sim_current->memory, &update);
		else
			(void)lab_memory_load(lab_sim_current->memory, &update, 0);
	}
}

void lab_sim_weak_write(const void *address, size_t bytes)
{
	const struct lab_sim_strand *strand = here();

	if (strand)
		lab_memory_plain(lab_sim_current->memory, strand->cpu, address, bytes);
}

void lab_sim_weak_fenced(int order)
{
	const struct lab_sim_strand *strand = here();

	if (strand)
		lab_memory_fence(lab_sim_current->memory, strand->cpu, order);
}

static void access(const void *address, size_t bytes, bool write)
{
	if (write)
		lab_sim_weak_write(address, bytes);
	if (below)
		below->access(address, bytes, write);
}

static void release_here(const void *tag)
{
	const struct lab_sim_strand *strand = here();

	if (strand)
		lab_memory_release(lab_sim_current->memory, strand->cpu, tag);
}

static void acquire_here(const void *tag)
{
	const struct lab_sim_strand *strand = here();

	if (strand)
		lab_memory_acquire(lab_sim_current->memory, strand->cpu, tag);
}

static void release(const void *tag)
{
	release_here(tag);
	if (below)
		below->release(tag);
}

static void acquire(const void *tag)
{
	acquire_here(tag);
	if (below)
		below->acquire(tag);
}

static const struct lab_race listener = {.access = access, .release = release, .acquire = acquire};

/* Stricter than malloc's promise, which is about one block: blocks are split and joined. */
void lab_sim_weak_took(const void *block, size_t bytes)
{
	acquire_here(&heap);
	if (lab_sim_current)
		lab_memory_forget(lab_sim_current->memory, block, bytes);
}

void lab_sim_weak_gave(const void *block)
{
	release_here(&heap);
}

void lab_sim_weak_begin(struct lab_sim *sim)
{
	const struct lab_strategy *strategy = sim->options.strategy;

	if (!strategy || !strategy->weak || !sim->module)
		return;
	if (!sim->memory)
		sim->memory = lab_memory_create();
	lab_assert(sim->memory);
	lab_memory_meet(sim->memory, sim->cpu_count);
	lab_sim_is_weak = true;
	below = lab_race;
	lab_race = &listener;
}

void lab_sim_weak_end(struct lab_sim *sim)
{
	if (!lab_sim_is_weak)
		return;
	lab_race = below;
	lab_sim_is_weak = false;
}

void lab_sim_weak_meet(struct lab_sim *sim)
{
	lab_memory_meet(sim->memory, sim->cpu_count);
}

void lab_sim_weak_bracket(bool begins)
{
	if (!lab_sim_is_weak)
		return;
	if (begins)
		acquire_here(&calls);
	else
		release_here(&calls);
}
