/* SPDX-License-Identifier: Apache-2.0 */
/* Embeds the allocator. cc embed.c $(pkg-config --cflags --libs liblabyrinth) */
#include <labyrinth/arena.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	const struct lab_span spans[] = {{.first_frame = 0, .frame_count = 1024, .zone = LAB_ZONE_NORMAL}};
	struct lab_arena_config config = {.frame_count = 1024,
					  .page_shift = 12,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = 4,
					  .spans = spans,
					  .span_count = 1,
					  .base = aligned_alloc(4096, 1024 * 4096)};
	struct lab_arena arena;
	struct lab_page *block;
	void *frame;

	if (!config.base || lab_arena_create(&arena, &config) != LAB_OK)
		return 1;
	block = lab_alloc_pages(&arena, LAB_GFP_KERNEL, 3);             /* eight frames, which any thread may release */
	frame = labyrinth_void_alloc_page_gfp_atomic_exclusive(&arena); /* one of this thread's, also in an interrupt */
	if (!block || !frame)
		return 1;
	printf("block of 8 frames at frame %llu, ", (unsigned long long)lab_page_pfn(&arena, block));
	if (labyrinth_void_free_page_gfp_atomic_exclusive(&arena, frame) || lab_free_pages(&arena, block, 3))
		return 1;
	printf("%llu frames free\n", (unsigned long long)lab_arena_free_frames(&arena));
	lab_arena_fini(&arena);
	free(config.base);
}
