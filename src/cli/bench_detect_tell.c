/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/bench_detect.h"

static const char *rule_id(enum lab_rule rule)
{
	return rule == LAB_RULE_COUNT ? "-" : lab_rule_info(rule)->id;
}

static void count_text(uint64_t count, char *text, size_t room)
{
	if (count >= 10000000)
		snprintf(text, room, "%.0fM", (double)count / 1e6);
	else if (count >= 10000)
		snprintf(text, room, "%.0fk", (double)count / 1e3);
	else
		snprintf(text, room, "%" PRIu64, count);
}

void lab_detect_cell_text(const struct lab_detect_cell *cell, char *text, size_t room)
{
	char schedules[24] = "", size[24] = "";

	if (!cell->made) {
		snprintf(text, room, "-");
		return;
	}
	if (cell->median && cell->schedules)
		count_text(cell->schedules, schedules, sizeof(schedules));
	if (cell->small)
		snprintf(size, sizeof(size), "%u+%u", cell->ops, cell->departures);
	if (cell->median)
		snprintf(text, room, "%u/%u %7.2fs %5s %4s", cell->found, cell->made, (double)cell->cpu_ns / 1e9,
			 schedules, size);
	else
		snprintf(text, room, "%u/%u%s", cell->found, cell->made, cell->failed ? " failed" : "");
}

void lab_detect_score_text(const struct lab_detect *detect, char *text, size_t room)
{
	struct lab_detect_score score;

	lab_detect_score(detect, &score);
	snprintf(text, room,
		 "score: %.1f of %u, %.1f %%: %u under their rule by every seed, %u under another, %u not by every "
		 "seed; "
		 "%u findings in %u clean targets%s",
		 score.points, score.bugs, score.bugs ? 100 * score.points / score.bugs : 0, score.right, score.wrong,
		 score.missed, score.false_positives, score.clean, detect->stopped ? "; stopped early" : "");
}

static void print_table(const struct lab_detect *detect)
{
	char text[64];

	printf("\nfound by how many seeds; median CPU time and schedules up to it; operations and departures of the "
	       "artifact\n\n%-22s %-10s",
	       "bug", "rule");
	for (size_t way = 0; way < detect->way_count; way++)
		printf("  %-25s", detect->ways[way].name);
	printf("\n");
	for (size_t i = 0; i < detect->bug_count; i++) {
		printf("%-22s %-10s", detect->bugs[i].id, detect->bugs[i].clean ? "-" : detect->bugs[i].rule);
		for (size_t way = 0; way < detect->way_count; way++) {
			lab_detect_cell_text(lab_detect_cell(detect, i, way), text, sizeof(text));
			printf("  %-25s", text);
		}
		printf("\n");
	}
	printf("%-22s %-10s", "points", "");
	for (size_t way = 0; way < detect->way_count; way++)
		printf("  %-25.1f", lab_detect_way_points(detect, way));
	printf("\n\n");
}

static void print_notes(const struct lab_detect *detect)
{
	for (size_t i = 0; i < detect->bug_count; i++)
		for (size_t way = 0; way < detect->way_count; way++) {
			const struct lab_detect_cell *cell = lab_detect_cell(detect, i, way);
			const struct lab_detect_bug *bug = &detect->bugs[i];

			if (cell->wrong != LAB_RULE_COUNT)
				printf("%s: %s by %s, %u of %u\n", bug->clean ? "false positive" : "another rule",
				       bug->id, detect->ways[way].name, cell->found - cell->right, cell->made);
			if (cell->wrong != LAB_RULE_COUNT)
				printf("  expected %s, got %s\n", bug->rule, rule_id(cell->wrong));
			if (cell->failed)
				printf("no answer: %s by %s, %u of %u\n", bug->id, detect->ways[way].name, cell->failed,
				       cell->made);
		}
}

static void emit_tries(struct lab_emit *emit, const struct lab_detect *detect, const struct lab_detect_cell *cell)
{
	char name[32];

	for (unsigned i = 0; i < LAB_DETECT_SEEDS; i++) {
		const struct lab_detect_try *try = &cell->tries[i];

		if (!try->made)
			continue;
		snprintf(name, sizeof(name), "seed_%" PRIu64, detect->seed + i);
		lab_emit_group(emit, name);
		lab_emit_text(emit, "rule", try->rule == LAB_RULE_COUNT ? "" : rule_id(try->rule));
		lab_emit_bool(emit, "failed", try->failed);
		lab_emit_real(emit, "cpu_s", (double)try->cpu_ns / 1e9, 3);
		lab_emit_u64(emit, "schedules", try->schedules);
		if (try->small) {
			lab_emit_u64(emit, "ops", try->ops);
			lab_emit_u64(emit, "departures", try->departures);
			lab_emit_u64(emit, "ops_before", try->ops_before);
		}
		lab_emit_group_end(emit);
	}
}

static void emit_cell(struct lab_emit *emit, const struct lab_detect *detect, size_t i, size_t way)
{
	const struct lab_detect_cell *cell = lab_detect_cell(detect, i, way);
	const struct lab_detect_bug *bug = &detect->bugs[i];

	lab_emit_begin(emit, "bench-detect");
	lab_emit_text(emit, "bug", bug->id);
	lab_emit_text(emit, "class", bug->class);
	lab_emit_bool(emit, "clean", bug->clean);
	lab_emit_text(emit, "rule", bug->clean ? "" : bug->rule);
	lab_emit_text(emit, "engine", detect->ways[way].name);
	lab_emit_u64(emit, "tries", cell->made);
	lab_emit_u64(emit, "found", cell->found);
	lab_emit_u64(emit, "right", cell->right);
	lab_emit_u64(emit, "failed", cell->failed);
	lab_emit_real(emit, "points", bug->clean ? 0 : lab_detect_points(cell), 3);
	if (cell->median) {
		lab_emit_real(emit, "cpu_s_median", (double)cell->cpu_ns / 1e9, 3);
		lab_emit_u64(emit, "schedules_median", cell->schedules);
	}
	emit_tries(emit, detect, cell);
	lab_emit_end(emit);
}

void lab_detect_emit(const struct lab_detect *detect, struct lab_emit *emit)
{
	struct lab_detect_score score;

	for (size_t i = 0; i < detect->bug_count; i++)
		for (size_t way = 0; way < detect->way_count; way++)
			emit_cell(emit, detect, i, way);
	lab_detect_score(detect, &score);
	lab_emit_begin(emit, "bench-detect-score");
	lab_emit_u64(emit, "bugs", score.bugs);
	lab_emit_real(emit, "points", score.points, 3);
	lab_emit_u64(emit, "right", score.right);
	lab_emit_u64(emit, "wrong", score.wrong);
	lab_emit_u64(emit, "missed", score.missed);
	lab_emit_u64(emit, "clean_targets", score.clean);
	lab_emit_u64(emit, "false_positives", score.false_positives);
	lab_emit_u64(emit, "failed", score.failed);
	lab_emit_u64(emit, "seeds", detect->seeds);
	lab_emit_real(emit, "budget_s", (double)detect->budget_ns / 1e9, 3);
	lab_emit_bool(emit, "stopped", detect->stopped);
	lab_emit_end(emit);
}

void lab_detect_tell(const struct lab_detect *detect, enum lab_format format)
{
	struct lab_emit *emit;
	char text[256];

	if (format == LAB_FORMAT_JSONL) {
		emit = lab_emit_open(stdout, format);
		lab_detect_emit(detect, emit);
		lab_emit_close(emit);
		return;
	}
	print_table(detect);
	print_notes(detect);
	lab_detect_score_text(detect, text, sizeof(text));
	printf("%s\n", text);
}
