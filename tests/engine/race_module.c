/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <labyrinth/target.h>

/*
 * A target that allocates nothing: each call is one side of a small program that two contexts make of it. The order
 * asked for says which program, the owner's context which side; who asks for zeroes gets the wrong form. Every call is
 * refused.
 */

static const struct lab_machine *machine;
static int right; /* of the call under way: a context's calls are all of one form */
static uint64_t data, turn;
static volatile uint64_t marked;
static struct lab_spinlock lock;
static uint32_t key;
static struct part {
	uint64_t words[4];
} first_part, second_part;
static struct part *shared;
static uint64_t *shared_word;

#define LOAD(order)  __atomic_load_n(&turn, order)
#define STORE(order) __atomic_store_n(&turn, 1, order)

static void count(unsigned side)
{
	if (right)
		__atomic_fetch_add(&data, 1, __ATOMIC_RELAXED);
	else
		data++;
}

/* Message passing. */
static void message(unsigned side)
{
	if (side == 0) {
		data = 1;
		STORE(right ? __ATOMIC_RELEASE : __ATOMIC_RELAXED);
	} else if (LOAD(right ? __ATOMIC_ACQUIRE : __ATOMIC_RELAXED)) {
		data = 2;
	}
}

/* The wrong form releases, but takes it with a relaxed load. */
static void relaxed_reader(unsigned side)
{
	if (side == 0) {
		data = 1;
		STORE(__ATOMIC_RELEASE);
	} else if (LOAD(right ? __ATOMIC_ACQUIRE : __ATOMIC_RELAXED)) {
		data = 2;
	}
}

/* A part is taken by a swap, used, and put back by an undo. */
static void undo(unsigned side)
{
	uint64_t seen = 0;

	if (!__atomic_compare_exchange_n(&turn, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	data++;
	__atomic_store_n(&turn, 0, right ? __ATOMIC_RELEASE : __ATOMIC_RELAXED);
}

/* Published after it is filled, or before. */
static void publish(unsigned side)
{
	struct part *part;

	if (side == 0) {
		part = malloc(sizeof(*part));
		if (right)
			part->words[0] = 1;
		__atomic_store_n(&shared, part, __ATOMIC_RELEASE);
		if (!right)
			part->words[0] = 1;
	} else {
		part = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
		if (part)
			part->words[0]++;
	}
}

/* The host's lock, around both sides or one. */
static void host_lock(unsigned side)
{
	if (right || side == 0)
		machine->host->spin_lock(&lock);
	data++;
	if (right || side == 0)
		machine->host->spin_unlock(&lock);
}

/* The host's wake, until the other side has gone on; the wrong form does not wait for it. */
static void host_wake(unsigned side)
{
	if (side == 0) {
		data = 1;
		while (!LOAD(__ATOMIC_RELAXED)) {
			machine->host->wake(&key);
			machine->host->cpu_relax();
		}
	} else {
		if (right)
			machine->host->wait(&key, 0);
		data = 2;
		STORE(__ATOMIC_RELAXED);
	}
}

/* Volatile words are marked, as the kernel says; they order nothing. */
static void volatile_word(unsigned side)
{
	if (right) {
		marked = side;
	} else if (side == 0) {
		data = 1;
		marked = 1;
	} else if (marked) {
		data = 2;
	}
}

static void fences(unsigned side)
{
	if (side == 0) {
		data = 1;
		if (right)
			__atomic_thread_fence(__ATOMIC_RELEASE);
		STORE(__ATOMIC_RELAXED);
	} else if (LOAD(__ATOMIC_RELAXED)) {
		if (right)
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
		data = 2;
	}
}

/* malloc gives a block to one after the other; the wrong form uses what was given back meanwhile. */
static void heap(unsigned side)
{
	uint64_t *block = side == 0 || right ? malloc(sizeof(*block)) : __atomic_load_n(&shared_word, __ATOMIC_ACQUIRE);

	if (!block)
		return;
	*block = side;
	if (side == 0)
		__atomic_store_n(&shared_word, block, __ATOMIC_RELEASE);
	if (side == 0 || right)
		free(block);
}

/* A struct, copied while the other side writes it; the right form copies another one. */
static void copy(unsigned side)
{
	struct part *from = &first_part, *to = &second_part;

	__asm__ volatile("" : "+r"(from), "+r"(to)::"memory"); /* the compiler knows nothing of what is in them */
	if (side == 0)
		from->words[3] = 1;
	else if (right)
		to->words[3] = 1;
	else
		memcpy(to, from, sizeof(*to));
	__asm__ volatile("" ::: "memory");
}

static void (*const programs[LAB_ORDER_MAX + 1])(unsigned side) = {
	count, message, relaxed_reader, undo, publish, host_lock, host_wake, volatile_word, fences, heap, copy,
};

static enum lab_status race_create(const struct lab_machine *made, void **ret_self)
{
	machine = made;
	*ret_self = &data;
	return LAB_OK;
}

static void race_destroy(void *self)
{
}

/* Which program it is is not the program's own business. */
__attribute__((no_sanitize("thread"))) static enum lab_status race_alloc(void *self, const struct lab_request *request,
									 void **ret_block)
{
	right = !(request->gfp & LAB_GFP_ZERO);
	programs[request->order](lab_owner_context(request->owner) - 1);
	return LAB_NO_MEMORY;
}

static enum lab_status race_free(void *self, void *block, const struct lab_request *request)
{
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "race",
		.summary = "small programs with data races and without",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ | LAB_CAP_NMI,
		.create = race_create,
		.destroy = race_destroy,
		.alloc = race_alloc,
		.free = race_free,
		.page_shift_min = 6,
	};

	return &target;
}
