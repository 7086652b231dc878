/* SPDX-License-Identifier: Apache-2.0 */
#include "bitmap.h"

#include <stdlib.h>
#include <string.h>

int bitmap_init(struct bitmap *bitmap, size_t frame_count)
{
	bitmap->used = calloc(frame_count, 1);
	if (!bitmap->used)
		return -1;
	return pthread_mutex_init(&bitmap->lock, NULL) ? -1 : 0;
}

void bitmap_fini(struct bitmap *bitmap)
{
	pthread_mutex_destroy(&bitmap->lock);
	free(bitmap->used);
}

static int is_free(const struct bitmap *bitmap, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bitmap->used[first + i])
			return 0;
	return 1;
}

long bitmap_take(struct bitmap *bitmap, size_t first, size_t end, size_t count)
{
	size_t at = (first + count - 1) / count * count;

	pthread_mutex_lock(&bitmap->lock);
	while (at + count <= end && !is_free(bitmap, at, count))
		at += count;
	if (at + count <= end)
		memset(bitmap->used + at, 1, count);
	pthread_mutex_unlock(&bitmap->lock);
	return at + count <= end ? (long)at : -1;
}

void bitmap_give(struct bitmap *bitmap, size_t first, size_t count)
{
	pthread_mutex_lock(&bitmap->lock);
	memset(bitmap->used + first, 0, count);
	pthread_mutex_unlock(&bitmap->lock);
}
