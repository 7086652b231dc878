/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "engine/sim.h"
#include "plat/clock.h"
#include "scenario/text.h"
#include "target/registry.h"

/*
 * How many random schedules of one scenario the engine runs in a second. usage: bench_access MODULE [SECONDS]. Not a
 * test: the figure is the machine's.
 */

static const char text[] = "machine frames=64 cpus=2 order-max=3 page-shift=6\n"
			   "zone normal frames=0+64 min=4 low=5 high=6\n"
			   "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
			   "task b cpu=1 { s0 = alloc kernel 0; free s0; }\n";

static void bench(struct lab_sim *sim, struct lab_scenario *scenario, bool quiesce, bool settled, unsigned ones,
		  double seconds)
{
	const struct lab_sim_options options = {.quiesce = quiesce, .settled = settled};
	uint64_t start = lab_clock_thread_ns(), runs = 0, events = 0, elapsed;
	struct lab_prng prng;

	lab_prng_seed(&prng, 1, 0);
	do {
		for (unsigned i = 0; i < 100; i++) {
			struct lab_sim_result result;

			for (size_t at = 0; at < scenario->schedule_bytes; at++)
				scenario->schedule[at] = lab_prng_u64(&prng) % ones == 0;
			if (lab_sim_run(sim, scenario, &options, &result) != LAB_OK || result.found)
				exit(1);
			runs++;
			events += result.event_count;
		}
		elapsed = lab_clock_thread_ns() - start;
	} while ((double)elapsed < seconds * 1e9);
	printf("quiesce=%d settled=%d switch 1/%u: %.0f schedules/s, %.1f M events/s, %.0f events a schedule\n",
	       quiesce, settled, ones, (double)runs * 1e9 / (double)elapsed, (double)events * 1e3 / (double)elapsed,
	       (double)events / (double)runs);
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? atof(argv[2]) : 1;
	uint8_t bytes[256] = {0};
	const struct lab_target *target;
	struct lab_scenario scenario;
	struct lab_text_error error;
	struct lab_sim *sim;
	char message[256];
	bool hooked;

	if (argc < 2 || lab_target_open_hooked(argv[1], &target, &hooked, message, sizeof(message)) != LAB_OK) {
		fprintf(stderr, "%s\n", argc < 2 ? "usage: bench_access MODULE [SECONDS]" : message);
		return 2;
	}
	lab_scenario_init(&scenario);
	if (lab_scenario_parse(text, strlen(text), &scenario, &error) != LAB_OK ||
	    lab_sim_create(target, &sim) != LAB_OK)
		return 1;
	lab_scenario_add_schedule(&scenario, bytes, sizeof(bytes));
	printf("%s, %s\n", target->name, hooked ? "hooked" : "not hooked");
	bench(sim, &scenario, true, false, 2, seconds);
	bench(sim, &scenario, true, false, 16, seconds);
	lab_sim_settle(sim);
	bench(sim, &scenario, true, true, 2, seconds);
	bench(sim, &scenario, true, true, 16, seconds);
	bench(sim, &scenario, false, true, 16, seconds);
	lab_sim_destroy(sim);
	lab_scenario_free(&scenario);
	return 0;
}
