/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/target/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/prng.h"
#include "plat/atomic.h"
#include "plat/vm.h"

static _Thread_local unsigned long irq_depth;
static _Thread_local struct lab_prng prng;

static unsigned long host_irq_save(void)
{
	return irq_depth++;
}

static void host_irq_restore(unsigned long flags)
{
	irq_depth--;
	lab_assert_cmp(irq_depth, ==, flags); /* saves and restores nest */
}

static bool host_spin_trylock(struct lab_spinlock *lock)
{
	/* Takes what the last holder did under the lock; its partner is the release in host_spin_unlock. */
	return !lab_exchange_acquire((lab_atomic32 *)&lock->word, 1);
}

static void host_spin_lock(struct lab_spinlock *lock)
{
	while (!host_spin_trylock(lock))
		lab_cpu_pause();
}

static void host_spin_unlock(struct lab_spinlock *lock)
{
	/* Publishes what was done under the lock; its partner is the acquire in host_spin_trylock. */
	lab_store_release((lab_atomic32 *)&lock->word, 0);
}

static void host_nothing(void)
{
}

static void host_wait(const uint32_t *key, uint32_t seen)
{
}

static void host_wake(const uint32_t *key)
{
}

static void host_reclaim_wake(unsigned zone)
{
}

static uint64_t host_shrink(uint64_t frames)
{
	return 0;
}

static enum lab_context_kind host_context(void)
{
	return LAB_CONTEXT_TASK;
}

static unsigned host_cpu(void)
{
	return 0;
}

static void host_random_fill(void *buffer, size_t bytes)
{
	unsigned char *to = buffer;

	if (!prng.state[0])
		lab_prng_seed(&prng, 1, 0);
	for (size_t i = 0; i < bytes; i++)
		to[i] = (unsigned char)lab_prng_u64(&prng);
}

static void host_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

const struct lab_host lab_fixture_host = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_host),
	.irq_save = host_irq_save,
	.irq_restore = host_irq_restore,
	.spin_lock = host_spin_lock,
	.spin_trylock = host_spin_trylock,
	.spin_unlock = host_spin_unlock,
	.cpu_relax = host_nothing,
	.might_sleep = host_nothing,
	.wait = host_wait,
	.wake = host_wake,
	.reclaim_wake = host_reclaim_wake,
	.shrink = host_shrink,
	.context = host_context,
	.cpu = host_cpu,
	.random_fill = host_random_fill,
	.log = host_log,
};

void lab_fixture_init(struct lab_fixture *fixture, unsigned page_shift, unsigned order_max,
		      const struct lab_span *spans, size_t span_count)
{
	const struct lab_span *last = &spans[span_count - 1];
	enum lab_status status;

	lab_assert_cmp(span_count, <=, LAB_FIXTURE_SPAN_MAX);
	*fixture = (struct lab_fixture){0};
	memcpy(fixture->spans, spans, span_count * sizeof(*spans));
	for (size_t i = 0; i < span_count; i++)
		fixture->zones[spans[i].zone].frames += spans[i].frame_count;
	fixture->machine = (struct lab_machine){
		.frame_count = last->first_frame + last->frame_count,
		.page_shift = page_shift,
		.order_max = order_max,
		.cpu_count = 2,
		.spans = fixture->spans,
		.span_count = span_count,
		.zones = fixture->zones,
		.zone_count = LAB_ZONE_COUNT,
		.host = &lab_fixture_host,
	};
	fixture->mapped_bytes = fixture->machine.frame_count << page_shift;
	status = lab_vm_map(fixture->mapped_bytes, &fixture->machine.base);
	lab_assert_cmp(status, ==, LAB_OK);
}

void lab_fixture_fini(struct lab_fixture *fixture)
{
	lab_vm_unmap(fixture->machine.base, fixture->mapped_bytes);
}

uint64_t lab_fixture_frame(const struct lab_fixture *fixture, const void *block)
{
	return (uint64_t)((const char *)block - (const char *)fixture->machine.base) >> fixture->machine.page_shift;
}

void *lab_fixture_block(const struct lab_fixture *fixture, uint64_t frame)
{
	return (char *)fixture->machine.base + (frame << fixture->machine.page_shift);
}
