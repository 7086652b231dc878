/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "cli/bench_frag.h"

static bool is_free(const unsigned char *owned, uint64_t first, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (owned[first + i])
			return false;
	return true;
}

/* The greatest aligned block that begins at a free frame. */
static unsigned order_at(const unsigned char *owned, uint64_t frame, uint64_t frames)
{
	unsigned order = 0;

	/* The lower half is known to be free. */
	while (order < LAB_ORDER_MAX && frame % (UINT64_C(2) << order) == 0 &&
	       frame + (UINT64_C(2) << order) <= frames &&
	       is_free(owned, frame + (UINT64_C(1) << order), UINT64_C(1) << order))
		order++;
	return order;
}

void lab_frag_look_at(const unsigned char *owned, uint64_t frames, struct lab_frag_look *ret_look)
{
	struct lab_frag_look look = {0};

	for (uint64_t frame = 0; frame < frames;) {
		unsigned order;

		if (owned[frame]) {
			frame++;
			continue;
		}
		order = order_at(owned, frame, frames);
		look.free += UINT64_C(1) << order;
		for (unsigned greater = order + 1; greater <= LAB_ORDER_MAX; greater++)
			look.unusable[greater] += UINT64_C(1) << order;
		frame += UINT64_C(1) << order;
	}
	look.great = look.free - look.unusable[LAB_FRAG_GREAT];
	*ret_look = look;
}

void lab_frag_look_at_held(uint64_t owned, uint64_t held, uint64_t frames, struct lab_frag_look *ret_look)
{
	uint64_t left = frames - LAB_MIN(LAB_MAX(held, owned), frames);
	struct lab_frag_look look = {.free = frames - owned,
				     .great = lab_align_down(left, UINT64_C(1) << LAB_FRAG_GREAT)};

	for (unsigned order = 1; order <= LAB_ORDER_MAX; order++)
		look.unusable[order] = look.free - lab_align_down(left, UINT64_C(1) << order);
	*ret_look = look;
}
