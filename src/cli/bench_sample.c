/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/bench_sample.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/assert.h"
#include "plat/atomic.h"
#include "plat/clock.h"

#define REPEAT_BLOCKS 1u
#define BULK_BLOCKS   8192u
#define BULK_BLOCKS_9 128u

/* One thread of a sample. */
struct worker {
	const struct lab_bench_sample *sample;
	pthread_barrier_t *barrier;
	unsigned index;
	unsigned count; /* of blocks and order */
	void **blocks;
	uint32_t *order;      /* in which the blocks are freed */
	unsigned full, holes; /* full90: blocks that were to be had; of order, those that were freed again */
	enum lab_status status;
	uint64_t ns;
};

static unsigned blocks_of(const struct lab_bench_sample *sample)
{
	const struct lab_bench_case *bench = sample->bench;

	if (bench->pattern == LAB_BENCH_REPEAT)
		return REPEAT_BLOCKS;
	if (bench->pattern == LAB_BENCH_FULL90)
		return sample->full_blocks;
	return bench->order ? BULK_BLOCKS_9 : BULK_BLOCKS;
}

/* Two compare-and-swaps on a word that nobody else touches: what an atomic pair costs at the least on this machine. */
static void run_floor(uint64_t pairs)
{
	_Alignas(128) lab_atomic64 word = 0;

	for (uint64_t i = 0; i < pairs; i++) {
		uint64_t seen = 2 * i;

		/* Acquire and release as an allocator needs them; nobody is at the other end. */
		lab_assert(lab_cas_acquire(&word, &seen, 2 * i + 1));
		seen = 2 * i + 1;
		lab_assert(lab_cas_release(&word, &seen, 2 * i + 2));
	}
}

static struct lab_request request_of(const struct worker *worker, uint64_t generation)
{
	return (struct lab_request){.gfp = LAB_GFP_ATOMIC,
				    .order = worker->sample->bench->order,
				    .cpu = worker->index,
				    .owner = lab_owner_make(worker->index + 1, generation)};
}

static enum lab_status take(struct worker *worker, unsigned at, uint64_t generation)
{
	struct lab_request request = request_of(worker, generation);

	return worker->sample->bench->target->alloc(worker->sample->self, &request, &worker->blocks[at]);
}

static enum lab_status give(struct worker *worker, unsigned at, uint64_t generation)
{
	struct lab_request request = request_of(worker, generation);

	return worker->sample->bench->target->free(worker->sample->self, worker->blocks[at], &request);
}

/* All blocks, then all back, until so many pairs are done. */
static enum lab_status run_batches(struct worker *worker, uint64_t pairs)
{
	uint64_t generation = 1;

	for (uint64_t done = 0; done < pairs; done += worker->count, generation += worker->count) {
		enum lab_status status = LAB_OK;

		for (unsigned i = 0; i < worker->count && status == LAB_OK; i++)
			status = take(worker, i, generation + i);
		for (unsigned i = 0; i < worker->count && status == LAB_OK; i++)
			status = give(worker, worker->order[i], generation + worker->order[i]);
		if (status != LAB_OK)
			return status;
	}
	return LAB_OK;
}

/* full90: a block's generation is its place and one more. A target may be full a little earlier than told. */
static enum lab_status fill(struct worker *worker)
{
	enum lab_status status = LAB_OK;
	unsigned kept = 0;

	while (worker->full < worker->count && status == LAB_OK) {
		status = take(worker, worker->full, worker->full + 1);
		worker->full += status == LAB_OK;
	}
	if (status != LAB_OK && status != LAB_NO_MEMORY)
		return status;
	for (unsigned i = 0; i < worker->count; i++) /* what was not to be had has no turn */
		if (worker->order[i] < worker->full)
			worker->order[kept++] = worker->order[i];
	for (status = LAB_OK; worker->holes < worker->full / 10 && status == LAB_OK; worker->holes++)
		status = give(worker, worker->order[worker->holes], worker->order[worker->holes] + 1);
	return status == LAB_OK && worker->full == worker->holes ? LAB_NO_MEMORY : status;
}

static enum lab_status replace(struct worker *worker, uint64_t pairs)
{
	enum lab_status status = LAB_OK;
	unsigned turn = worker->holes;

	for (uint64_t done = 0; done < pairs && status == LAB_OK; done++) {
		unsigned at = worker->order[turn];

		status = give(worker, at, at + 1);
		if (status == LAB_OK)
			status = take(worker, at, at + 1);
		if (++turn == worker->full)
			turn = worker->holes;
	}
	return status;
}

static enum lab_status empty(struct worker *worker)
{
	enum lab_status status = LAB_OK;

	for (unsigned i = worker->holes; i < worker->full && status == LAB_OK; i++)
		status = give(worker, worker->order[i], worker->order[i] + 1);
	return status;
}

static enum lab_status run_pairs(struct worker *worker, uint64_t pairs)
{
	const struct lab_bench_case *bench = worker->sample->bench;

	if (bench->target)
		return bench->pattern == LAB_BENCH_FULL90 ? replace(worker, pairs) : run_batches(worker, pairs);
	run_floor(pairs);
	return LAB_OK;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	const struct lab_bench_sample *sample = worker->sample;
	bool full90 = sample->bench->target && sample->bench->pattern == LAB_BENCH_FULL90;
	uint64_t before;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sample->cpus[worker->index], &cpus);
	/* A refusal leaves the thread unpinned: noisier, not wrong. */
	(void)pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	lab_bench_set_cpu(worker->index);
	/* Either warms caches and page tables. */
	worker->status = full90 ? fill(worker) : run_pairs(worker, worker->count);
	pthread_barrier_wait(worker->barrier);
	if (worker->status == LAB_OK) {
		before = lab_clock_thread_ns();
		worker->status = run_pairs(worker, sample->pairs);
		worker->ns = lab_clock_thread_ns() - before;
	}
	pthread_barrier_wait(worker->barrier); /* nobody's memory gets emptier while another is timed */
	if (full90 && worker->status == LAB_OK)
		worker->status = empty(worker);
	return NULL;
}

static void shuffle(struct lab_prng *prng, uint32_t *order, unsigned count, bool random)
{
	for (unsigned i = 0; i < count; i++)
		order[i] = i;
	for (unsigned i = count; random && i > 1; i--) {
		unsigned other = (unsigned)lab_prng_below(prng, i);
		uint32_t kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

enum lab_status lab_bench_sample_run(const struct lab_bench_sample *sample, struct lab_prng *prng, double *ret_ns)
{
	struct worker workers[LAB_BENCH_THREAD_MAX] = {0};
	pthread_t threads[LAB_BENCH_THREAD_MAX];
	unsigned count = sample->bench->threads, blocks = blocks_of(sample);
	bool batches = sample->bench->pattern != LAB_BENCH_FULL90;
	uint64_t pairs = batches ? (sample->pairs + blocks - 1) / blocks * blocks : sample->pairs;
	pthread_barrier_t barrier;
	enum lab_status status = LAB_OK;
	uint64_t ns = 0;
	int error;

	lab_assert_cmp(count, <=, LAB_BENCH_THREAD_MAX);
	error = pthread_barrier_init(&barrier, NULL, count);
	lab_assert_cmp(error, ==, 0);
	for (unsigned i = 0; i < count; i++) {
		struct worker *worker = &workers[i];

		*worker = (struct worker){.sample = sample, .barrier = &barrier, .index = i, .count = blocks};
		worker->blocks = calloc(blocks, sizeof(worker->blocks[0]));
		worker->order = calloc(blocks, sizeof(worker->order[0]));
		lab_assert(worker->blocks && worker->order);
		shuffle(prng, worker->order, blocks, sample->bench->pattern >= LAB_BENCH_RANDOM);
		error = pthread_create(&threads[i], NULL, work, worker);
		lab_assert_cmp(error, ==, 0);
	}
	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		if (workers[i].status != LAB_OK)
			status = workers[i].status;
		ns += workers[i].ns;
		free(workers[i].blocks);
		free(workers[i].order);
	}
	pthread_barrier_destroy(&barrier);
	if (status == LAB_OK)
		*ret_ns = (double)ns / (double)count / (double)pairs;
	return status;
}
