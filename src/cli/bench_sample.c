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
	void **blocks;
	uint32_t *order; /* in which the blocks are freed */
	enum lab_status status;
	uint64_t ns;
};

static unsigned blocks_of(const struct lab_bench_case *bench)
{
	if (bench->pattern == LAB_BENCH_REPEAT)
		return REPEAT_BLOCKS;
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

static enum lab_status run_target(struct worker *worker, uint64_t pairs)
{
	const struct lab_bench_case *bench = worker->sample->bench;
	const struct lab_target *target = bench->target;
	unsigned blocks = blocks_of(bench);
	struct lab_request request = {.gfp = LAB_GFP_ATOMIC, .order = bench->order, .cpu = worker->index};
	uint64_t generation = 1;

	for (uint64_t done = 0; done < pairs; done += blocks, generation += blocks) {
		for (unsigned i = 0; i < blocks; i++) {
			enum lab_status status;

			request.owner = lab_owner_make(worker->index + 1, generation + i);
			status = target->alloc(worker->sample->self, &request, &worker->blocks[i]);
			if (status != LAB_OK)
				return status;
		}
		for (unsigned i = 0; i < blocks; i++) {
			unsigned at = worker->order[i];
			enum lab_status status;

			request.owner = lab_owner_make(worker->index + 1, generation + at);
			status = target->free(worker->sample->self, worker->blocks[at], &request);
			if (status != LAB_OK)
				return status;
		}
	}
	return LAB_OK;
}

static enum lab_status run_pairs(struct worker *worker, uint64_t pairs)
{
	if (worker->sample->bench->target)
		return run_target(worker, pairs);
	run_floor(pairs);
	return LAB_OK;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	const struct lab_bench_sample *sample = worker->sample;
	uint64_t before;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sample->cpus[worker->index], &cpus);
	/* A refusal leaves the thread unpinned: noisier, not wrong. */
	(void)pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	lab_bench_set_cpu(worker->index);
	worker->status = run_pairs(worker, blocks_of(sample->bench)); /* warms caches and page tables */
	pthread_barrier_wait(worker->barrier);
	if (worker->status != LAB_OK)
		return NULL;
	before = lab_clock_thread_ns();
	worker->status = run_pairs(worker, sample->pairs);
	worker->ns = lab_clock_thread_ns() - before;
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
	unsigned count = sample->bench->threads, blocks = blocks_of(sample->bench);
	uint64_t pairs = (sample->pairs + blocks - 1) / blocks * blocks;
	pthread_barrier_t barrier;
	enum lab_status status = LAB_OK;
	uint64_t ns = 0;
	int error;

	lab_assert_cmp(count, <=, LAB_BENCH_THREAD_MAX);
	error = pthread_barrier_init(&barrier, NULL, count);
	lab_assert_cmp(error, ==, 0);
	for (unsigned i = 0; i < count; i++) {
		struct worker *worker = &workers[i];

		*worker = (struct worker){.sample = sample, .barrier = &barrier, .index = i};
		worker->blocks = calloc(blocks, sizeof(worker->blocks[0]));
		worker->order = calloc(blocks, sizeof(worker->order[0]));
		lab_assert(worker->blocks && worker->order);
		shuffle(prng, worker->order, blocks, sample->bench->pattern == LAB_BENCH_RANDOM);
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
