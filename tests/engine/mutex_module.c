/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <unistd.h>

#include <labyrinth/target.h>

/*
 * Allocates nothing: each call counts under a mutex of the C library's. Who asks for zeroes counts without it, who asks
 * for an exclusive block keeps it, and who asks for order 1 naps in it.
 */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t counted, seen_elsewhere;

static void count(void)
{
	uint64_t before = counted;

	seen_elsewhere++; /* events between the two */
	counted = before + 1;
}

static enum lab_status mutex_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	if (!(request->gfp & LAB_GFP_ZERO))
		pthread_mutex_lock(&mutex);
	count();
	if (request->order)
		usleep(1000000);
	if (!(request->gfp & (LAB_GFP_ZERO | LAB_GFP_EXCLUSIVE)))
		pthread_mutex_unlock(&mutex);
	return LAB_NO_MEMORY;
}

static enum lab_status mutex_free(void *self, void *block, const struct lab_request *request)
{
	return LAB_OK;
}

static enum lab_status mutex_create(const struct lab_machine *machine, void **ret_self)
{
	*ret_self = &counted;
	return LAB_OK;
}

static void mutex_destroy(void *self)
{
}

/* What it counted to, for the test. */
__attribute__((visibility("default"))) uint64_t mutex_counted(void);
uint64_t mutex_counted(void)
{
	return counted;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "mutex",
		.summary = "counts under a mutex",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ,
		.create = mutex_create,
		.destroy = mutex_destroy,
		.alloc = mutex_alloc,
		.free = mutex_free,
		.page_shift_min = 6,
	};

	return &target;
}
