/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_shake.h"

#include "engine/live_cpu.h"

#define ACCESSES_MOST 8192u /* between two moments */
#define PAUSES_LEAST  16u   /* of a moment, times a power of two */
#define PAUSE_POWERS  9u

void lab_live_shake(void)
{
	struct lab_live_cpu *cpu = lab_live_current;
	struct lab_live_level *level;
	uint64_t draw;

	if (!cpu)
		return;
	level = lab_live_context(cpu);
	if (level->until_shake) {
		level->until_shake--;
		return;
	}
	draw = lab_prng_u64(&level->shakes);
	level->until_shake = (unsigned)(draw % ACCESSES_MOST);
	for (unsigned left = PAUSES_LEAST << (draw >> 32) % PAUSE_POWERS; left; left--)
		lab_cpu_pause();
}
