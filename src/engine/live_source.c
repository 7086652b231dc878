/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "engine/live_cpu.h"
#include "plat/clock.h"

#define NS_PER_S UINT64_C(1000000000)
/* A signal not acknowledged for so long was lost (ThreadSanitizer may), or its thread does not get a processor. */
#define LOST_NS UINT64_C(200000000)

static enum lab_context_kind kind_of(unsigned signal_level)
{
	return (enum lab_context_kind)(LAB_CONTEXT_SOFTIRQ + signal_level);
}

static bool is_wanted(const struct lab_live *live, unsigned signal_level)
{
	return live->config.levels & 1u << kind_of(signal_level);
}

static void disarm(struct lab_live_cpu *cpu)
{
	for (unsigned level = 0; level < LAB_SIGNAL_LEVELS; level++)
		if (is_wanted(cpu->live, level))
			lab_timer_disarm(&cpu->timers[level]);
}

/* The signal handler of all levels. */
static void on_signal(unsigned signal_level)
{
	struct lab_live_cpu *cpu = lab_live_current;

	if (!cpu)
		return;
	lab_live_deliver(cpu, kind_of(signal_level));
	/* relaxed: the controller only counts; one writer, since a level never interrupts itself */
	lab_store_relaxed(&cpu->acknowledged[signal_level], lab_load_relaxed(&cpu->acknowledged[signal_level]) + 1);
	/* A timer faster than its handler would starve the thread, and it could never come to its end. */
	if (cpu->timers_on && lab_live_stopping(cpu->live))
		disarm(cpu);
}

static enum lab_status start_timers(struct lab_live_cpu *cpu)
{
	const struct lab_live_config *config = &cpu->live->config;
	uint64_t interval = NS_PER_S / config->irq_rate;
	unsigned place = cpu->index * LAB_SIGNAL_LEVELS, places = config->threads * LAB_SIGNAL_LEVELS;

	for (unsigned level = 0; level < LAB_SIGNAL_LEVELS; level++) {
		/* Spread over the interval, lest all threads and levels fire at once. */
		uint64_t first = interval + interval * (place + level) / places;
		enum lab_status status;

		if (!is_wanted(cpu->live, level))
			continue;
		status = lab_timer_start(&cpu->timers[level], level, first, interval);
		if (status != LAB_OK) {
			while (level-- > 0)
				if (is_wanted(cpu->live, level))
					lab_timer_stop(&cpu->timers[level]);
			return status;
		}
	}
	cpu->timers_on = true;
	return LAB_OK;
}

enum lab_status lab_live_source_open(struct lab_live_cpu *cpu)
{
	if (!cpu->live->config.levels || cpu->live->config.source == LAB_LIVE_INJECT)
		return LAB_OK;
	/* relaxed: a thread id; the controller needs nothing else from here */
	lab_store_relaxed(&cpu->thread_id, (uint32_t)lab_thread_self());
	lab_signal_levels_open();
	return cpu->live->config.source == LAB_LIVE_TIMER && cpu->live->config.irq_rate ? start_timers(cpu) : LAB_OK;
}

void lab_live_source_close(struct lab_live_cpu *cpu)
{
	lab_signal_levels_close();
	/* relaxed: as above; 0 is no thread */
	lab_store_relaxed(&cpu->thread_id, 0);
	if (!cpu->timers_on)
		return;
	cpu->timers_on = false;
	for (unsigned level = 0; level < LAB_SIGNAL_LEVELS; level++)
		if (is_wanted(cpu->live, level))
			lab_timer_stop(&cpu->timers[level]);
}

struct sent {
	uint32_t count;
	uint64_t when_ns;
};

/* True: one was sent. */
static bool send_one(struct lab_live_cpu *cpu, unsigned level, struct sent *sent, uint64_t now_ns)
{
	uint64_t rate = cpu->live->config.irq_rate;
	uint64_t pause_ns = rate ? NS_PER_S / rate : 0;
	/* relaxed, both: see their stores above */
	uint32_t thread_id = lab_load_relaxed(&cpu->thread_id);
	bool outstanding = sent->count != lab_load_relaxed(&cpu->acknowledged[level]);

	if (!thread_id || lab_load_relaxed(&cpu->closed) || now_ns - sent->when_ns < (outstanding ? LOST_NS : pause_ns))
		return false;
	sent->count = lab_load_relaxed(&cpu->acknowledged[level]) + 1;
	sent->when_ns = now_ns;
	return lab_signal_send((int)thread_id, level);
}

static void *storm(void *arg)
{
	struct lab_live *live = arg;
	struct sent sent[LAB_CPU_MAX][LAB_SIGNAL_LEVELS] = {0};

	while (!lab_live_stopping(live)) {
		uint64_t now_ns = lab_clock_mono_ns();
		bool any = false;

		for (unsigned i = 0; i < live->config.threads; i++)
			for (unsigned level = 0; level < LAB_SIGNAL_LEVELS; level++)
				if (is_wanted(live, level))
					any |= send_one(&live->cpus[i], level, &sent[i][level], now_ns);
		if (!any)
			lab_thread_yield();
	}
	return NULL;
}

enum lab_status lab_live_storm_start(struct lab_live *live, struct lab_thread *ret_thread)
{
	return lab_thread_start(ret_thread, storm, live);
}

enum lab_status lab_live_signals_install(void)
{
	return lab_signal_levels_install(on_signal);
}
