/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <string.h>

#include "base/prng.h"
#include "engine/shrink.h"
#include "scenario/decode.h"
#include "target/registry.h"

/*
 * Whatever a scenario's own schedule made of it, written steps and bytes, comes again from the choices alone: what
 * minimize does first. The targets are those of the command line.
 */
#define SCENARIOS        2500u
#define SCENARIOS_HOOKED 100u /* with a point at each access they are longer */

static const char *const *targets;
static int target_count;

static void draw(struct lab_prng *prng, struct lab_scenario *scenario)
{
	uint8_t bytes[512];
	size_t count = 64 + lab_prng_below(prng, sizeof(bytes) - 64);

	for (size_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)lab_prng_u64(prng);
	lab_scenario_decode(bytes, count, scenario);
}

static void expect_recorded(struct lab_sim *sim, struct lab_scenario *scenario, unsigned number)
{
	struct lab_choices choices = {0};
	const struct lab_sim_options options = {.quiesce = true, .record = &choices};
	struct lab_divergence divergence;
	struct lab_sim_result first, second;

	assert_int_equal(lab_sim_run(sim, scenario, &options, &first), LAB_OK);
	scenario->schedule_bytes = scenario->directive_count = 0;
	assert_int_equal(lab_sim_follow(sim, scenario, &choices, true, NULL, &second, &divergence), LAB_OK);
	if (divergence.is || second.event_hash != first.event_hash)
		fail_msg("scenario %u: %s at event %u of %u (ask %u), found %u", number,
			 divergence.is ? divergence.why : "another hash", divergence.expected.event,
			 divergence.expected.asker, divergence.expected.ask, divergence.found.ask);
	assert_int_equal(second.op_count, first.op_count);
	assert_int_equal(second.found, first.found);
	lab_choices_free(&choices);
}

static void test_any_schedule_becomes_choices(void **state)
{
	for (int i = 0; i < target_count; i++) {
		const struct lab_target *target;
		struct lab_scenario scenario;
		struct lab_prng prng;
		struct lab_sim *sim;
		char message[256];

		assert_int_equal(lab_target_open(targets[i], &target, message, sizeof(message)), LAB_OK);
		assert_int_equal(lab_sim_create(target, &sim), LAB_OK);
		lab_prng_seed(&prng, 1, 0);
		lab_scenario_init(&scenario);
		for (unsigned k = 0; k < (strchr(targets[i], '/') ? SCENARIOS_HOOKED : SCENARIOS); k++) {
			draw(&prng, &scenario);
			expect_recorded(sim, &scenario, k);
		}
		lab_scenario_free(&scenario);
		lab_sim_destroy(sim);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_schedule_becomes_choices),
	};

	targets = (const char *const *)argv + 1;
	target_count = argc - 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
