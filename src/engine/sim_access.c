/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <string.h>

/* What hooks report: which accesses are events, and their part in the event hash. */

bool lab_sim_watches(void)
{
	return lab_sim_current && lab_sim_current->running->top;
}

static bool within(uintptr_t address, const void *start, size_t bytes)
{
	return address - (uintptr_t)start < bytes;
}

/* Memory that nobody else can see, or that nobody can write: the running stack, what the module's file made read-only,
 * the machine's description. */
static bool is_private(const struct lab_sim *sim, const struct lab_sim_strand *strand, uintptr_t address)
{
	const struct lab_module *module = sim->module;

	if (within(address, strand->stack, strand->stack_bytes))
		return true;
	if (within(address, sim->shape, sizeof(*sim->shape)))
		return true;
	if (!module || !within(address, module->whole.start, module->whole.bytes))
		return false;
	for (unsigned i = 0; i < module->writable_count; i++)
		if (within(address, module->writable[i].start, module->writable[i].bytes))
			return false;
	return true;
}

uint64_t lab_sim_place(const struct lab_sim *sim, uintptr_t address)
{
	const struct lab_machine *machine = sim->exec.machine;
	const struct lab_module *module = sim->module;

	if (address - sim->heap_start < sim->heap_room) /* first: most are */
		return 2 + 4 * (uint64_t)(address - sim->heap_start);
	if (within(address, machine->base, (size_t)machine->frame_count << machine->page_shift))
		return 1 + 4 * (uint64_t)(address - (uintptr_t)machine->base);
	if (module && within(address, module->whole.start, module->whole.bytes))
		return 3 + 4 * (uint64_t)(address - (uintptr_t)module->whole.start);
	return 0;
}

/* Of what may write: how often each context read in between is in its count of events. */
static void hash_access(struct lab_sim *sim, const struct lab_sim_pending *access,
			const struct lab_sim_context *context)
{
	uint64_t what = context->self.events << 32 ^ (uint64_t)access->bytes << 16 ^ context->actor->index;
	uint64_t mixed = sim->result->event_hash ^ what ^ lab_sim_place(sim, access->address) << 8;

	/* As a multiplicative hash: order counts, and it costs little at each access. */
	mixed *= UINT64_C(0x9e3779b97f4a7c15);
	sim->result->event_hash = mixed ^ mixed >> 32;
}

static void trace_access(struct lab_sim *sim, const struct lab_sim_pending *access, unsigned context)
{
	static const char *const regions[] = {"", "frames+", "heap+", "data+"};
	uint64_t place = lab_sim_place(sim, access->address), code = access->code;
	const struct lab_module *module = sim->module;

	if (module && within(access->code, module->whole.start, module->whole.bytes))
		code -= (uintptr_t)module->whole.start;
	lab_sim_trace(sim, "%s: %s of %u bytes at %s0x%llx, code 0x%llx", lab_sim_name(sim, context),
		      lab_sim_event_name(access->kind), access->bytes, regions[place % 4],
		      place ? (unsigned long long)place / 4 : (unsigned long long)access->address,
		      (unsigned long long)code);
}

static void note_write(struct lab_sim *sim, const struct lab_sim_pending *access)
{
	size_t word = (access->address - sim->heap_start) / sizeof(uint64_t);
	size_t last = (access->address + access->bytes - 1 - sim->heap_start) / sizeof(uint64_t);

	for (; word <= last && word < sim->word_count; word++) {
		sim->result->outgrown |= sim->options.settled && !(sim->words[word] & LAB_SIM_WORD_MOVES);
		sim->words[word] |= LAB_SIM_WORD_WRITTEN;
	}
}

/* Of the heap as create left it, inside one word, which no run had written when that was last looked at. */
static inline bool is_settled(const struct lab_sim *sim, uintptr_t address, size_t bytes)
{
	size_t offset = address - sim->heap_start, word = offset / sizeof(uint64_t);

	return word < sim->word_count && offset % sizeof(uint64_t) + bytes <= sizeof(uint64_t) &&
	       !(sim->words[word] & ~LAB_SIM_WORD_WRITTEN);
}

/* The oracle judges it, by the frames' owners as of now: so its order with what changes these is no matter of chance.
 */
static void judge_write(struct lab_sim *sim, uintptr_t address, size_t bytes, uintptr_t code)
{
	sim->shared = true;
	lab_oracle_written(sim->exec.oracle, lab_sim_runner(sim), (const void *)address, bytes,
			   lab_sim_module_offset(sim, code));
}

/* Asked after the point, at which others may have freed it. */
static inline void judge_heap(struct lab_sim *sim, enum lab_sim_event kind, uintptr_t address, size_t bytes,
			      uintptr_t code)
{
	if (__builtin_expect(!lab_heap_allows(&sim->module->heap, address - sim->heap_start, bytes), false))
		lab_sim_bad_access(sim, kind, address, bytes, code);
}

static void meet(struct lab_sim *sim, const struct lab_sim_pending *access)
{
	struct lab_sim_strand *strand = sim->running;

	/* whoever spins is asked everywhere, so that it yields at the same places with `settled` and without it */
	if (access->kind != LAB_SIM_READ || !sim->options.settled || strand->spin.spinning ||
	    !is_settled(sim, access->address, access->bytes)) {
		lab_sim_meet(access);
		return;
	}
	lab_sim_count(sim, strand);
	if (sim->raised || sim->tells)
		lab_sim_interrupted(sim, strand, access);
}

/* The engine's own call: a census, or quiescence, which have the most accesses of all. */
static __attribute__((noinline)) bool own_access(struct lab_sim *sim, enum lab_sim_event kind, uintptr_t address,
						 size_t bytes, uintptr_t code)
{
	lab_sim_count(sim, sim->running);
	if (address - sim->heap_start < sim->heap_room)
		judge_heap(sim, kind, address, bytes, code);
	else if (kind == LAB_SIM_WRITE && address - sim->arena_start < sim->arena_bytes)
		judge_write(sim, address, bytes, code);
	return false;
}

void lab_sim_tell_touch(struct lab_sim *sim, enum lab_sim_event kind, const void *address, size_t bytes, bool atomic,
			bool changed)
{
	const struct lab_actor *actor = sim->running->top ? sim->running->top->actor : NULL;
	const struct lab_sim_touch touch = {.context = actor ? actor->index : 0,
					    .cpu = sim->running->cpu,
					    .kind = kind,
					    .atomic = atomic,
					    .changed = changed,
					    .address = (uintptr_t)address,
					    .bytes = bytes};

	if (actor)
		sim->options.touch(sim->options.arg, &touch);
}

static __attribute__((noinline)) bool any_access(struct lab_sim *sim, enum lab_sim_event kind, uintptr_t address,
						 size_t bytes, const void *code, bool atomic)
{
	const struct lab_sim_pending access = {kind, (uint32_t)bytes, address, (uintptr_t)code};
	struct lab_sim_strand *strand = sim->running;
	bool in_heap = address - sim->heap_start < sim->heap_room;

	if (!in_heap && is_private(sim, strand, address))
		return false;
	meet(sim, &access);
	if (in_heap)
		judge_heap(sim, kind, address, bytes, access.code);
	else if (kind == LAB_SIM_WRITE && address - sim->arena_start < sim->arena_bytes)
		judge_write(sim, address, bytes, access.code);
	if (sim->options.pairs)
		lab_sim_pair(sim, &access, strand->top);
	if (__builtin_expect(sim->options.touch && kind != LAB_SIM_UPDATE, false))
		lab_sim_tell_touch(sim, kind, (const void *)address, bytes, atomic, kind == LAB_SIM_WRITE);
	if (__builtin_expect(sim->options.trace != NULL, false))
		trace_access(sim, &access, strand->top->actor->index);
	if (kind == LAB_SIM_READ) {
		lab_spin_saw(&strand->spin, address, access.code, lab_spin_value_at(address, bytes));
		return true;
	}
	hash_access(sim, &access, strand->top);
	if (in_heap)
		note_write(sim, &access);
	if (kind == LAB_SIM_WRITE)
		lab_sim_spin_wrote(sim, strand, address);
	return true;
}

static inline bool meet_access(enum lab_sim_event kind, const void *address, size_t bytes, const void *code,
			       bool atomic)
{
	struct lab_sim *sim = lab_sim_current;
	uintptr_t at = (uintptr_t)address;
	struct lab_sim_strand *strand;

	if (!sim || !bytes)
		return false;
	strand = sim->running;
	if (!strand->top)
		return own_access(sim, kind, at, bytes, (uintptr_t)code);
	if (kind != LAB_SIM_READ || !sim->hurries || strand->spin.spinning || sim->raised ||
	    sim->events >= sim->events_most || !is_settled(sim, at, bytes))
		return any_access(sim, kind, at, bytes, code, atomic);
	/* what most accesses are: nothing but counted and remembered */
	sim->events++;
	strand->top->self.events++;
	lab_spin_saw(&strand->spin, at, (uintptr_t)code, lab_spin_value_at(at, bytes));
	return true;
}

bool lab_sim_access(enum lab_sim_event kind, const void *address, size_t bytes, const void *code)
{
	return meet_access(kind, address, bytes, code, false);
}

bool lab_sim_atomic(enum lab_sim_event kind, const void *address, size_t bytes, const void *code)
{
	return meet_access(kind, address, bytes, code, true);
}

void lab_sim_updated(const void *address, const void *code, uint64_t old, bool changed)
{
	struct lab_sim *sim = lab_sim_current;

	if (__builtin_expect(sim->options.touch != NULL, false))
		lab_sim_tell_touch(sim, LAB_SIM_UPDATE, address, 1, true, changed);
	if (changed && (uintptr_t)address - sim->arena_start < sim->arena_bytes)
		judge_write(sim, (uintptr_t)address, 1, (uintptr_t)code);
	if (changed)
		lab_sim_spin_wrote(sim, sim->running, (uintptr_t)address);
	else
		lab_spin_saw(&sim->running->spin, (uintptr_t)address, (uintptr_t)code, old);
}
