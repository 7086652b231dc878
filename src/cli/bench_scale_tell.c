/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_scale.h"

#define WORDS_TOLD 5u

static double per_op(uint64_t count, const struct lab_scale_case *scale)
{
	return scale->ops ? (double)count / (double)scale->ops : 0;
}

static bool same_row(const struct lab_scale_case *a, const struct lab_scale_case *b)
{
	return a->pattern == b->pattern && strcmp(a->target, b->target) == 0;
}

/*
 * What becomes of the moves when CPUs are added: none; flat: from 4 CPUs on less than half as many again and 0.05 an
 * operation more; else they grow.
 */
static const char *shape_of(const struct lab_scale_case *row, size_t count)
{
	double few = per_op(row[count > 2 ? 2 : 0].moves, &row[count > 2 ? 2 : 0]);
	double many = per_op(row[count - 1].moves, &row[count - 1]);

	if (many == 0)
		return "none";
	return many < 1.5 * few + 0.05 ? "flat" : "growing";
}

static void print_line(const char *what, const struct lab_scale_case *row, size_t count, size_t offset)
{
	printf("%-8s %-8s %-10s", row->target, lab_scale_pattern_name(row->pattern), what);
	for (size_t i = 0; i < count; i++)
		printf(" %8.3f", per_op(*(const uint64_t *)((const char *)&row[i] + offset), &row[i]));
}

static int compare_words(const void *left, const void *right)
{
	uint64_t a = ((const struct lab_scale_word *)left)->moves, b = ((const struct lab_scale_word *)right)->moves;

	return (a < b) - (a > b);
}

static void sort_words(const struct lab_scale_case *scale, struct lab_scale_word *words)
{
	memcpy(words, scale->words, sizeof(scale->words));
	qsort(words, scale->word_count, sizeof(words[0]), compare_words);
}

/* Which words moved, with the most CPUs. */
static void print_words(const struct lab_scale_case *scale)
{
	struct lab_scale_word words[LAB_SCALE_WORDS];

	sort_words(scale, words);
	for (unsigned i = 0; i < scale->word_count && i < WORDS_TOLD; i++)
		printf("%-17s   %8.3f of %s%s\n", "", per_op(words[i].moves, scale), words[i].name,
		       words[i].neighbours * 2 > words[i].moves ? ", for its neighbours on the line" : "");
}

static void print_row(const struct lab_scale_case *row, size_t count)
{
	print_line("atomics", row, count, offsetof(struct lab_scale_case, atomics));
	printf("\n");
	print_line("updates", row, count, offsetof(struct lab_scale_case, updates));
	printf("\n");
	print_line("shared", row, count, offsetof(struct lab_scale_case, shared_updates));
	printf("\n");
	print_line("moves", row, count, offsetof(struct lab_scale_case, moves));
	printf("  %s\n", shape_of(row, count));
	print_line("neighbours", row, count, offsetof(struct lab_scale_case, neighbours));
	printf("\n");
	if (row[count - 1].failed)
		printf("%-17s   %.1f %% of the calls with %u CPUs found no memory\n", "",
		       100 * per_op(row[count - 1].failed, &row[count - 1]), row[count - 1].cpus);
	print_words(&row[count - 1]);
}

static size_t row_length(const struct lab_scale_case *row, size_t left)
{
	size_t count = 1;

	while (count < left && same_row(row, &row[count]))
		count++;
	return count;
}

static void print_table(const struct lab_scale_case *cases, size_t count)
{
	size_t widest = count ? row_length(cases, count) : 0;

	printf("\nan operation (one alloc or one free), by CPUs that work at the same time: atomic operations; of "
	       "these,\n"
	       "read-modify-writes; of these, on lines that several CPUs touch; cache lines that moved between CPUs; "
	       "of\n"
	       "these, only because of other words on the line\n\n%-8s %-8s %-10s",
	       "target", "pattern", "");
	for (size_t i = 0; i < widest; i++)
		printf(" %8u", cases[i].cpus);
	printf("\n");
	for (size_t at = 0; at < count; at += row_length(&cases[at], count - at))
		print_row(&cases[at], row_length(&cases[at], count - at));
}

static void tell_case(struct lab_emit *emit, const struct lab_scale_case *scale)
{
	struct lab_scale_word words[LAB_SCALE_WORDS];

	lab_emit_begin(emit, "bench-scale");
	lab_emit_text(emit, "target", scale->target);
	lab_emit_text(emit, "pattern", lab_scale_pattern_name(scale->pattern));
	lab_emit_u64(emit, "cpus", scale->cpus);
	lab_emit_u64(emit, "operations", scale->ops);
	lab_emit_u64(emit, "failed", scale->failed);
	lab_emit_real(emit, "atomics", per_op(scale->atomics, scale), 4);
	lab_emit_real(emit, "updates", per_op(scale->updates, scale), 4);
	lab_emit_real(emit, "shared_updates", per_op(scale->shared_updates, scale), 4);
	lab_emit_real(emit, "moves", per_op(scale->moves, scale), 4);
	lab_emit_real(emit, "neighbours", per_op(scale->neighbours, scale), 4);
	sort_words(scale, words);
	lab_emit_group(emit, "words");
	for (unsigned i = 0; i < scale->word_count; i++)
		lab_emit_real(emit, words[i].name, per_op(words[i].moves, scale), 4);
	lab_emit_group_end(emit);
	lab_emit_end(emit);
}

static void tell_shape(struct lab_emit *emit, const struct lab_scale_case *row, size_t count)
{
	lab_emit_begin(emit, "bench-scale-shape");
	lab_emit_text(emit, "target", row->target);
	lab_emit_text(emit, "pattern", lab_scale_pattern_name(row->pattern));
	lab_emit_u64(emit, "cpus", row[count - 1].cpus);
	lab_emit_text(emit, "shape", shape_of(row, count));
	lab_emit_end(emit);
}

void lab_bench_scale_tell(const struct lab_scale_case *cases, size_t count, enum lab_format format)
{
	struct lab_emit *emit;

	if (format != LAB_FORMAT_JSONL) {
		print_table(cases, count);
		return;
	}
	emit = lab_emit_open(stdout, format);
	for (size_t i = 0; i < count; i++)
		tell_case(emit, &cases[i]);
	for (size_t at = 0; at < count; at += row_length(&cases[at], count - at))
		tell_shape(emit, &cases[at], row_length(&cases[at], count - at));
	lab_emit_close(emit);
}
