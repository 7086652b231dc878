/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/stop.h"
#include "cli/stress.h"
#include "stress/herd.h"

/* stress --processes: kills instead of interrupts. */

static void tell_options(struct lab_emit *emit, const struct lab_stress_plan *plan)
{
	lab_emit_begin(emit, "options");
	lab_emit_text(emit, "target", "core, shared by processes");
	lab_emit_u64(emit, "processes", plan->processes);
	lab_emit_u64(emit, "kill", plan->kill_rate);
	lab_emit_real(emit, "duration_s", (double)plan->duration_ns / 1e9, 1);
	lab_emit_u64(emit, "seed", plan->seed);
	lab_emit_u64(emit, "frames", plan->frames);
	lab_emit_end(emit);
}

static void tell_result(struct lab_emit *emit, const struct lab_herd_result *result)
{
	lab_emit_begin(emit, "processes");
	lab_emit_real(emit, "seconds", (double)result->seconds_ns / 1e9, 2);
	lab_emit_u64(emit, "ops", result->ops);
	lab_emit_u64(emit, "kills", result->kills);
	lab_emit_u64(emit, "kills_of_reapers", result->reaper_kills);
	lab_emit_u64(emit, "reaps", result->reaps);
	lab_emit_u64(emit, "reaps_asked_again", result->retries);
	lab_emit_real(emit, "longest_reap_ms", (double)result->reap_ns_most / 1e6, 3);
	lab_emit_u64(emit, "censuses", result->censuses);
	lab_emit_bool(emit, "clean", !result->found);
	lab_emit_end(emit);
}

int lab_stress_herd(const struct lab_stress_plan *plan)
{
	const struct lab_herd_plan herd = {.processes = plan->processes,
					   .kills_second = plan->kill_rate,
					   .duration_ns = plan->duration_ns,
					   .seed = plan->seed,
					   .frames = plan->frames,
					   .stop = lab_cli_stop_asked};
	struct lab_emit *emit = lab_emit_open(stdout, plan->format);
	struct lab_herd_result result;
	enum lab_status status;

	tell_options(emit, plan);
	fflush(stdout); /* the children have it, too */
	status = lab_herd_run(&herd, &result);
	if (status) {
		lab_cli_error("stress: the processes could not be started: %s%s%s", lab_status_name(status),
			      status == LAB_SYSTEM ? ": " : "", status == LAB_SYSTEM ? strerror(errno) : "");
		lab_emit_close(emit);
		return LAB_EXIT_HARNESS;
	}
	tell_result(emit, &result);
	lab_emit_close(emit);
	if (!result.found)
		return LAB_EXIT_CLEAN;
	fprintf(plan->format == LAB_FORMAT_TEXT ? stdout : stderr, "finding: %s %s %s\n",
		lab_rule_info(result.rule)->id, lab_rule_info(result.rule)->slug, result.detail);
	fprintf(plan->format == LAB_FORMAT_TEXT ? stdout : stderr,
		"reproduce: labyrinth explore --target shared --strategy irq (a kill at an instruction is not repeated "
		"by "
		"itself)\n");
	return LAB_EXIT_FINDING;
}
