/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/pagemap.h"

#include <stdlib.h>
#include <urcu/compiler.h>
#include <urcu/urcu-memb.h>
#include <urcu/rculfhash.h>

#include "base/assert.h"
#include "base/bits.h"
#include "plat/vm.h"

/* A bucket or more for each page owned at once; few enough that a small machine's map is quick to make and clear. */
#define BUCKETS_MIN (UINT64_C(1) << 10)
#define BUCKETS_MAX (UINT64_C(1) << 16)

/*
 * Pages that a malloc library may touch in one run: far more than it may own at once, since it need not use an address
 * again. They cost address space, and memory only where used.
 */
#define PAGES_PER_FRAME 64
#define PAGES_MIN       (UINT64_C(1) << 16)

struct node {
	struct cds_lfht_node link;
	lab_atomic64 page;
	struct lab_cell cell;
};

struct lab_pagemap {
	struct cds_lfht *table;
	struct node *pool;
	uint64_t room;
	lab_atomic64 used; /* nodes handed out of the pool; may run past room */
};

enum lab_status lab_pagemap_create(uint64_t frame_count, struct lab_pagemap **ret_map)
{
	unsigned long buckets = LAB_MIN(LAB_MAX(UINT64_C(1) << lab_order_of(frame_count), BUCKETS_MIN), BUCKETS_MAX);
	uint64_t page_room = LAB_MAX(frame_count * PAGES_PER_FRAME, PAGES_MIN);
	struct lab_pagemap *map = calloc(1, sizeof(*map));
	void *pool;

	if (!map)
		return LAB_SYSTEM;
	map->room = page_room;
	/* Mapped, not allocated: only the nodes that are used cost memory. */
	if (lab_vm_map(page_room * sizeof(struct node), &pool) != LAB_OK) {
		free(map);
		return LAB_SYSTEM;
	}
	map->pool = pool;
	map->table = cds_lfht_new_flavor(buckets, buckets, buckets, 0, &urcu_memb_flavor, NULL);
	if (!map->table) {
		lab_vm_unmap(pool, page_room * sizeof(struct node));
		free(map);
		return LAB_SYSTEM;
	}
	*ret_map = map;
	return LAB_OK;
}

void lab_pagemap_destroy(struct lab_pagemap *map)
{
	int failed;

	lab_pagemap_clear(map);
	failed = cds_lfht_destroy(map->table, NULL);
	lab_assert(!failed);
	lab_vm_unmap(map->pool, map->room * sizeof(struct node));
	free(map);
}

/* Spreads a page over all bits, the low ones choosing the bucket; one to one, so that no two pages share a hash. */
static unsigned long hash_of(uint64_t page)
{
	uint64_t z = page * UINT64_C(0x9e3779b97f4a7c15);

	return (unsigned long)(z ^ z >> 32);
}

static int matches(struct cds_lfht_node *link, const void *key)
{
	struct node *node = caa_container_of(link, struct node, link);

	return lab_load_relaxed(&node->page) == *(const uint64_t *)key;
}

struct lab_cell *lab_pagemap_find(struct lab_pagemap *map, uint64_t page)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *link;

	cds_lfht_lookup(map->table, hash_of(page), matches, &page, &iter);
	link = cds_lfht_iter_get_node(&iter);
	return link ? &caa_container_of(link, struct node, link)->cell : NULL;
}

struct lab_cell *lab_pagemap_add(struct lab_pagemap *map, uint64_t page)
{
	struct lab_cell *cell = lab_pagemap_find(map, page);
	struct cds_lfht_node *link;
	struct node *node;
	uint64_t idx;

	if (cell)
		return cell;
	idx = lab_fetch_add_relaxed(&map->used, 1); /* relaxed: a node's number, nothing more */
	if (idx >= map->room)
		return NULL;
	node = &map->pool[idx];
	cds_lfht_node_init(&node->link);
	lab_store_relaxed(&node->page, page); /* relaxed: the table publishes the node; see the header */
	/* Whoever adds the same page first wins; the other's node lies idle until all is cleared. */
	link = cds_lfht_add_unique(map->table, hash_of(page), matches, &page, &node->link);
	return &caa_container_of(link, struct node, link)->cell;
}

void lab_pagemap_clear(struct lab_pagemap *map)
{
	uint64_t used = LAB_MIN(lab_load_relaxed(&map->used), map->room);
	struct cds_lfht_iter iter;
	struct cds_lfht_node *link;

	cds_lfht_for_each(map->table, &iter, link)
	{
		int failed = cds_lfht_del(map->table, link);

		lab_assert(!failed);
	}
	for (uint64_t i = 0; i < used; i++) {
		lab_store_relaxed(&map->pool[i].cell.owner, 0);
		lab_store_relaxed(&map->pool[i].cell.pattern, 0);
		lab_store_relaxed(&map->pool[i].cell.facts, 0);
	}
	lab_store_relaxed(&map->used, 0);
}
