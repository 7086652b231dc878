/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/bench_detect.h"

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* The lower one of an even number, so that half the tries suffice. */
static uint64_t median(uint64_t *values, unsigned count)
{
	qsort(values, count, sizeof(values[0]), compare);
	return values[(count - 1) / 2];
}

static void find_medians(struct lab_detect_cell *cell)
{
	uint64_t cpu[LAB_DETECT_SEEDS], schedules[LAB_DETECT_SEEDS], ops[LAB_DETECT_SEEDS],
		departures[LAB_DETECT_SEEDS];
	unsigned made = 0;

	for (unsigned i = 0; i < LAB_DETECT_SEEDS; i++) {
		const struct lab_detect_try *try = &cell->tries[i];
		bool found = try->rule != LAB_RULE_COUNT, small = found && try->small;

		if (!try->made)
			continue;
		cpu[made] = found ? try->cpu_ns : UINT64_MAX;
		schedules[made] = found ? try->schedules : UINT64_MAX;
		ops[made] = small ? try->ops : UINT64_MAX;
		departures[made++] = small ? try->departures : UINT64_MAX;
	}
	cell->cpu_ns = median(cpu, made);
	cell->median = cell->cpu_ns != UINT64_MAX;
	cell->schedules = cell->median ? median(schedules, made) : 0;
	cell->small = median(ops, made) != UINT64_MAX;
	if (!cell->small)
		return;
	cell->ops = (unsigned)ops[(made - 1) / 2];
	cell->departures = (unsigned)median(departures, made);
}

void lab_detect_sum_up(const struct lab_detect_bug *bug, struct lab_detect_cell *cell)
{
	cell->made = cell->failed = cell->found = cell->right = 0;
	cell->wrong = LAB_RULE_COUNT;
	for (unsigned i = 0; i < LAB_DETECT_SEEDS; i++) {
		const struct lab_detect_try *try = &cell->tries[i];

		if (!try->made)
			continue;
		cell->made++;
		cell->failed += try->failed;
		if (try->rule == LAB_RULE_COUNT)
			continue;
		cell->found++;
		cell->right += lab_detect_expects(bug, try->rule);
		if (!lab_detect_expects(bug, try->rule))
			cell->wrong = try->rule;
	}
	if (cell->made)
		find_medians(cell);
}

double lab_detect_points(const struct lab_detect_cell *cell)
{
	return cell->made ? (cell->right + (cell->found - cell->right) / 2.0) / cell->made : 0;
}

double lab_detect_way_points(const struct lab_detect *detect, size_t way)
{
	double points = 0;

	for (size_t bug = 0; bug < detect->bug_count; bug++)
		if (!detect->bugs[bug].clean)
			points += lab_detect_points(lab_detect_cell(detect, bug, way));
	return points;
}

void lab_detect_score(const struct lab_detect *detect, struct lab_detect_score *ret_score)
{
	struct lab_detect_score score = {0};

	for (size_t i = 0; i < detect->bug_count; i++) {
		const struct lab_detect_bug *bug = &detect->bugs[i];
		unsigned found = 0, most = 0;
		double best = 0;

		for (size_t way = 0; way < detect->way_count; way++) {
			const struct lab_detect_cell *cell = lab_detect_cell(detect, i, way);

			found += cell->found;
			score.failed += cell->failed;
			if (lab_detect_points(cell) > best)
				best = lab_detect_points(cell);
			if (cell->made && cell->found == cell->made)
				most = cell->made;
		}
		score.clean += bug->clean;
		score.false_positives += bug->clean ? found : 0;
		if (bug->clean)
			continue;
		score.bugs++;
		score.points += best;
		score.right += best == 1;
		score.wrong += best < 1 && most;
		score.missed += best < 1 && !most;
	}
	*ret_score = score;
}
