/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLE_BITMAP_H
#define EXAMPLE_BITMAP_H

#include <pthread.h>
#include <stddef.h>

/* An allocator as somebody may have it already: a byte a frame, first fit, a mutex. It knows nothing of labyrinth. */
struct bitmap {
	pthread_mutex_t lock;
	unsigned char *used; /* one byte a frame */
};

/* 0, or -1 when memory is short. */
int bitmap_init(struct bitmap *bitmap, size_t frame_count);
void bitmap_fini(struct bitmap *bitmap);

/* Takes `count` frames (a power of two) at a multiple of count between first and end; -1 when there are none. */
long bitmap_take(struct bitmap *bitmap, size_t first, size_t end, size_t count);
void bitmap_give(struct bitmap *bitmap, size_t first, size_t count);

#endif
