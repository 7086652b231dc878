/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/folder.h"
#include "cli/stress.h"
#include "plat/child.h"
#include "plat/clock.h"
#include "scenario/scenario.h"
#include "scenario/words.h"
#include "stress/machine.h"

/* --dir: the run's numbers over time, for the report. */
#define SAMPLE_NS UINT64_C(1000000000)

static struct json_object *machine_of(const struct lab_stress_plan *plan)
{
	struct json_object *machine = json_object_new_object();
	struct lab_scenario_machine told;

	lab_stress_machine(plan->frames, plan->min, plan->threads, &told);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		struct json_object *marks = json_object_new_object();

		lab_document_u64(marks, "frames", told.zones[zone].frames);
		lab_document_u64(marks, "min", told.zones[zone].min);
		lab_document_u64(marks, "low", told.zones[zone].low);
		lab_document_u64(marks, "high", told.zones[zone].high);
		json_object_object_add(machine, lab_zone_name((enum lab_zone)zone), marks);
	}
	return machine;
}

int lab_stress_folder_open(struct lab_stress_plan *plan, const char *dir)
{
	struct lab_emit *options = lab_emit_open_document();
	int code;

	plan->tally = lab_child_share(sizeof(*plan->tally));
	if (!plan->tally) {
		lab_cli_error("stress: no memory to share with a child: %s", strerror(errno));
		lab_emit_close(options);
		return LAB_EXIT_HARNESS;
	}
	lab_stress_tell_options(options, plan);
	code = lab_cli_folder_open("stress", dir, plan->target_name, options, machine_of(plan), &plan->folder);
	if (!code)
		plan->findings_dir = plan->folder->raw;
	return code;
}

static struct json_object *numbers_of(const struct lab_stress_tally *tally)
{
	struct json_object *numbers = json_object_new_object();
	char name[32];

	lab_document_u64(numbers, "operations", tally->operations);
	lab_document_u64(numbers, "interrupts", tally->interrupts);
	lab_document_u64(numbers, "rate", tally->rate);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		snprintf(name, sizeof(name), "free_%s", lab_zone_name((enum lab_zone)zone));
		if (tally->free_frames[zone] != UINT64_MAX)
			lab_document_u64(numbers, name, tally->free_frames[zone]);
	}
	return numbers;
}

void lab_stress_folder_tick(const struct lab_stress_plan *plan, const struct lab_live *live, uint64_t operations,
			    uint64_t interrupts)
{
	struct lab_stress_tally *tally = plan->tally;
	const struct lab_oracle *oracle = lab_live_oracle(live);
	uint64_t now_ns = lab_clock_mono_ns(), span_ns = now_ns - tally->sampled_ns;

	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		uint64_t total = lab_oracle_total(oracle, (enum lab_zone)zone),
			 owned = lab_oracle_owned(oracle, (enum lab_zone)zone);
		uint64_t left = total > owned ? total - owned : 0;

		if (!total)
			left = UINT64_MAX; /* the target has no frames of that zone, or none of its machine's */

		tally->free_frames[zone] = tally->ticks ? LAB_MIN(tally->free_frames[zone], left) : left;
	}
	tally->ticks++;
	operations += tally->operations_before;
	interrupts += tally->interrupts_before;
	if (!lab_run_is_due(plan->folder, span_ns, SAMPLE_NS))
		return;
	tally->rate =
		tally->sampled_ns ? (uint64_t)((double)(operations - tally->operations) * 1e9 / (double)span_ns) : 0;
	tally->operations = operations;
	tally->interrupts = interrupts;
	tally->sampled_ns = now_ns;
	tally->ticks = 0;
	(void)!lab_run_sample(plan->folder, "running", numbers_of(tally)); /* told at the end if it stays so */
}

void lab_stress_folder_end(const struct lab_stress_plan *plan, uint64_t operations, uint64_t interrupts)
{
	struct lab_stress_tally *tally = plan->tally;

	tally->operations = tally->operations_before += operations;
	tally->interrupts = tally->interrupts_before += interrupts;
}

/* By doublings, on top of what earlier runs wrote. */
static struct json_object *buckets_of(const struct lab_histogram *histogram, struct json_object *before)
{
	struct json_object *list = json_object_new_array();
	uint64_t counts[64] = {0};

	for (unsigned i = 0; i < LAB_HISTOGRAM_BUCKETS; i++) {
		uint64_t end = lab_histogram_bucket_end(i);

		if (histogram->counts[i])
			counts[end ? 63 - (unsigned)__builtin_clzll(end) : 0] += histogram->counts[i];
	}
	for (size_t i = 0; before && i < json_object_array_length(before); i++) {
		struct json_object *pair = json_object_array_get_idx(before, i);
		uint64_t ends = json_object_get_uint64(json_object_array_get_idx(pair, 0));

		counts[ends > 1 ? 62 - (unsigned)__builtin_clzll(ends) : 0] +=
			json_object_get_uint64(json_object_array_get_idx(pair, 1));
	}
	for (unsigned first = 0, last = 63; first <= last; first++) {
		struct json_object *pair;

		while (last > first && !counts[last])
			last--;
		if (!counts[first] && !json_object_array_length(list))
			continue;
		pair = json_object_new_array();
		json_object_array_add(pair, json_object_new_uint64(UINT64_C(2) << LAB_MIN(first, 61u)));
		json_object_array_add(pair, json_object_new_uint64(counts[first]));
		json_object_array_add(list, pair);
	}
	return list;
}

static struct json_object *told_of(const struct lab_histogram *histogram, struct json_object *before)
{
	struct json_object *told = json_object_new_object(), *list = NULL;

	if (before)
		json_object_object_get_ex(before, "buckets", &list);
	lab_document_u64(told, "count", histogram->total + lab_document_get_u64(before, "count"));
	lab_document_u64(told, "p50", lab_histogram_percentile(histogram, 500, 1000));
	lab_document_u64(told, "p99", lab_histogram_percentile(histogram, 990, 1000));
	lab_document_u64(told, "p99.9", lab_histogram_percentile(histogram, 999, 1000));
	lab_document_u64(told, "max", LAB_MAX(histogram->max, lab_document_get_u64(before, "max")));
	json_object_object_add(told, "buckets", buckets_of(histogram, list));
	return told;
}

bool lab_stress_folder_latency(const struct lab_stress_plan *plan, const struct lab_stress_latency *latency)
{
	struct json_object *document = lab_document_new("latency"), *before;
	char path[LAB_PATH_ROOM];
	bool done;

	lab_campaign_path(&plan->folder->campaign, path, "latency.json");
	before = lab_document_read(path, "latency", NULL);
	for (unsigned call = 0; call < 2; call++) {
		const char *name = call ? "free" : "alloc";
		struct json_object *kinds = json_object_new_object(), *old = NULL;

		if (before)
			json_object_object_get_ex(before, name, &old);
		for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++) {
			const char *kind_name = lab_context_kind_name((enum lab_context_kind)kind);
			const struct lab_histogram *histogram = call ? &latency->free[kind] : &latency->alloc[kind];
			struct json_object *told = NULL;

			if (old)
				json_object_object_get_ex(old, kind_name, &told);
			if (histogram->total)
				json_object_object_add(kinds, kind_name, told_of(histogram, told));
			else if (told)
				json_object_object_add(kinds, kind_name, json_object_get(told));
		}
		json_object_object_add(document, name, kinds);
	}
	done = lab_document_write(path, document) == LAB_OK;
	json_object_put(before);
	return done;
}

int lab_stress_folder_close(const struct lab_stress_plan *plan, bool stopped, int code)
{
	return lab_cli_folder_close(plan->folder, stopped, numbers_of(plan->tally), code);
}
