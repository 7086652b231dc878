/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/stress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "cli/arena_file.h"
#include "cli/cli.h"
#include "cli/stat.h"
#include "engine/live_scene.h"
#include "report/file.h"
#include "report/finding.h"
#include "scenario/text.h"

/* The command that asks the same of the same workload again; how the threads interleave is the machine's to say. */
static void format_command(const struct lab_stress_plan *plan, const struct lab_stress_result *result, char *command,
			   size_t room)
{
	const struct lab_workload *workload =
		result->share_count ? plan->workloads[result->share_count - 1] : plan->workloads[0];
	char levels[LAB_STRESS_LEVELS_TEXT];

	lab_stress_levels_text(plan->levels, levels);
	snprintf(command, room,
		 "labyrinth stress --target %s --workload %s --threads %u --irq %" PRIu64
		 " --irq-levels %s --irq-source %s --frames %" PRIu64 " --min %" PRIu64 " --seed %" PRIu64 "%s",
		 plan->target_name, workload->name, plan->threads, plan->irq_rate, levels,
		 lab_stress_source_name(plan->source), plan->frames, plan->min, plan->seed,
		 plan->sleep_allowed ? " --sleep-check off" : "");
}

/* Who had the finding's frame last, where the allocator keeps it (--trace); malloc'ed, maybe "". */
static char *tell_last_holder(const struct lab_live *live, const struct lab_finding *finding)
{
	struct lab_holder holder;
	struct lab_arena arena;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	lab_assert(out);
	if (finding->frame != UINT64_MAX && lab_arena_file_watch(&arena) &&
	    lab_frame_last_holder(&arena, finding->frame, &holder)) {
		unsigned context = lab_owner_context(holder.taken_by); /* actor index + 1 */
		char who[32] = "the oracle";

		if (context && context <= lab_live_actor_count(live))
			snprintf(who, sizeof(who), "%s %u",
				 lab_context_kind_name(lab_live_actor(live, context - 1)->kind),
				 (context - 1) / LAB_CONTEXT_KIND_COUNT);
		lab_stat_tell_last(out, &arena, &holder, finding->frame, who);
	}
	fclose(out);
	return text;
}

/* The log's text; malloc'ed. */
static char *make_log(const struct lab_stress_result *result, const struct lab_finding *finding, const char *command,
		      size_t *ret_bytes)
{
	char line[LAB_FINDING_LINE], *events = lab_live_log(result->live), *text,
				     *holder = tell_last_holder(result->live, finding),
				     *stack = lab_stress_stack(result->live, "\n  ");
	int length;

	lab_finding_line(finding, line, sizeof(line));
	length = asprintf(&text, "%s\nreproduce: %s\n\n%s%s%s%sThe last events of each thread.\n%s", line, command,
			  holder, stack ? "The stack of the call, the innermost first.\n  " : "", stack ? stack : "",
			  stack ? "\n\n" : "", events);
	lab_assert(length > 0);
	free(events);
	free(holder);
	free(stack);
	*ret_bytes = (size_t)length;
	return text;
}

/* The same events for `labyrinth hunt`. */
static enum lab_status write_scene(const struct lab_live *live, const char *path)
{
	struct lab_scenario scenario;
	enum lab_status status;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	lab_assert(out);
	lab_scenario_init(&scenario);
	lab_live_scene(live, &scenario);
	lab_scenario_print(&scenario, out);
	lab_scenario_free(&scenario);
	fclose(out);
	status = lab_file_write(path, text, bytes);
	free(text);
	return status;
}

void lab_stress_leave_trail(const struct lab_stress_plan *plan, struct lab_stress_result *result)
{
	const struct lab_finding *finding = lab_live_finding(result->live);
	struct lab_stress_trail *trail = &result->trail;
	char name[LAB_FINDING_NAME];
	size_t bytes;
	char *log;

	format_command(plan, result, trail->command, sizeof(trail->command));
	log = make_log(result, finding, trail->command, &bytes);
	lab_finding_name(finding->rule, log, bytes, name);
	snprintf(trail->log, sizeof(trail->log), "%s/%s.log", plan->findings_dir, name);
	snprintf(trail->scene, sizeof(trail->scene), "%s/%s.scn", plan->findings_dir, name);
	snprintf(trail->note, sizeof(trail->note), "last %u events of each of %u threads", LAB_LIVE_EVENTS,
		 plan->threads);
	if ((mkdir(plan->findings_dir, 0777) != 0 && errno != EEXIST) ||
	    lab_file_write(trail->log, log, bytes) != LAB_OK || write_scene(result->live, trail->scene) != LAB_OK) {
		snprintf(trail->note, sizeof(trail->note), "not written: %s", strerror(errno));
		trail->scene[0] = '\0';
	}
	free(log);
}

void lab_stress_tell_finding(FILE *out, const struct lab_stress_result *result)
{
	const struct lab_stress_trail *trail = &result->trail;

	lab_finding_print(out, lab_live_finding(result->live),
			  &(struct lab_finding_trail){
				  .label = "log", .path = trail->log, .note = trail->note, .command = trail->command});
}
