/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "cli/bench.h"
#include "cli/cli.h"
#include "target/peers.h"

#define TARGET_MAX 16u

static const struct lab_target *targets[TARGET_MAX];

static int take_target(void *arg, const char *word)
{
	struct lab_bench_plan *plan = arg;
	const struct lab_target *target;

	if (lab_cli_target(&lab_command_bench, word, &target))
		return LAB_EXIT_USAGE;
	for (size_t i = 0; i < plan->target_count; i++)
		if (targets[i] == target) {
			lab_cli_error("bench: --target: '%s': expected each target once", word);
			return LAB_EXIT_USAGE;
		}
	if (plan->target_count == TARGET_MAX) {
		lab_cli_error("bench: --target: '%s': expected at most %u targets", word, TARGET_MAX);
		return LAB_EXIT_USAGE;
	}
	targets[plan->target_count++] = target;
	return 0;
}

/* What is built in, and the peers that are there; of the others one line each. */
static void take_all_targets(struct lab_bench_plan *plan)
{
	size_t count, peer_count;
	const struct lab_target *const *builtins = lab_target_builtins(&count);
	const struct lab_peer *peers = lab_peers(&peer_count);
	char message[256];

	lab_assert_cmp(count + peer_count, <=, TARGET_MAX);
	memcpy(targets, builtins, count * sizeof(targets[0]));
	plan->target_count = count;
	for (size_t i = 0; i < peer_count; i++)
		if (lab_peer_open(&peers[i], &targets[plan->target_count], message, sizeof(message)) == LAB_OK)
			plan->target_count++;
		else
			lab_cli_error("bench: left out: %s", message);
}

static int take_pattern(void *arg, const char *word)
{
	struct lab_bench_plan *plan = arg;
	const char *names[LAB_BENCH_PATTERN_COUNT + 1] = {NULL};
	unsigned pattern;

	for (unsigned i = 0; i < LAB_BENCH_PATTERN_COUNT; i++)
		names[i] = lab_bench_pattern_name((enum lab_bench_pattern)i);
	if (lab_cli_choice(&lab_command_bench, "--pattern", word, names, &pattern))
		return LAB_EXIT_USAGE;
	plan->patterns |= 1u << pattern;
	return 0;
}

int lab_bench_plan_lists(struct lab_bench_plan *plan, const char *target_list, const char *pattern_list)
{
	plan->targets = targets;
	plan->target_count = 0;
	plan->patterns = pattern_list ? 0 : (1u << LAB_BENCH_PATTERN_COUNT) - 1;
	if (pattern_list && lab_cli_each_word(pattern_list, take_pattern, plan))
		return LAB_EXIT_USAGE;
	if (target_list)
		return lab_cli_each_word(target_list, take_target, plan);
	take_all_targets(plan);
	return 0;
}

bool lab_bench_is_hooked(const char *word)
{
	const struct lab_target *target;
	bool hooked = false;
	char message[256];

	if (lab_target_open_hooked(word, &target, &hooked, message, sizeof(message)) != LAB_OK)
		lab_cli_error("bench: --target: %s", message);
	else if (!hooked)
		lab_cli_error("bench: --target: '%s': expected a hooked module: its accesses are what is counted",
			      word);
	return hooked;
}
