/* SPDX-License-Identifier: Apache-2.0 */
#include "core/shred.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "plat/atomic.h"
#include "plat/keystream.h"

/*
 * Cipher contexts are prepared at creation, since a release may run in an NMI that interrupted another release: each
 * use claims one that nobody uses.
 */

#define WORD_CONTEXTS 64u

struct context {
	struct lab_keystream *stream;
	bool used; /* plain, as the cipher's own state is, which lies where no sanitizer looks */
};

struct shredder {
	struct lab_shredder public; /* first: what the core sees of it */
	unsigned words;
	lab_atomic64 *idle; /* bit set: nobody uses that context */
	struct context contexts[];
};

/* Answers a context's number, or -1. */
static int claim(struct shredder *shredder)
{
	for (unsigned word = 0; word < shredder->words; word++) {
		uint64_t seen = lab_load_relaxed(&shredder->idle[word]); /* the swap below compares it */

		while (seen) {
			/* Takes the context's state from who used it last. */
			if (lab_cas_acquire(&shredder->idle[word], &seen, seen & (seen - 1)))
				return (int)(word * WORD_CONTEXTS + lab_bits_first(seen));
		}
	}
	return -1;
}

static void run(struct lab_shredder *public, void *memory, size_t bytes)
{
	struct shredder *shredder = (struct shredder *)public;
	int number = claim(shredder);
	struct context *context;

	if (number < 0) {
		memset(memory, 0, bytes);
		return;
	}
	context = &shredder->contexts[number];
	lab_assert(!context->used);
	context->used = true;
	lab_keystream_fill(context->stream, memory, bytes);
	context->used = false;
	/* Publishes the context's state to claim. */
	lab_fetch_or_release(&shredder->idle[(unsigned)number / WORD_CONTEXTS],
			     UINT64_C(1) << (unsigned)number % WORD_CONTEXTS);
}

enum lab_status lab_shredder_create(unsigned contexts, struct lab_shredder **ret_shredder)
{
	unsigned words = (LAB_MAX(contexts, 1u) + WORD_CONTEXTS - 1) / WORD_CONTEXTS, count = words * WORD_CONTEXTS;
	struct shredder *shredder = calloc(1, sizeof(*shredder) + count * sizeof(shredder->contexts[0]));

	if (!shredder)
		return LAB_SYSTEM;
	shredder->public.run = run;
	shredder->words = words;
	shredder->idle = calloc(words, sizeof(shredder->idle[0]));
	for (unsigned i = 0; i < count; i++) {
		if (!shredder->idle || lab_keystream_create(&shredder->contexts[i].stream)) {
			lab_shredder_destroy(&shredder->public);
			return LAB_SYSTEM;
		}
	}
	for (unsigned word = 0; word < words; word++)
		lab_store_relaxed(&shredder->idle[word], ~UINT64_C(0)); /* nobody else has the shredder yet */
	*ret_shredder = &shredder->public;
	return LAB_OK;
}

void lab_shredder_destroy(struct lab_shredder *public)
{
	struct shredder *shredder = (struct shredder *)public;

	for (unsigned i = 0; i < shredder->words * WORD_CONTEXTS; i++) {
		if (shredder->contexts[i].stream)
			lab_keystream_destroy(shredder->contexts[i].stream);
	}
	free(shredder->idle);
	free(shredder);
}
