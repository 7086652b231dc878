/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <labyrinth/diagnose.h>

#include "core/chunk.h"
#include "core/page.h"
#include "core/process.h"
#include "fixture.h"

/* Processes of one arena, some of which are killed. Every death here is at a place that the test chose. */

#define FRAMES 8192u
#define CPUS   2u

struct shared {
	struct lab_arena arena; /* handles of one mapping: the processes are forks */
	char *base;
	void *metadata;
	size_t bytes;
	unsigned self;
};

static const struct lab_span spans[] = {{0, FRAMES, LAB_ZONE_NORMAL}};

static void *map_shared(size_t bytes)
{
	void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(address, MAP_FAILED);
	return address;
}

static void open_shared(struct shared *shared, unsigned flags)
{
	static const struct lab_zone_marks no_marks[LAB_ZONE_COUNT];
	struct lab_arena_config config = {.frame_count = FRAMES,
					  .page_shift = FIXTURE_PAGE_SHIFT,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = CPUS,
					  .flags = flags,
					  .spans = spans,
					  .span_count = 1,
					  .process_count = 3,
					  .zones = no_marks};

	shared->base = map_shared((size_t)FRAMES << FIXTURE_PAGE_SHIFT);
	config.base = shared->base;
	assert_int_equal(lab_arena_measure(&config, &shared->bytes), LAB_OK);
	shared->metadata = map_shared(shared->bytes);
	assert_int_equal(lab_arena_init(&shared->arena, &config, shared->metadata, shared->bytes), LAB_OK);
	assert_int_equal(lab_arena_join(&shared->arena, &shared->self), LAB_OK);
}

static void close_shared(struct shared *shared)
{
	lab_arena_fini(&shared->arena);
	munmap(shared->metadata, shared->bytes);
	munmap(shared->base, (size_t)FRAMES << FIXTURE_PAGE_SHIFT);
}

/* What a dying process does first, with its number. */
typedef void (*deed)(struct lab_arena *arena);

/* Forks a process that joins, does it, and is killed; its number. */
static unsigned have_killed(struct shared *shared, deed does)
{
	int ways[2], status;
	unsigned process = 0;
	pid_t pid;

	assert_int_equal(pipe(ways), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct lab_arena arena;

		if (lab_arena_attach(&arena, shared->metadata, shared->bytes, shared->base, NULL) != LAB_OK ||
		    lab_arena_join(&arena, &process) != LAB_OK ||
		    write(ways[1], &process, sizeof(process)) != sizeof(process))
			_exit(1);
		does(&arena);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(ways[0], &process, sizeof(process)), sizeof(process));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	close(ways[0]);
	close(ways[1]);
	return process;
}

static enum lab_status reap(struct shared *shared, unsigned process)
{
	struct lab_arena_dead dead = {.process = process};

	return lab_arena_reap(&shared->arena, &dead);
}

/* Every frame can be had again, each once, and the arena agrees. */
static void is_whole(struct shared *shared)
{
	static struct lab_page *pages[FRAMES + 1];
	unsigned count = 0;

	assert_int_equal(lab_arena_free_frames(&shared->arena), FRAMES);
	assert_int_equal(lab_arena_check(&shared->arena, NULL), LAB_OK);
	while ((pages[count] = lab_alloc_pages(&shared->arena, LAB_GFP_MEMALLOC, 0)) != NULL)
		count++;
	assert_int_equal(count, FRAMES);
	while (count)
		assert_int_equal(lab_free_pages(&shared->arena, pages[--count], 0), LAB_OK);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		lab_arena_drain(&shared->arena, cpu);
	assert_int_equal(lab_arena_check(&shared->arena, NULL), LAB_OK);
}

static void hold_blocks(struct lab_arena *arena)
{
	for (unsigned order = 0; order < LAB_ORDER_MAX; order++)
		if (!lab_alloc_pages(arena, LAB_GFP_KERNEL | (order % 2 ? LAB_GFP_EXCLUSIVE : 0), order))
			_exit(1);
}

static void what_the_dead_owned_comes_back(void **state)
{
	struct lab_arena other, neighbour;
	struct shared shared;
	unsigned process, again;
	struct lab_page *block;

	open_shared(&shared, 0);
	/* A block of somebody living, up to its chunk's end. */
	block = lab_alloc_pages(&shared.arena, LAB_GFP_KERNEL, LAB_ORDER_MAX);
	assert_non_null(block);
	process = have_killed(&shared, hold_blocks);
	assert_int_not_equal(process, shared.self);
	/* At the place behind the dead one's. */
	assert_int_equal(lab_arena_attach(&neighbour, shared.metadata, shared.bytes, shared.base, NULL), LAB_OK);
	assert_int_equal(lab_arena_join(&neighbour, &again), LAB_OK);
	assert_int_equal(again, process + 1);
	assert_int_equal(lab_arena_free_frames(&shared.arena), FRAMES - 1023 - 1024);
	assert_int_equal(reap(&shared, process), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&shared.arena), FRAMES - 1024);
	assert_int_equal(lab_free_pages(&shared.arena, block, LAB_ORDER_MAX), LAB_OK);
	is_whole(&shared);
	assert_int_equal(lab_arena_drain(&neighbour, 0), LAB_OK); /* it is no stranger */
	assert_int_equal(reap(&shared, process), LAB_UNCHANGED);
	assert_int_equal(reap(&shared, shared.self), LAB_INVALID);
	assert_int_equal(reap(&shared, 4), LAB_INVALID);
	/* The place is free for another, whom the dead one's number does not name. */
	assert_int_equal(lab_arena_attach(&other, shared.metadata, shared.bytes, shared.base, NULL), LAB_OK);
	assert_int_equal(lab_arena_join(&other, &again), LAB_OK);
	assert_int_equal(again % LAB_PROCESS_PLACES, process % LAB_PROCESS_PLACES);
	assert_int_equal(reap(&shared, process), LAB_UNCHANGED);
	close_shared(&shared);
}

/* The tracer is called while the block is taken, and nobody's. */
static unsigned die_here(uintptr_t *places, unsigned room)
{
	kill(getpid(), SIGKILL);
	return 0;
}

static void die_with_a_block_in_hand(struct lab_arena *arena)
{
	static const struct lab_tracer tracer = {.stack = die_here};

	lab_arena_set_tracer(arena, &tracer);
	(void)lab_alloc_pages(arena, LAB_GFP_KERNEL, 3);
}

static void die_with_a_frame_in_hand(struct lab_arena *arena)
{
	static const struct lab_tracer tracer = {.stack = die_here};

	lab_arena_set_tracer(arena, &tracer);
	(void)lab_alloc_pages(arena, LAB_GFP_KERNEL, 0);
}

static void what_was_in_hand_comes_back(void **state)
{
	struct shared shared;
	unsigned first, second;

	open_shared(&shared, LAB_ARENA_TRACE);
	first = have_killed(&shared, die_with_a_block_in_hand);
	second = have_killed(&shared, die_with_a_frame_in_hand);
	/* Whoever is dead and not told so is waited for, but not for ever. */
	assert_int_equal(reap(&shared, first), LAB_BUSY);
	assert_int_equal(reap(&shared, second), LAB_OK);
	assert_int_equal(reap(&shared, first), LAB_OK);
	is_whole(&shared);
	close_shared(&shared);
}

/* Takes all, each frame under one owner: where a look at the caches goes too far, owners say what is cached. */
static unsigned take_all_as(struct shared *shared, lab_owner owner, struct lab_page **pages)
{
	unsigned count = 0;

	for (;; count++) {
		struct lab_alloc_request request = {.gfp = LAB_GFP_MEMALLOC, .owner = owner};
		struct lab_page *page;

		if (lab_page_alloc(&shared->arena, &request, &page) != LAB_OK)
			return count;
		pages[lab_page_pfn(&shared->arena, page)] = page;
	}
}

static void free_as(struct shared *shared, lab_owner owner, struct lab_page **pages, unsigned from, unsigned to)
{
	struct lab_alloc_request request = {.owner = owner};

	for (unsigned frame = from; frame < to; frame++)
		assert_int_equal(lab_page_free(&shared->arena, pages[frame], &request), LAB_OK);
}

/* The block that is left, which a dying one writes over before it is anybody's. */
#define LEFT_FIRST (FRAMES / 2)
#define LEFT_END   (LEFT_FIRST + 8)
#define LEFT_HALF  (LEFT_FIRST / 32)

static char *left_base;
static size_t left_bytes;

static unsigned write_and_die(uintptr_t *places, unsigned room)
{
	memset(left_base, 0x5a, left_bytes);
	return die_here(places, room);
}

static void die_with_what_it_wrote_in_hand(struct lab_arena *arena)
{
	static const struct lab_tracer tracer = {.stack = write_and_die};

	lab_arena_set_tracer(arena, &tracer);
	(void)lab_alloc_pages(arena, LAB_GFP_KERNEL, 3);
}

static void what_was_in_hand_is_in_no_cache(void **state)
{
	static struct lab_page *pages[FRAMES];
	const lab_owner owner = lab_owner_make(0, (uint64_t)LEFT_HALF << 33 | UINT32_MAX);
	struct lab_arena_services services;
	struct shared shared;
	unsigned process;
	uint32_t woken;

	open_shared(&shared, LAB_ARENA_TRACE | LAB_ARENA_ZERO_ON_FREE);
	lab_arena_services_futex_shared(&services);
	lab_arena_serve(&shared.arena, &services);
	left_base = shared.base + ((size_t)LEFT_FIRST << FIXTURE_PAGE_SHIFT);
	left_bytes = (size_t)(LEFT_END - LEFT_FIRST) << FIXTURE_PAGE_SHIFT;
	assert_int_equal(shared.arena.slot_count, 8); /* whole lines: behind the last slot are the frames' words */
	assert_int_equal(take_all_as(&shared, owner, pages), FRAMES);
	free_as(&shared, owner, pages, LEFT_FIRST, LEFT_END);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		assert_int_equal(lab_arena_drain(&shared.arena, cpu), LAB_OK);
	process = have_killed(&shared, die_with_what_it_wrote_in_hand);
	assert_int_equal(left_base[0], 0x5a);
	/* As of one that died a step later. */
	lab_store_relaxed(&shared.arena.pages[LEFT_FIRST + 1].owner, LAB_PAGE_SECOND | 3);
	woken = lab_load_relaxed(&shared.arena.state->waiters);
	assert_int_equal(reap(&shared, process), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&shared.arena), 8);
	for (size_t i = 0; i < left_bytes; i++)
		assert_int_equal(left_base[i], 0);
	assert_int_equal(lab_load_relaxed(&shared.arena.state->gate) & LAB_GATE_CLOSED, 0);
	assert_int_equal(lab_load_relaxed(&shared.arena.pages[LEFT_FIRST + 1].owner), LAB_OWNER_NONE);
	/* Whoever the dead one was about to wake. */
	assert_int_not_equal(lab_load_relaxed(&shared.arena.state->waiters), woken);
	free_as(&shared, owner, pages, 0, LEFT_FIRST);
	free_as(&shared, owner, pages, LEFT_END, FRAMES);
	is_whole(&shared);
	close_shared(&shared);
}

/* A give that was cut off between a word and its chunk's state: free frames that nobody would look at. */
static void a_give_that_was_cut_off_is_ended(void **state)
{
	struct shared shared;
	lab_atomic64 *chunk;
	unsigned process;

	open_shared(&shared, 0);
	process = have_killed(&shared, hold_blocks);
	chunk = lab_chunk_state(&shared.arena, 7); /* as it was at first: 16 whole words */
	assert_int_equal(lab_state_whole(lab_load_relaxed(chunk)), 0xffff);
	assert_int_equal(lab_state_loose(lab_load_relaxed(chunk)), 0);
	lab_store_relaxed(chunk, lab_load_relaxed(chunk) & ~UINT64_C(1));
	lab_store_relaxed(lab_chunk_word(&shared.arena, 7, 0), ~UINT64_C(0));
	assert_int_equal(reap(&shared, process), LAB_OK);
	assert_int_equal(lab_state_whole(lab_load_relaxed(chunk)), 0xffff);
	assert_int_equal(lab_load_relaxed(lab_chunk_word(&shared.arena, 7, 0)), 0);
	/* A part of a word, of which somebody dead held the rest. */
	process = have_killed(&shared, hold_blocks);
	lab_store_relaxed(chunk, lab_load_relaxed(chunk) & ~UINT64_C(1));
	lab_store_relaxed(lab_chunk_word(&shared.arena, 7, 0), 0xff);
	assert_int_equal(reap(&shared, process), LAB_OK);
	is_whole(&shared);
	close_shared(&shared);
}

/* What each call says of itself is over with it. */
static void calls_are_over(void **state)
{
	const struct lab_zone_marks lacking = {.min = 1, .low = 2, .high = 2 * FRAMES};
	struct shared shared;
	unsigned process;

	open_shared(&shared, 0);
	assert_int_equal(lab_arena_set_marks(&shared.arena, LAB_ZONE_NORMAL, &lacking), LAB_OK);
	lab_arena_reclaim(&shared.arena, LAB_ZONE_NORMAL);
	assert_int_equal(lab_arena_drain(&shared.arena, 0), LAB_OK);
	process = have_killed(&shared, hold_blocks);
	assert_int_equal(reap(&shared, process), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&shared.arena), FRAMES);
	close_shared(&shared);
}

static enum lab_status allocate_as(struct lab_arena *arena, unsigned order)
{
	struct lab_alloc_request request = {.order = order, .owner = lab_owner_make(7, 1)};
	struct lab_page *page;

	return lab_page_alloc(arena, &request, &page);
}

static void who_did_not_join_is_refused(void **state)
{
	struct lab_arena stranger, many[3];
	struct shared shared;
	unsigned process;

	open_shared(&shared, 0);
	assert_int_equal(lab_arena_attach(&stranger, shared.metadata, shared.bytes, shared.base, NULL), LAB_OK);
	assert_int_equal(allocate_as(&stranger, 0), LAB_INVALID);
	assert_null(lab_alloc_pages(&stranger, LAB_GFP_KERNEL, 0));
	assert_int_equal(lab_arena_drain(&stranger, 0), LAB_INVALID);
	for (unsigned i = 0; i < 3; i++) {
		many[i] = stranger;
		assert_int_equal(lab_arena_join(&many[i], &process), i < 2 ? LAB_OK : LAB_BUSY);
	}
	assert_int_equal(lab_arena_join(&many[0], &process), LAB_UNCHANGED);
	lab_arena_leave(&many[0]);
	assert_int_equal(allocate_as(&many[0], 0), LAB_INVALID);
	assert_int_equal(lab_arena_join(&stranger, &process), LAB_OK);
	assert_int_equal(allocate_as(&stranger, 0), LAB_OK);
	close_shared(&shared);
}

static void *allocate_exclusively(void *arg)
{
	struct shared *shared = arg;
	struct lab_page *page = lab_alloc_pages(&shared->arena, LAB_GFP_EXCLUSIVE, 0);
	lab_owner owner;

	if (!page)
		return NULL;
	owner = lab_page_owner(&shared->arena, page);
	assert_int_equal(lab_owner_context(owner) / LAB_PROCESS_CONTEXTS, shared->self % LAB_PROCESS_PLACES);
	assert_int_equal(lab_free_pages(&shared->arena, page, 0), LAB_OK);
	return shared;
}

/* Whose number would be another process' is refused. */
static void a_process_has_so_many_threads(void **state)
{
	struct shared shared;
	unsigned served = 0;

	open_shared(&shared, 0);
	for (unsigned i = 0; i < LAB_PROCESS_CONTEXTS + 8; i++) {
		pthread_t thread;
		void *answer;

		assert_int_equal(pthread_create(&thread, NULL, allocate_exclusively, &shared), 0);
		pthread_join(thread, &answer);
		served += answer != NULL;
	}
	assert_in_range(served, LAB_PROCESS_CONTEXTS - 8, LAB_PROCESS_CONTEXTS - 1);
	close_shared(&shared);
}

static void expect_name(const struct shared *shared, const void *address, const char *expected)
{
	char text[64];

	assert_int_equal(lab_arena_describe(&shared->arena, address, text, sizeof(text)), LAB_WORD_NUMBER);
	assert_string_equal(text, expected);
}

static void its_words_have_names(void **state)
{
	struct shared shared;

	open_shared(&shared, 0);
	expect_name(&shared, shared.arena.processes, "place 1 process");
	expect_name(&shared, (char *)shared.arena.processes + 128, "place 1 calls on cpu 1");
	expect_name(&shared, (char *)shared.arena.processes + 192, "place 2 process");
	close_shared(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_dead_owned_comes_back),   cmocka_unit_test(what_was_in_hand_comes_back),
		cmocka_unit_test(a_give_that_was_cut_off_is_ended), cmocka_unit_test(calls_are_over),
		cmocka_unit_test(what_was_in_hand_is_in_no_cache),  cmocka_unit_test(who_did_not_join_is_refused),
		cmocka_unit_test(a_process_has_so_many_threads),    cmocka_unit_test(its_words_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
