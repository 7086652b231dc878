/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bits.h"
#include "cli/artifact_out.h"
#include "cli/cli.h"
#include "cli/found.h"
#include "cli/hunt.h"
#include "cli/stop.h"
#include "plat/clock.h"

#define TELL_NS     UINT64_C(10000000000)
#define TELL_TTY_NS UINT64_C(500000000)

static bool stop_asked(const struct lab_hunt *hunt)
{
	/* relaxed: a flag with nothing behind it */
	return lab_cli_stop_asked() || lab_load_relaxed(&hunt->state->stop);
}

/* A signal that was meant for the program may have reached the watcher alone. */
static void pass_on(void *arg)
{
	struct lab_hunt *hunt = arg;

	if (lab_cli_stop_asked())
		lab_store_relaxed(&hunt->state->stop, 1); /* relaxed: see stop_asked */
}

static void tell_progress(const struct lab_hunt *hunt, uint64_t now_ns)
{
	const struct lab_hunt_state *state = hunt->state;
	bool terminal = isatty(STDERR_FILENO);
	double passed = (double)(now_ns - state->started_ns) / 1e9;

	fprintf(stderr, "%shunt: %.1f s of %.0f s, %" PRIu64 " scenarios, %" PRIu64 " schedules, no %s yet%s",
		terminal ? "\r" : "", passed, (double)hunt->plan->time_ns / 1e9, state->scenarios, state->schedules,
		lab_rule_info(hunt->plan->rule)->id, terminal ? "\033[K" : "\n");
}

bool lab_hunt_over(struct lab_hunt *hunt)
{
	struct lab_hunt_state *state = hunt->state;
	uint64_t now_ns = lab_clock_mono_ns();

	if (now_ns - state->told_ns >= (isatty(STDERR_FILENO) ? TELL_TTY_NS : TELL_NS)) {
		state->told_ns = now_ns;
		tell_progress(hunt, now_ns);
	}
	return state->same.count || state->status != LAB_OK || stop_asked(hunt) ||
	       now_ns - state->started_ns >= hunt->plan->time_ns;
}

/* A live watchdog cannot tell who holds what: R08 and R09 are one and the same hang to it. */
static bool is_hunted(enum lab_rule hunted, enum lab_rule found)
{
	bool hangs = hunted == LAB_R08_INTERRUPT_SAFETY || hunted == LAB_R09_PROGRESS;

	return found == hunted || (hangs && (found == LAB_R08_INTERRUPT_SAFETY || found == LAB_R09_PROGRESS));
}

void lab_hunt_keep(struct lab_hunt *hunt, const struct lab_scenario *scenario, const struct lab_choices *choices,
		   const struct lab_sim_result *result)
{
	struct lab_hunt_state *state = hunt->state;
	bool hunted = is_hunted(hunt->plan->rule, result->finding.rule);
	struct lab_hunt_catch *to = hunted ? &state->same : &state->other;

	if (!hunted && hunt->near_last != state->scenarios) {
		hunt->near_last = state->scenarios;
		lab_scenario_copy(&hunt->near[hunt->near_count++ % LAB_HUNT_NEAR], scenario);
	}
	if (to->count)
		return;
	to->result = *result;
	if (lab_hunt_pack(to, scenario, choices) != LAB_OK)
		lab_cli_error("hunt: a schedule that breaks %s is too large to be kept",
			      lab_rule_info(result->finding.rule)->id);
}

static void in_child(void *arg)
{
	lab_hunt_vary(arg);
}

/* The run that took the process along is what it found. */
static void take_over(struct lab_hunt *hunt)
{
	struct lab_isolated *shared = hunt->watch.shared;
	struct lab_choices none = {0};
	struct lab_scenario scenario;

	shared->result.found = true;
	shared->result.finding = shared->death;
	hunt->state->schedules++;
	lab_scenario_init(&scenario);
	if (lab_hunt_unpack(&hunt->state->present, &scenario, &none) == LAB_OK)
		lab_hunt_keep(hunt, &scenario, &shared->choices, &shared->result);
	lab_choices_free(&none);
	lab_scenario_free(&scenario);
}

int lab_hunt_watch(struct lab_hunt *hunt)
{
	const struct lab_isolated *shared = hunt->watch.shared;

	hunt->watch.look = pass_on;
	hunt->watch.arg = hunt;
	hunt->state->started_ns = hunt->state->told_ns = lab_clock_mono_ns();
	do {
		if (lab_isolate_job(&hunt->watch, hunt->sim, in_child, hunt) != LAB_OK) {
			lab_cli_error("hunt: no child process: %s", strerror(errno));
			return LAB_EXIT_HARNESS;
		}
		if (!shared->ended && shared->ours) {
			lab_cli_error("hunt: ended by a broken promise of its own, not by the target");
			return LAB_EXIT_HARNESS;
		}
		if (!shared->ended)
			take_over(hunt);
	} while (!lab_hunt_over(hunt));
	return 0;
}

/* CPU time of this process and of its children that have ended. */
static uint64_t used_ns(void)
{
	static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
	uint64_t sum = 0;

	for (unsigned i = 0; i < LAB_ARRAY_COUNT(whose); i++) {
		struct rusage usage;

		getrusage(whose[i], &usage);
		sum += (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * UINT64_C(1000000000) +
		       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * UINT64_C(1000);
	}
	return sum;
}

/*
 * Making smaller may use as much CPU time as the search was given, and some times that by the clock: on a busy machine
 * the one is a fraction of the other.
 */
static bool stop(void *arg)
{
	const struct lab_hunt *hunt = arg;
	/* in a child, which begins with nothing used, the watcher's is not to be taken off */
	uint64_t used = used_ns() - (getpid() == hunt->watcher ? hunt->used_ns : 0);

	return stop_asked(hunt) || used >= hunt->plan->time_ns ||
	       lab_clock_mono_ns() - hunt->state->found_ns >= LAB_HUNT_SURE_TIMES * hunt->plan->time_ns;
}

int lab_hunt_write(struct lab_hunt *hunt, const struct lab_hunt_catch *from, const char *path)
{
	const struct lab_hunt_plan *plan = hunt->plan;
	struct lab_found found;
	int code = LAB_EXIT_HARNESS;

	hunt->state->found_ns = lab_clock_mono_ns();
	hunt->watcher = getpid();
	hunt->used_ns = used_ns();
	hunt->watch.cpu_ns = LAB_HUNT_SURE_NS;
	lab_found_init(&found, hunt->sim, &hunt->watch);
	found.stop = stop;
	found.arg = hunt;
	found.result = from->result;
	if (lab_hunt_unpack(from, &found.scenario, &found.choices) == LAB_OK)
		code = lab_found_settle(&found, "hunt");
	if (!code)
		code = lab_artifact_out(&(struct lab_artifact_out){
			.command = "hunt",
			.target = plan->target_name,
			.strategy = "auto",
			.folder = plan->findings_dir,
			.path = path,
			.hooked = plan->hooked,
			.seed = plan->seed,
			.scenario = &found.scenario,
			.choices = &found.choices,
			.result = &found.result,
			.ops_before = hunt->window.op_count,
			.format = plan->format,
		});
	lab_found_free(&found);
	return code;
}
