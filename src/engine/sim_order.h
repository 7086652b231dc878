/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SIM_ORDER_H
#define LAB_ENGINE_SIM_ORDER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Which step came before which, wherever that matters, as one number: equal for schedules that differ only in the order
 * of steps that do not touch the same. Each step adds a term made of what it followed, so that the sum does not depend
 * on the order of the others.
 */
#define LAB_ORDER_WORDS 1024u /* addresses told apart */

struct lab_order {
	uint64_t run, sum;
	struct lab_order_word { /* what came last to an address */
		uint64_t run;   /* another run: free */
		uintptr_t address;
		uint64_t writer, readers;
	} words[LAB_ORDER_WORDS + 1]; /* the last: all that came when there was no room left */
};

static inline void lab_order_begin(struct lab_order *order)
{
	order->run++;
	order->sum = 0;
	order->words[LAB_ORDER_WORDS] = (struct lab_order_word){0};
}

/* A bijection that costs little, for it is done at each step. */
static inline uint64_t lab_order_mix(uint64_t value)
{
	value *= UINT64_C(0xbf58476d1ce4e5b9);
	return value ^ value >> 32;
}

/* Neighbours lie beside one another, so that a run's words are in few cache lines. */
static inline struct lab_order_word *lab_order_word(struct lab_order *order, uintptr_t address)
{
	uintptr_t at = address >> 2 ^ address >> 12;

	for (unsigned i = 0; i < LAB_ORDER_WORDS; i++) {
		struct lab_order_word *word = &order->words[(at + i) % LAB_ORDER_WORDS];

		if (word->run != order->run)
			*word = (struct lab_order_word){.run = order->run, .address = address};
		if (word->address == address)
			return word;
	}
	/* These count as one, and not each as one of those: which one would depend on where the process' memory lies.
	 */
	return &order->words[LAB_ORDER_WORDS];
}

/* A step of a context: its event, and what that touches. Address 0 is the harness' own. */
static inline void lab_order_step(struct lab_order *order, unsigned context, uint64_t event, uintptr_t address,
				  bool writes)
{
	struct lab_order_word *word = lab_order_word(order, address);
	uint64_t own = lab_order_mix(lab_order_mix(event << 16 ^ context) ^ word->writer);

	if (writes) {
		own = lab_order_mix(own + word->readers);
		word->writer = own;
		word->readers = 0;
	} else {
		word->readers += own;
	}
	order->sum += own;
}

#endif
