/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_mempool.h>

#include "peers/eal.h"
#include "target/hand.h"
#include "target/quota.h"

/*
 * DPDK's rte_mempool: a ring of objects of one size under a cache for each CPU. Its objects carry a header each and so
 * cannot be frames side by side; here they are tickets, and a ticket's place among them is its block's. One size means
 * one pool for each order, all under one quota. No drain: only its own CPU may flush a cache.
 */
#define TICKET_BYTES 64u
#define CACHE_MOST   256u /* tickets; a pool's CPUs may hide a quarter of it at most */

struct pool {
	struct rte_mempool *tickets; /* NULL: the machine has no room for a block of that order */
	struct rte_mempool_cache **caches;
	unsigned char *ticket_memory, *blocks;
	size_t ticket_bytes, block_bytes;
	unsigned block_shift;
};

struct peer {
	struct lab_quota quota;
	unsigned cpu_count;
	struct pool pools[LAB_ORDER_MAX + 1];
};

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void pool_fini(struct pool *pool, unsigned cpu_count)
{
	for (unsigned cpu = 0; pool->caches && cpu < cpu_count; cpu++)
		if (pool->caches[cpu])
			rte_mempool_cache_free(pool->caches[cpu]);
	free(pool->caches);
	rte_mempool_free(pool->tickets);
	if (pool->ticket_memory)
		munmap(pool->ticket_memory, pool->ticket_bytes);
	if (pool->blocks)
		munmap(pool->blocks, pool->block_bytes);
}

static bool pool_fill(struct pool *pool, unsigned count)
{
	static lab_atomic64 serial;
	unsigned flags = RTE_MEMPOOL_F_NO_SPREAD | RTE_MEMPOOL_F_NO_CACHE_ALIGN | RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	struct rte_mempool_objsz size;
	char name[RTE_MEMPOOL_NAMESIZE];

	rte_mempool_calc_obj_size(sizeof(uint64_t), flags, &size);
	/* Relaxed: only that no two pools have one name. */
	snprintf(name, sizeof(name), "lab%" PRIu64, lab_fetch_add_relaxed(&serial, 1));
	pool->tickets = rte_mempool_create_empty(name, count, TICKET_BYTES - size.header_size - size.trailer_size, 0, 0,
						 SOCKET_ID_ANY, flags);
	return pool->tickets && rte_mempool_set_ops_byname(pool->tickets, "ring_mp_mc", NULL) == 0 &&
	       rte_mempool_populate_virt(pool->tickets, (char *)pool->ticket_memory, pool->ticket_bytes,
					 (size_t)sysconf(_SC_PAGESIZE), NULL, NULL) == (int)count;
}

static bool pool_init(struct pool *pool, unsigned count, unsigned block_shift, unsigned cpu_count)
{
	unsigned cache = LAB_MIN(CACHE_MOST, count / (4 * cpu_count));

	pool->block_shift = block_shift;
	pool->ticket_bytes = (size_t)count * TICKET_BYTES;
	pool->block_bytes = (size_t)count << block_shift;
	pool->ticket_memory = map(pool->ticket_bytes);
	pool->blocks = map(pool->block_bytes);
	pool->caches = calloc(cpu_count, sizeof(pool->caches[0]));
	if (!pool->ticket_memory || !pool->blocks || !pool->caches || !pool_fill(pool, count))
		return false;
	for (unsigned cpu = 0; cache && cpu < cpu_count; cpu++) {
		pool->caches[cpu] = rte_mempool_cache_create(cache, SOCKET_ID_ANY);
		if (!pool->caches[cpu])
			return false;
	}
	return true;
}

static void peer_destroy(void *self)
{
	struct peer *peer = self;

	for (unsigned order = 0; order <= LAB_ORDER_MAX; order++)
		pool_fini(&peer->pools[order], peer->cpu_count);
	lab_quota_fini(&peer->quota);
	free(peer);
}

static enum lab_status peer_create(const struct lab_machine *machine, void **ret_self)
{
	enum lab_status status = lab_eal_start();
	struct peer *peer;

	if (status != LAB_OK)
		return status;
	peer = calloc(1, sizeof(*peer));
	if (!peer || lab_quota_init(&peer->quota, machine) != LAB_OK) {
		free(peer);
		return LAB_NO_MEMORY;
	}
	peer->cpu_count = LAB_MAX(machine->cpu_count, 1u);
	for (unsigned order = 0; order <= machine->order_max; order++) {
		uint64_t count = lab_quota_machine_frames(machine) >> order;

		if (count &&
		    !pool_init(&peer->pools[order], (unsigned)count, machine->page_shift + order, peer->cpu_count)) {
			peer_destroy(peer);
			return LAB_NO_MEMORY;
		}
	}
	*ret_self = peer;
	return LAB_OK;
}

static enum lab_status peer_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct peer *peer = self;
	struct pool *pool = &peer->pools[request->order];
	uint64_t frames = UINT64_C(1) << request->order;
	void *ticket;
	int error;

	if (!pool->tickets || !lab_quota_take(&peer->quota, request->cpu, frames))
		return LAB_NO_MEMORY;
	lab_hand_enter(peer);
	error = rte_mempool_generic_get(pool->tickets, &ticket, 1, pool->caches[request->cpu]);
	lab_hand_leave(peer);
	if (error < 0) {
		lab_quota_give(&peer->quota, request->cpu, frames);
		return LAB_NO_MEMORY;
	}
	*ret_block = pool->blocks +
		     (((size_t)((unsigned char *)ticket - pool->ticket_memory) / TICKET_BYTES) << pool->block_shift);
	return LAB_OK;
}

static enum lab_status peer_free(void *self, void *block, const struct lab_request *request)
{
	struct peer *peer = self;
	struct pool *pool = &peer->pools[request->order];
	size_t index = (size_t)((unsigned char *)block - pool->blocks) >> pool->block_shift;
	void *ticket = pool->ticket_memory + index * TICKET_BYTES + pool->tickets->header_size;

	lab_hand_enter(peer);
	rte_mempool_generic_put(pool->tickets, &ticket, 1, pool->caches[request->cpu]);
	lab_hand_leave(peer);
	lab_quota_give(&peer->quota, request->cpu, UINT64_C(1) << request->order);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(struct lab_target),
		.name = "mempool",
		.summary = "DPDK's rte_mempool with a cache for each CPU, one pool for each order",
		.caps = LAB_CAP_OWN_MEMORY,
		.create = peer_create,
		.destroy = peer_destroy,
		.alloc = peer_alloc,
		.free = peer_free,
		.page_shift_min = 6,
	};

	return &target;
}
