/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/hook_race.h"
#include "engine/race_fiber.h"
#include "engine/sim_state.h"

static struct lab_race_fiber *here(void)
{
	return lab_sim_current->running->fiber;
}

static bool acquires(int order)
{
	return order == __ATOMIC_CONSUME || order == __ATOMIC_ACQUIRE || order >= __ATOMIC_ACQ_REL;
}

static bool releases(int order)
{
	return order >= __ATOMIC_RELEASE;
}

void lab_race_fence(int order)
{
	struct lab_race_fiber *fiber;

	if (!lab_race_open(__builtin_return_address(0)))
		return;
	fiber = here();
	for (; acquires(order) && fiber->load_count; fiber->load_count--)
		__tsan_acquire((void *)(uintptr_t)fiber->loads[fiber->load_count - 1]);
	fiber->released |= releases(order);
	lab_race_close();
}

static void note_load(const volatile void *object)
{
	struct lab_race_fiber *fiber = here();

	if (!lab_sim_current->module->fenced)
		return;
	for (unsigned i = 0; i < fiber->load_count; i++)
		if (fiber->loads[i] == object)
			return;
	if (fiber->load_count < LAB_RACE_LOADS)
		fiber->loads[fiber->load_count++] = object;
	else /* no room: as if the fence came at once */
		__tsan_acquire((void *)(uintptr_t)object);
}

int lab_race_load_order(const volatile void *object, int order)
{
	if (!acquires(order))
		note_load(object);
	return order;
}

int lab_race_store_order(int order)
{
	return order == __ATOMIC_RELAXED && here()->released ? __ATOMIC_RELEASE : order;
}

int lab_race_update_order(const volatile void *object, int order)
{
	order = lab_race_load_order(object, order);
	if (releases(order) || !here()->released)
		return order;
	return acquires(order) ? __ATOMIC_ACQ_REL : __ATOMIC_RELEASE;
}
