/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/bench_frag.h"

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static const char *where_of(const struct lab_frag_result *result)
{
	return result->own_memory ? "resident" : "frames";
}

static void print_table(const struct lab_target *const *targets, const struct lab_frag_result *results, size_t count,
			uint64_t days)
{
	printf("\nafter %" PRIu64 " day%s: free memory, and what of it is in whole blocks of order 9, as parts of all "
	       "memory;\nwhat of the free memory is, at the end, when there was least of it, and on average over the "
	       "hours\n\n%-10s %-8s %6s %6s %8s %8s %8s %6s %9s %8s\n",
	       days, days == 1 ? "" : "s", "target", "by", "free", "ord. 9", "of free", "least", "mean", "given",
	       "requests", "refused");
	for (size_t i = 0; i < count; i++) {
		const struct lab_frag_result *result = &results[i];

		printf("%-10s %-8s %6.3f %6.3f %8.3f %8.3f %8.3f", targets[i]->name, where_of(result),
		       share(result->last.free, LAB_FRAG_FRAMES), share(result->last.great, LAB_FRAG_FRAMES),
		       share(result->last.great, result->last.free), share(result->least.great, result->least.free),
		       result->great_mean);
		if (result->own_memory)
			printf(" %6s", "-");
		else
			printf(" %6" PRIu64, result->given);
		printf(" %9" PRIu64 " %8" PRIu64 "\n", result->allocs + result->refused, result->refused);
	}
	printf("\nunusable free space by order, at the end: the part of free memory that is in smaller blocks\n\n%-10s",
	       "target");
	for (unsigned order = 0; order <= LAB_ORDER_MAX; order++)
		printf(" %5u", order);
	printf("\n");
	for (size_t i = 0; i < count; i++) {
		printf("%-10s", targets[i]->name);
		for (unsigned order = 0; order <= LAB_ORDER_MAX; order++)
			printf(" %5.3f", share(results[i].last.unusable[order], results[i].last.free));
		printf("\n");
	}
	printf("\nby frames: the arena's own frames, by what was handed out. by resident: a malloc library has no "
	       "arena;\n"
	       "what it keeps resident is taken from as much memory, and the rest counts as whole. Their timers did "
	       "not\n"
	       "run: the days took seconds. given: blocks of order 9 that the target handed out at the end.\n");
}

static void tell_look(struct lab_emit *emit, const char *name, const struct lab_frag_look *look)
{
	lab_emit_group(emit, name);
	lab_emit_real(emit, "free", share(look->free, LAB_FRAG_FRAMES), 4);
	lab_emit_real(emit, "order_9", share(look->great, LAB_FRAG_FRAMES), 4);
	lab_emit_real(emit, "order_9_of_free", share(look->great, look->free), 4);
	lab_emit_group(emit, "unusable");
	for (unsigned order = 0; order <= LAB_ORDER_MAX; order++) {
		char text[8];

		snprintf(text, sizeof(text), "%u", order);
		lab_emit_real(emit, text, share(look->unusable[order], look->free), 4);
	}
	lab_emit_group_end(emit);
	lab_emit_group_end(emit);
}

void lab_bench_frag_tell(const struct lab_target *const *targets, const struct lab_frag_result *results, size_t count,
			 uint64_t days, enum lab_format format)
{
	struct lab_emit *emit;

	if (format != LAB_FORMAT_JSONL) {
		print_table(targets, results, count, days);
		return;
	}
	emit = lab_emit_open(stdout, format);
	for (size_t i = 0; i < count; i++) {
		const struct lab_frag_result *result = &results[i];

		lab_emit_begin(emit, "bench-frag");
		lab_emit_text(emit, "target", targets[i]->name);
		lab_emit_u64(emit, "days", days);
		lab_emit_text(emit, "by", where_of(result));
		lab_emit_u64(emit, "allocs", result->allocs);
		lab_emit_u64(emit, "frees", result->frees);
		lab_emit_u64(emit, "refused", result->refused);
		lab_emit_u64(emit, "refused_single", result->refused_single);
		tell_look(emit, "end", &result->last);
		tell_look(emit, "least", &result->least);
		lab_emit_real(emit, "order_9_of_free_mean", result->great_mean, 4);
		lab_emit_u64(emit, "given", result->given);
		lab_emit_end(emit);
	}
	lab_emit_close(emit);
}
