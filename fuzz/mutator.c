/* SPDX-License-Identifier: Apache-2.0 */
#include "mutator.h"

#include "base/prng.h"
#include "scenario/decode.h"
#include "scenario/mutate.h"

/*
 * libFuzzer's hooks for inputs with a structure: decode, edit, encode. One time in eight the bytes are mutated as
 * bytes, which reaches what no edit does.
 */

/* libFuzzer's own; absent where another engine or a test links this file. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t room) __attribute__((weak));

static struct lab_scenario first, second, child;
static int ready;

static void make_ready(void)
{
	if (ready)
		return;
	lab_scenario_init(&first);
	lab_scenario_init(&second);
	lab_scenario_init(&child);
	ready = 1;
}

static size_t plain(uint8_t *bytes, size_t count, size_t room)
{
	return LLVMFuzzerMutate ? LLVMFuzzerMutate(bytes, count, room) : count;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed)
{
	struct lab_prng prng;
	size_t written;

	make_ready();
	lab_prng_seed(&prng, seed, 0);
	if (LLVMFuzzerMutate && lab_prng_chance(&prng, 1, 8))
		return plain(bytes, count, room);
	lab_scenario_decode(bytes, count, &first);
	do
		lab_scenario_mutate(&prng, &first);
	while (lab_prng_chance(&prng, 1, 2));
	if (lab_scenario_encode(&first, bytes, room, &written) != LAB_OK)
		return plain(bytes, count, room);
	return written;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_count, const uint8_t *b, size_t b_count, uint8_t *out,
				 size_t room, unsigned seed)
{
	struct lab_prng prng;
	size_t written;

	make_ready();
	lab_prng_seed(&prng, seed, 1);
	lab_scenario_decode(a, a_count, &first);
	lab_scenario_decode(b, b_count, &second);
	lab_scenario_cross(&prng, &first, &second, &child);
	return lab_scenario_encode(&child, out, room, &written) == LAB_OK ? written : 0;
}
