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

/* Shreds two pages, of which the second cannot be written until a handler, in the midst of it, has shredded others. */
static struct {
	struct lab_shredder *shredder;
	unsigned char *pages, others[PAGE];
	volatile sig_atomic_t faults;
} nested;

static void on_fault(int number)
{
	nested.faults++;
	nested.shredder->run(nested.shredder, nested.others, PAGE);
	if (mprotect(nested.pages, 2ul * PAGE, PROT_READ | PROT_WRITE))
		abort();
}

static bool is_zero(const unsigned char *bytes)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, PAGE - 1);
}

static void a_shredding_within_another_has_a_cipher_of_its_own(void **state)
{
	struct sigaction action = {.sa_handler = on_fault}, before;

	nested.pages = mmap(NULL, 2ul * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(nested.pages, MAP_FAILED);
	assert_int_equal(lab_shredder_create(2, &nested.shredder), LAB_OK);
	assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
	/* More often than there are contexts: each is given back. */
	for (int i = 1; i <= 200; i++) {
		memset(nested.others, 0, PAGE);
		memset(nested.pages, 0, 2ul * PAGE);
		assert_int_equal(mprotect(nested.pages + PAGE, PAGE, PROT_NONE), 0);
		nested.shredder->run(nested.shredder, nested.pages, 2ul * PAGE);
		assert_int_equal(nested.faults, i);
		assert_false(is_zero(nested.others) || is_zero(nested.pages) || is_zero(nested.pages + PAGE));
	}
	assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
	lab_shredder_destroy(nested.shredder);
	munmap(nested.pages, 2ul * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_keep_their_blocks),
		cmocka_unit_test(interrupts_keep_their_blocks),
		cmocka_unit_test(a_shredding_within_another_has_a_cipher_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
