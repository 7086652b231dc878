/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stat_run.h"

#include "cli/arena_file.h"
#include "cli/cli.h"
#include "cli/stop.h"
#include "cli/stress.h"
#include "plat/clock.h"
#include "stress/machine.h"
#include "target/registry.h"

#define COMMAND (&lab_command_stat)

struct look {
	struct lab_emit *emit;
	struct lab_stat_view *view;
	uint64_t at_ns; /* not before */
	bool done;
};

/* Ends the run: what there was to see was seen. */
static bool look(void *arg)
{
	struct look *look = arg;
	struct lab_arena arena;

	if (look->done)
		return false;
	if (lab_clock_mono_ns() < look->at_ns || !lab_arena_file_watch(&arena))
		return true;
	lab_stat_tell(look->emit, look->view, &arena);
	look->done = true;
	return false;
}

static int take_words(const struct lab_stat_run_words *words, struct lab_stress_plan *plan, uint64_t *ret_ns)
{
	uint64_t threads = 2;

	*plan = (struct lab_stress_plan){
		.target_name = "core",
		.target = &lab_target_core,
		.workloads = {lab_workload_by_name(words->workload ? words->workload : "mixed")},
		.workload_count = 1,
		.levels = 1u << LAB_CONTEXT_SOFTIRQ | 1u << LAB_CONTEXT_HARDIRQ | 1u << LAB_CONTEXT_NMI,
		.source = LAB_LIVE_SOURCE_DEFAULT,
		.irq_rate = 1000,
		.seed = 1,
		.frames = 16384,
		.watchdog_ns = LAB_LIVE_WATCHDOG_NS,
		.findings_dir = "findings"};
	*ret_ns = UINT64_C(1000000000);
	if (!plan->workloads[0]) {
		lab_cli_error("stat: --workload: '%s': expected one that 'labyrinth workloads' lists", words->workload);
		return LAB_EXIT_USAGE;
	}
	if (words->duration && (lab_cli_duration(words->duration, ret_ns) || *ret_ns == 0)) {
		lab_cli_error("stat: --duration: '%s': expected a time above 0, as 1s or 500ms", words->duration);
		return LAB_EXIT_USAGE;
	}
	if ((words->threads && lab_cli_number(COMMAND, "--threads", words->threads, 1, LAB_CPU_MAX, &threads)) ||
	    (words->frames && lab_cli_number(COMMAND, "--frames", words->frames, LAB_STRESS_FRAMES_MIN,
					     LAB_STRESS_FRAMES_MAX, &plan->frames)) ||
	    (words->seed && lab_cli_number(COMMAND, "--seed", words->seed, 0, UINT64_MAX, &plan->seed)))
		return LAB_EXIT_USAGE;
	plan->threads = (unsigned)threads;
	plan->min = lab_stress_default_min(plan->frames);
	/* The look ends it; this only has to be later. */
	plan->duration_ns = *ret_ns + UINT64_C(3600000000000);
	return 0;
}

static void tell_options(struct lab_emit *emit, const struct lab_stress_plan *plan, uint64_t look_ns)
{
	lab_emit_begin(emit, "options");
	lab_emit_text(emit, "workload", plan->workloads[0]->name);
	lab_emit_real(emit, "duration_s", (double)look_ns / 1e9, 1);
	lab_emit_u64(emit, "threads", plan->threads);
	lab_emit_u64(emit, "frames", plan->frames);
	lab_emit_u64(emit, "min", plan->min);
	lab_emit_u64(emit, "seed", plan->seed);
	lab_emit_end(emit);
}

static int conclude(const struct lab_stress_plan *plan, struct lab_stress_result *result, const struct look *look,
		    enum lab_status status, FILE *out)
{
	int code = LAB_EXIT_CLEAN;

	if (!lab_stress_was_made("stat", result, status))
		return lab_stress_close(result, LAB_EXIT_HARNESS);
	if (lab_live_finding(result->live)) {
		lab_stress_leave_trail(plan, result);
		lab_stress_tell_finding(out, result);
		code = LAB_EXIT_FINDING;
	} else if (!look->done) {
		lab_cli_error("stat: the run ended before the look: no answer");
		code = LAB_EXIT_NO_ANSWER;
	}
	return lab_stress_close(result, code);
}

int lab_stat_run(const struct lab_stat_run_words *words, struct lab_emit *emit, enum lab_format format,
		 struct lab_stat_view *view)
{
	static struct lab_stress_plan plan;
	static struct lab_stress_result result; /* the histograms are too large for the stack */
	static struct look the_look;            /* the plan, which holds it, outlives this call */
	enum lab_status status;
	uint64_t look_ns;
	int code = take_words(words, &plan, &look_ns);

	if (code)
		return code;
	the_look = (struct look){.emit = emit, .view = view};
	plan.look = look;
	plan.look_arg = &the_look;
	if (lab_arena_file_use(NULL) != LAB_OK)
		return LAB_EXIT_HARNESS; /* cannot be: it takes no file */
	lab_cli_stop_catch();
	tell_options(emit, &plan, look_ns);
	the_look.at_ns = lab_clock_mono_ns() + look_ns;
	status = lab_stress_run(&plan, &result);
	code = conclude(&plan, &result, &the_look, status, format == LAB_FORMAT_TEXT ? stdout : stderr);
	lab_places_close(view->places);
	view->places = NULL;
	return code;
}
