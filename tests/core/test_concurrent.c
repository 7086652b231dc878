/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "base/prng.h"
#include "core/shred.h"
#include "plat/atomic.h"
#include "plat/sanitizer.h"

#define PAGE 4096u

/*
 * Threads and, on each, a signal handler that allocates and frees at any instruction of the thread's own calls. Each
 * block is stamped with plain stores, so that ThreadSanitizer sees a hand-over that is not ordered, and read back.
 */

/*
 * ThreadSanitizer runs an asynchronous signal's handler inside its own treatment of an atomic access, and then reports
 * races that are none. So under it the handler is only called in place.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ASYNCHRONOUS false
#endif
#endif
#if !defined(ASYNCHRONOUS) && defined(__SANITIZE_THREAD__)
#define ASYNCHRONOUS false
#endif
#ifndef ASYNCHRONOUS
#define ASYNCHRONOUS true
#endif

#define THREADS 4u
#define STEPS   20000u
#define SLOTS   12u

static const struct lab_span spans[] = {{0, 1500, LAB_ZONE_NORMAL}, {1600, 500, LAB_ZONE_DMA}};
static const struct lab_zone_marks marks[LAB_ZONE_COUNT] = {
	[LAB_ZONE_DMA] = {.min = 16, .low = 20, .high = 24, .lowmem_reserve = {0, 100}},
	[LAB_ZONE_NORMAL] = {.min = 64, .low = 80, .high = 96},
};

static struct lab_fixture fixture;
static lab_atomic64 lost_stamps, refused;

struct slot {
	struct lab_page *page;
	struct lab_alloc_request request;
};

struct worker {
	struct lab_prng prng;
	unsigned cpu, context;
	uint64_t generation;
	struct slot slots[SLOTS];
	bool in_handler_too;
};

static _Thread_local struct worker *handler_worker;

static void stamp(const struct slot *slot)
{
	uint64_t *words = lab_page_address(&fixture.arena, slot->page);
	size_t count = ((size_t)8 << slot->request.order);

	for (size_t i = 0; i < count; i++)
		words[i] = slot->request.owner + i;
}

static void unstamp(const struct slot *slot)
{
	uint64_t *words = lab_page_address(&fixture.arena, slot->page);
	size_t count = ((size_t)8 << slot->request.order);

	for (size_t i = 0; i < count; i++)
		if (words[i] != slot->request.owner + i)
			lab_fetch_add_relaxed(&lost_stamps, 1);
}

static void release(struct slot *slot, unsigned cpu)
{
	struct lab_alloc_request request = slot->request;

	request.cpu = cpu;
	unstamp(slot);
	if (lab_page_free(&fixture.arena, slot->page, &request))
		lab_fetch_add_relaxed(&refused, 1);
	slot->page = NULL;
}

static void step(struct worker *worker)
{
	static const lab_gfp kinds[] = {LAB_GFP_ATOMIC, LAB_GFP_NOWAIT, LAB_GFP_MEMALLOC, LAB_GFP_DMA | LAB_GFP_ATOMIC};
	struct slot *slot = &worker->slots[lab_prng_below(&worker->prng, SLOTS)];
	unsigned cpu = (unsigned)lab_prng_below(&worker->prng, THREADS);
	unsigned order = lab_prng_chance(&worker->prng, 1, 4) ? (unsigned)lab_prng_below(&worker->prng, 9) : 0;

	if (lab_prng_chance(&worker->prng, 1, 64))
		lab_arena_drain(&fixture.arena, cpu);
	if (slot->page) {
		release(slot, cpu);
		return;
	}
	slot->request = (struct lab_alloc_request){.gfp = kinds[lab_prng_below(&worker->prng, 4)],
						   .order = order,
						   .cpu = lab_prng_chance(&worker->prng, 1, 8) ? cpu : worker->cpu,
						   .owner = lab_owner_make(worker->context, ++worker->generation)};
	if (lab_page_alloc(&fixture.arena, &slot->request, &slot->page) == LAB_OK)
		stamp(slot);
	else
		slot->page = NULL;
}

static void on_signal(int number)
{
	if (handler_worker)
		for (unsigned i = 0; i < 3; i++)
			step(handler_worker);
}

static void interrupt_here(void)
{
	if (ASYNCHRONOUS)
		raise(SIGUSR1);
	else
		on_signal(SIGUSR1);
}

static void *work(void *arg)
{
	struct worker *worker = arg, handler = {.cpu = worker->cpu, .context = worker->context + THREADS};

	lab_prng_seed(&handler.prng, 99, worker->cpu);
	handler_worker = &handler;
	for (unsigned i = 0; i < STEPS; i++) {
		step(worker);
		if (worker->in_handler_too && i % 16 == 0)
			interrupt_here();
	}
	handler_worker = NULL;
	for (unsigned i = 0; i < SLOTS; i++) {
		if (worker->slots[i].page)
			release(&worker->slots[i], worker->cpu);
		if (handler.slots[i].page)
			release(&handler.slots[i], worker->cpu);
	}
	return NULL;
}

/* A thread that only sends signals to the others, for interrupts between any two instructions. */
struct sender {
	pthread_t targets[THREADS];
	lab_atomic32 stop;
};

static void *send(void *arg)
{
	struct sender *sender = arg;
	struct timespec pause = {.tv_nsec = 20000};

	while (!lab_load_relaxed(&sender->stop)) { /* nothing is published with it */
		for (unsigned i = 0; i < THREADS; i++)
			pthread_kill(sender->targets[i], SIGUSR1);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void run(bool signals)
{
	static struct worker workers[THREADS];
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sender sender = {.stop = 0};
	pthread_t sending;

	memset(workers, 0, sizeof(workers));
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	fixture_open(&fixture, spans, 2, marks, THREADS, 0);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].cpu = i;
		workers[i].context = i + 1;
		workers[i].in_handler_too = signals;
		lab_prng_seed(&workers[i].prng, 5, i);
		assert_int_equal(pthread_create(&sender.targets[i], NULL, work, &workers[i]), 0);
	}
	if (signals && ASYNCHRONOUS) {
		struct timespec most = {.tv_nsec = 300000000};

		assert_int_equal(pthread_create(&sending, NULL, send, &sender), 0);
		nanosleep(&most, NULL);
		lab_store_relaxed(&sender.stop, 1);
		pthread_join(sending, NULL); /* before the threads it sends to */
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(sender.targets[i], NULL);
	assert_int_equal(lab_load_relaxed(&lost_stamps), 0);
	assert_int_equal(lab_load_relaxed(&refused), 0);
	fixture_check(&fixture);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 2000);
	fixture_close(&fixture);
}

static void threads_keep_their_blocks(void **state)
{
	run(false);
}

static void interrupts_keep_their_blocks(void **state)
{
	run(true);
}

/*
 * A shredding is interrupted in its midst by another one, and that by the next: each has two pages, and of all but the
 * last the second cannot be written until the handler has shredded the next one's.
 */
#define DEEP 65u /* one more than there are ciphers at least */

static struct {
	struct lab_shredder *shredder;
	unsigned char *pages;
	unsigned depth;
} nested;

static unsigned char *page_of(unsigned depth, unsigned which)
{
	return nested.pages + (2ul * depth + which) * PAGE;
}

static void shred_from(unsigned depth)
{
	nested.depth = depth;
	nested.shredder->run(nested.shredder, page_of(depth, 0), 2ul * PAGE);
}

static void on_fault(int number)
{
	unsigned depth = nested.depth;

	shred_from(depth + 1);
	if (mprotect(page_of(depth, 1), PAGE, PROT_READ | PROT_WRITE))
		abort();
}

static bool is_zero(const unsigned char *bytes)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, PAGE - 1);
}

static bool is_as_before(const unsigned char *bytes)
{
	return bytes[0] == 0x5a && !memcmp(bytes, bytes + 1, PAGE - 1);
}

static void shred_as_deep_as(unsigned deepest)
{
	memset(nested.pages, 0x5a, 2ul * DEEP * PAGE);
	for (unsigned depth = 0; depth < deepest; depth++)
		assert_int_equal(mprotect(page_of(depth, 1), PAGE, PROT_NONE), 0);
	shred_from(0);
	for (unsigned depth = 0; depth <= deepest; depth++)
		for (unsigned which = 0; which < 2; which++) {
			/* Whoever had no cipher any more has zeroed it. */
			assert_int_equal(is_zero(page_of(depth, which)), depth >= 64);
			assert_false(is_as_before(page_of(depth, which)));
		}
}

static void shreddings_within_one_another(void **state)
{
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER}, before;

	nested.pages = mmap(NULL, 2ul * DEEP * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(nested.pages, MAP_FAILED);
	assert_int_equal(lab_shredder_create(2, &nested.shredder), LAB_OK);
	assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
	/* Each gives its cipher back. */
	for (unsigned i = 0; i < 100; i++)
		shred_as_deep_as(1);
	/* ThreadSanitizer lets no handler of a fault be interrupted by another fault. */
	for (unsigned i = 0; i < 3 && !LAB_SANITIZER_THREAD; i++)
		shred_as_deep_as(DEEP - 1);
	assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
	lab_shredder_destroy(nested.shredder);
	munmap(nested.pages, 2ul * DEEP * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_keep_their_blocks),
		cmocka_unit_test(interrupts_keep_their_blocks),
		cmocka_unit_test(shreddings_within_one_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
